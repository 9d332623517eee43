"""`recado check` tells where nobody listens, as long as that is certain."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from milter.cli import main
from tests.real.processes import free_ports, short_directory
from tests.settings.samples import OWNER, House

HOST = """\
hostname = "mx.estudio.example"
state_dir = "{folder}/state"
[lmtp]
next_hop = "{mail}"
[replies]
mode = "{mode}"
next_hop = "{replies}"
"""


@pytest.fixture
def house() -> Iterator[House]:
    with short_directory("recado-check") as folder:
        yield House(folder)


def warnings(house: House, *, mail: str, replies: str = "maildir:/nowhere", mode: str = "live") -> list[str]:
    """Those about next hops. The secret is there, so that nothing else is to be said."""
    house.host(HOST.format(folder=house.folder, mail=mail, replies=replies, mode=mode))
    house.owner(OWNER + '[replies]\nmode = "live"\n')
    found = CliRunner().invoke(main, ["check", "--config", str(house.file), "--quiet"])
    assert found.exit_code == 0, found.stdout
    return [one for one in found.stdout.splitlines() if "next_hop: " in one]


def listener(family: socket.AddressFamily, address: object) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    one.bind(address)
    one.listen()
    return one


def test_a_socket_that_is_missing_dead_or_there(house: House) -> None:
    path = house.folder / "lmtp"
    mail = f"lmtp:unix:{path}"
    (missing,) = warnings(house, mail=mail)
    assert missing == (
        f"warning: {house.file}:4: lmtp.next_hop: nobody listens at {path} (No such file or directory), "
        "and until then mail waits in Postfix; start who serves it, or write where that listens"
    )
    with listener(socket.AF_UNIX, str(path)):
        assert warnings(house, mail=mail) == []
    (dead,) = warnings(house, mail=mail)
    assert "(Connection refused)" in dead


def test_a_port_of_this_host(house: House) -> None:
    (port,) = free_ports(1)
    replies = f"smtp:inet:127.0.0.1:{port}"
    (refused,) = warnings(house, mail="maildir:/nowhere", replies=replies)
    assert f"7: replies.next_hop: nobody listens at inet:127.0.0.1:{port} (Connection refused), " in refused
    with listener(socket.AF_INET, ("127.0.0.1", port)):
        assert warnings(house, mail="maildir:/nowhere", replies=replies) == []


def test_replies_that_do_not_leave_need_nobody(house: House) -> None:
    (port,) = free_ports(1)
    assert warnings(house, mail="maildir:/nowhere", replies=f"smtp:inet:127.0.0.1:{port}", mode="shadow") == []


def test_hosts_elsewhere_are_not_asked(house: House) -> None:
    assert warnings(house, mail="smtp:inet:mail.elsewhere.invalid:24") == []


def test_a_folder_for_a_trial_is_made_when_it_is_needed(house: House, tmp_path: Path) -> None:
    assert warnings(house, mail=f"maildir:{tmp_path}/mail") == []
