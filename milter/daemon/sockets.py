"""The sockets of the doors: systemd's, or bound by the parent before it forks. No asyncio: the parent imports this."""

import errno
import logging
import select
import socket
import time
from pathlib import Path

from milter.daemon import notify
from milter.doors import listen
from milter.settings.values import DoorSettings, InetAddress, Settings, SocketAddress, UnixAddress

log = logging.getLogger("milter.daemon")

TAKEN = 5.0  # seconds: the workers of a parent that was killed let go of the address in well under one
PAUSE = 0.05  # seconds between two tries


class Taken(Exception):
    """A door's address cannot be bound. The text names door and address, and what to do."""


def open_all(settings: Settings) -> tuple[dict[str, socket.socket], tuple[Path, ...]]:
    """Listening sockets by the door's name, and the paths of those Unix sockets that are ours to remove. May raise Taken."""
    inherited = notify.inherited_sockets()
    found: dict[str, socket.socket] = {}
    ours: list[Path] = []
    for door in settings.doors:
        if door.next_hop is None:  # [milter]: not there yet, as the settings have warned
            continue
        if door.name in inherited:
            found[door.name] = inherited.pop(door.name)
            continue
        found[door.name] = _bind(door, settings.socket_mode)
        if isinstance(door.listen, UnixAddress):
            ours.append(Path(door.listen.path))
    for name, one in inherited.items():
        log.warning("a socket unit opened a door that recado.toml has not", extra={"name_of_socket": name})
        one.close()
    return found, tuple(ours)


def _bind(door: DoorSettings, mode: int) -> socket.socket:
    deadline, said = time.monotonic() + TAKEN, False
    while True:
        try:
            return listen.bind(door.listen, mode)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                why = f"door {door.name}: {door.listen}: {error.strerror or error}; {_instead(door.listen, error)}"
                raise Taken(why) from error
        if not said:
            log.info("waiting for the address of a door", extra={"door": door.name, "address": str(door.listen)})
            said = True
        select.select([], [], [], PAUSE)


def _instead(address: SocketAddress, error: OSError) -> str:
    match error.errno, address:
        case errno.EADDRINUSE, UnixAddress(path) if not Path(path).is_socket():
            return "that is no socket: remove it, or write another listen"
        case errno.EADDRINUSE, _:
            return "stop who listens there, or write another listen"
        case errno.EACCES, InetAddress():
            return "write a port above 1023"
        case errno.ENOENT, UnixAddress(path):
            return f"make its folder, for the user of the service: install -d -o recado {Path(path).parent}"
        case _, UnixAddress():
            return "write one in a folder of the service's own, such as unix:/run/recado/lmtp"
        case _:
            return "write an address of this host, such as inet:127.0.0.1:10024"


def shown(sock: socket.socket) -> str:
    """As in the configuration, with the real port."""
    name = sock.getsockname()
    return str(UnixAddress(name)) if isinstance(name, str) else str(InetAddress(*name[:2]))
