"""What systemd tells us and what we tell it: inherited sockets (sd_listen_fds(3)) and state (sd_notify(3))."""

import logging
import os
import socket

FIRST_FD = 3  # SD_LISTEN_FDS_START

log = logging.getLogger("milter.daemon")


def inherited_sockets() -> dict[str, socket.socket]:
    """Listening sockets by door name (FileDescriptorName=) when systemd started us with a socket unit; else {}.

    To be called once: the sockets belong to the caller, and who calls again, or a child, finds none.
    """
    started_by, count, names = (os.environ.pop(one, "") for one in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"))
    if started_by != str(os.getpid()) or not count.isdecimal():
        return {}
    found = {}
    for offset, name in zip(range(int(count)), names.split(":"), strict=False):
        one = socket.socket(fileno=FIRST_FD + offset)
        one.setblocking(False)
        one.set_inheritable(False)
        found[name] = one
    return found


def tell(state: str) -> None:
    """Sends e.g. "READY=1" to the service manager; without one, or when it does not listen, does nothing else."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.connect(address)
            channel.sendall(state.encode())
    except OSError as error:
        log.warning("the service manager cannot be told", extra={"state": state, "cause": str(error)})
