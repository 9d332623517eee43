"""Sockets that the parent binds."""

import socket
import stat
from ipaddress import ip_network
from pathlib import Path

import pytest

from milter.doors.listen import bind
from milter.doors.setup import DoorSetup
from milter.settings.values import InetAddress, UnixAddress


def test_a_free_port() -> None:
    with bind(InetAddress("127.0.0.1", 0), 0o600) as sock, socket.create_connection(sock.getsockname()):
        assert sock.getsockname()[1] > 0
        assert not sock.getblocking()


def test_a_taken_port() -> None:
    with bind(InetAddress("127.0.0.1", 0), 0o600) as sock, pytest.raises(OSError):
        bind(InetAddress("127.0.0.1", sock.getsockname()[1]), 0o600)


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o666])
def test_a_unix_socket_has_its_mode(mode: int, short_dir: Path) -> None:
    path = short_dir / "door"
    with bind(UnixAddress(str(path)), mode):
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_stale_unix_socket_is_replaced(short_dir: Path) -> None:
    path = short_dir / "door"
    bind(UnixAddress(str(path)), 0o600).close()
    assert path.exists()
    with bind(UnixAddress(str(path)), 0o600), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


def test_a_living_unix_socket_is_not(short_dir: Path) -> None:
    path = short_dir / "door"
    with bind(UnixAddress(str(path)), 0o600):
        with pytest.raises(OSError):
            bind(UnixAddress(str(path)), 0o600)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


def test_a_file_is_not(short_dir: Path) -> None:
    path = short_dir / "door"
    path.write_text("mine")
    with pytest.raises(OSError):
        bind(UnixAddress(str(path)), 0o600)
    assert path.read_text() == "mine"


def test_a_path_that_is_too_long_says_so(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="at most 107 bytes"):
        bind(UnixAddress(str(tmp_path / ("x" * 108))), 0o600)


@pytest.mark.parametrize(
    ("peer", "trusted"),
    [
        ("", True),
        ("127.0.0.1", True),
        ("::ffff:127.0.0.1", True),
        ("::1", True),
        ("192.0.2.1", False),
        ("::ffff:192.0.2.1", False),
        ("2001:db8::1", False),
    ],
)
def test_trust(peer: str, trusted: bool, a_setup: DoorSetup) -> None:
    assert a_setup.trusts(peer) is trusted
    assert ip_network("::1/128") in a_setup.mynetworks
