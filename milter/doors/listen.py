"""Listening sockets. Used by the parent before it forks, so nothing here knows an event loop."""

import errno
import os
import socket
import stat
from pathlib import Path

from milter.settings.values import InetAddress, SocketAddress, UnixAddress

BACKLOG = 1024
_LONGEST_PATH = 107  # bytes of sun_path, unix(7), without its NUL
_PROBE = 1.0  # seconds


def bind(address: SocketAddress, mode: int) -> socket.socket:
    """A socket that listens at `address` without blocking; `mode` are the permissions of a Unix socket.

    OSError when the address is taken or cannot be bound. A Unix socket that nobody listens at any more is replaced.
    """
    match address:
        case InetAddress():
            return _inet(address)
        case UnixAddress():
            return _unix(address.path, mode)


def _inet(address: InetAddress) -> socket.socket:
    found = socket.getaddrinfo(address.host or None, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, name = found[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(name)
        return _listening(sock)
    except OSError:
        sock.close()
        raise


def _unix(path: str, mode: int) -> socket.socket:
    if len(os.fsencode(path)) > _LONGEST_PATH:
        raise OSError(errno.ENAMETOOLONG, f"a Unix socket's path has at most {_LONGEST_PATH} bytes", path)
    _remove_stale(Path(path))
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(path)
        # Before listen(), so that nobody can connect under other permissions.
        Path(path).chmod(mode)
        return _listening(sock)
    except OSError:
        sock.close()
        raise


def _listening(sock: socket.socket) -> socket.socket:
    sock.listen(BACKLOG)
    sock.setblocking(False)
    return sock


def _remove_stale(path: Path) -> None:
    """A socket whose process is gone refuses connections. Anything else there is somebody's, and bind() says so."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            return
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
        except OSError:
            return
