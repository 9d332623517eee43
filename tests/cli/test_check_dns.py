"""`recado check` asks the name servers that recado.toml names."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from milter.cli import check_dns, main
from tests.doubles.dns_server import DnsServer
from tests.real.processes import free_ports
from tests.settings.samples import HOST, House


def warnings(house: House, *nameservers: str) -> list[str]:
    named = ", ".join(f'"{one}"' for one in nameservers)
    keys = f'state_dir = "{house.folder}/state"\n[authentication]\nnameservers = [{named}]\n[lmtp]'
    house.host(HOST.replace("[lmtp]", keys))
    found = CliRunner().invoke(main, ["check", "--config", str(house.file), "--quiet"])
    assert found.exit_code == 0, found.stdout
    return [one for one in found.stdout.splitlines() if "nameservers: " in one]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(check_dns, "PATIENCE", 30.0)  # a port where nobody is refuses at once
    return House(tmp_path / "etc")


def test_one_that_answers_and_one_that_does_not(house: House) -> None:
    dead = f"127.0.0.1:{free_ports(1)[0]}"
    with DnsServer({}) as dns:
        assert warnings(house, dns.nameserver) == []
        assert warnings(house, dns.nameserver, dead) == [
            f"warning: {house.file}:4: authentication.nameservers: {dead} does not answer: without a name server nobody is "
            "proven to have written; start it, or name another"
        ]


def test_one_that_answers_no_to_everything_is_there(house: House) -> None:
    with DnsServer({}) as dns:
        dns.faults["*"] = "refused"
        assert warnings(house, dns.nameserver) == []
