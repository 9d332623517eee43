"""`recado dkim-key`: what it prints is what DNS must say for its signatures to hold; and it never writes over a key."""

import re
from base64 import b64decode
from pathlib import Path
from types import SimpleNamespace

import dkim
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from milter.core.owner import DkimKey
from milter.core.reply_message import build
from milter.delivery.sign import Signer
from tests.cli.office import Office
from tests.delivery.studio import ANA, FRIDAY_NIGHT, STUDIO, TEXTS, intent

NAME = "recado._domainkey.estudio.example"


class VerifyKey:
    """What dkimpy asks of PyNaCl, which this project does without: the arithmetic alone."""

    def __init__(self, key: bytes, encoder: object) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(b64decode(key, validate=True))

    def verify(self, said: bytes, signature: bytes) -> None:
        self._key.verify(signature, said)


NACL = SimpleNamespace(
    signing=SimpleNamespace(VerifyKey=VerifyKey),
    encoding=SimpleNamespace(Base64Encoder=None),
    exceptions=SimpleNamespace(BadSignatureError=InvalidSignature, ValueError=ValueError),
)


def made(office: Office, *arguments: str | Path) -> str:
    result = office.run("dkim-key", *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def in_zone_file(said: str) -> str:
    """The record as a name server would read it: the strings put together (RFC 7208 section 3.3)."""
    found = re.search(rf"^{re.escape(NAME)}\. IN TXT \(\n((?:    \"[^\"]{{1,255}}\"\n)+)\)\n", said, re.M)
    assert found, said
    return "".join(re.findall(r'"([^"]*)"', found[1]))


def in_panel(said: str) -> str:
    found = re.search(rf"^{re.escape(NAME)}\n(v=DKIM1[^\n]*)\n", said, re.M)
    assert found, said
    return found[1]


def signed(key: Path) -> bytes:
    letter = intent()
    signer = Signer.load(DkimKey("estudio.example", "recado", str(key)))
    return signer.sign(build(letter, TEXTS.render(letter, ANA), ANA, STUDIO, FRIDAY_NIGHT))


@pytest.mark.parametrize("kind", ["rsa2048", "ed25519"])
@pytest.mark.parametrize("form", [in_zone_file, in_panel])
def test_a_reply_signed_with_it_verifies_against_the_printed_record(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, form
) -> None:
    monkeypatch.setattr(dkim, "nacl", NACL, raising=False)
    file = tmp_path / "key.pem"
    record = form(made(office, "--type", kind, "--out", file)).encode()
    asked: list[bytes] = []

    def dns(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name)
        return record

    letter = signed(file)
    assert dkim.verify(letter, dnsfunc=dns)
    assert asked == [f"{NAME}.".encode()]
    assert not dkim.verify(letter.replace(b"estudio.example>", b"estudi0.example>"), dnsfunc=dns)


def test_the_line_for_the_owner_s_file_makes_the_replies_signed(office: Office) -> None:
    said = made(office)
    line = said.rstrip().splitlines()[-1]
    file = office.folder / "dkim" / "recado.estudio.example.pem"
    assert line == f'key_file = "{file}"' and "under [identity.studio.dkim]" in said
    assert file.stat().st_mode & 0o777 == 0o600
    office.change('key_file = ""', line, "owners/ana.toml")
    checked = office.run("check")
    assert checked.exit_code == 0 and "DKIM" not in checked.output


def test_an_identity_without_a_table_is_told_the_whole_table(office: Office) -> None:
    text = (office.folder / "owners" / "ana.toml").read_text()
    without = re.sub(r"\[identity\.studio\.dkim\].*?\n\n", "", text, flags=re.S)
    office.write("owners/ana.toml", without)
    table = made(office).partition("[identity.studio.dkim]")
    assert table[1] and 'domain   = "estudio.example"\nselector = "recado"\nkey_file = "' in table[2]
    office.write("owners/ana.toml", f"{without}\n{table[1]}{table[2]}")
    checked = office.run("check")
    assert checked.exit_code == 0 and "DKIM" not in checked.output


@pytest.mark.parametrize("kind", ["rsa2048", "ed25519"])
def test_a_key_is_never_written_over(office: Office, kind: str) -> None:
    made(office, "--type", kind)
    (file,) = (office.folder / "dkim").iterdir()
    before = file.read_bytes()
    result = office.run("dkim-key", "--type", kind)
    assert (result.exit_code, "exists and is left as it is" in result.output) == (1, True)
    assert file.read_bytes() == before and "BEGIN" not in result.output


def test_who_may_read_it_is_said_in_one_piece(office: Office, tmp_path: Path) -> None:
    assert re.search(r"readable for [\w-]+ alone[. ]", made(office, "--out", tmp_path / "key.pem"))


def test_no_private_key_is_ever_printed(office: Office) -> None:
    said = made(office, "--type", "ed25519")
    secret = (office.folder / "dkim" / "recado.estudio.example.pem").read_text().splitlines()[1]
    assert "PRIVATE" not in said and secret not in said


def test_a_key_where_the_owner_s_file_expects_it(office: Office) -> None:
    office.change('key_file = ""', 'key_file = "../keys/mine.pem"', "owners/ana.toml")
    assert "names this file already" in made(office)
    assert (office.folder / "keys" / "mine.pem").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--identity", "home"), 2, "there are: ana/studio"),
        (("--identity", "bea/studio"), 2, "there are: ana/studio"),
        (("--type", "rsa512"), 2, "rsa512"),
        (("--out", "/proc/nothing/key.pem"), 1, "choose another --out"),
    ],
)
def test_what_cannot_be_made_is_told(office: Office, arguments: tuple[str, ...], code: int, said: str) -> None:
    result = office.run("dkim-key", *arguments)
    assert (result.exit_code, said in result.output) == (code, True), result.output
    assert "Traceback" not in result.output


def test_with_several_identities_one_is_named(office: Office) -> None:
    other = (
        '\n[identity.shop]\nkind = "business"\naddresses = ["shop@tienda.example"]\nmailbox = "ana@estudio.example"\n'
    )
    office.change("\n[identity.home]", f"{other}\n[identity.home]", "owners/ana.toml")
    assert "which business identity? There are: ana/studio, ana/shop" in office.run("dkim-key").output
    assert "recado._domainkey.tienda.example. IN TXT" in made(office, "--identity", "ana/shop")
    assert "recado._domainkey.estudio.example. IN TXT" in made(office, "--identity", "studio")
