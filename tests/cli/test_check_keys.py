"""`recado check` tells of a DKIM key that is there and yet of no use."""

from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from milter.cli import main
from tests.real.processes import short_directory
from tests.settings.samples import OWNER, House

KEY = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def house() -> Iterator[House]:
    with short_directory("recado-keys") as folder:
        yield House(folder)


def warnings(house: House, dkim: str, key: bytes = KEY) -> list[str]:
    """Those about keys."""
    house.host(
        f'hostname = "mx.estudio.example"\nstate_dir = "{house.folder}/state"\n[lmtp]\n[replies]\nmode = "live"\n'
    )
    file = house.write("ana.pem", key)
    house.owner(f'{OWNER}[identity.studio.dkim]\nkey_file = "{file}"\n{dkim}\n')
    found = CliRunner().invoke(main, ["check", "--config", str(house.file), "--quiet"])
    assert found.exit_code == 0, found.stdout
    return [one.replace(f"{house.folder}/", "") for one in found.stdout.splitlines() if ".dkim." in one]


def test_a_good_key_says_nothing(house: House) -> None:
    assert warnings(house, 'domain = "estudio.example"') == []
    assert warnings(house, 'domain = "mail.estudio.example"') == []


def test_a_file_that_holds_no_key(house: House) -> None:
    assert warnings(house, "", b"v=DKIM1; p=AAAA\n") == [
        "warning: owners/ana.toml:8: identity.studio.dkim.key_file: ana.pem: not an unencrypted RSA or Ed25519 private key: "
        "no reply leaves; make a key with recado dkim-key"
    ]


def test_a_selector_that_is_no_name(house: House) -> None:
    (told,) = warnings(house, 'selector = "my key"')
    assert "dkim selector is not a name: 'my key': no reply leaves" in told


def test_a_key_of_another_domain(house: House) -> None:
    assert warnings(house, 'domain = "other.example"') == [
        'warning: owners/ana.toml:9: identity.studio.dkim.domain: "other.example" signs for another domain than '
        'estudio.example: replies from there count as unsigned; write domain = "estudio.example", with a key that its DNS '
        "tells of"
    ]
