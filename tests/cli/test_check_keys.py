"""`recado check` tells of a DKIM key that is there and yet of no use."""

import os
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


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder and a file away")
@pytest.mark.parametrize(
    ("owner", "group", "mode", "told"), [(0, 0, 0o600, True), (0, 65534, 0o640, False), (65534, 0, 0o600, False)]
)
def test_a_key_that_only_root_may_read(house: House, owner: int, group: int, mode: int, told: bool) -> None:
    """`check` is mostly run by root, and the service is somebody else: who owns state_dir."""
    state = house.folder / "state"
    state.mkdir()
    os.chown(state, 65534, 65534)
    warnings(house, "")
    file = house.folder / "ana.pem"
    os.chown(file, owner, group)
    file.chmod(mode)
    found = CliRunner().invoke(main, ["check", "--config", str(house.file), "--quiet"]).stdout
    assert (
        f"{file} may not be read by nobody, who owns {state}: no reply leaves; run chown nobody {file}" in found
    ) == told


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes somebody else for a moment")
def test_a_key_that_the_service_may_not_read_is_told_of_when_it_starts(house: House) -> None:
    warnings(house, "")
    house.folder.chmod(0o755)
    (house.folder / "ana.pem").chmod(0o600)
    os.seteuid(65534)
    try:
        told = house.load().problems
    finally:
        os.seteuid(0)
    place = f"{house.folder}/ana.pem"
    assert f"{place} may not be read: no reply leaves; run chown recado {place}" in "\n".join(map(str, told))
