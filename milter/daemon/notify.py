"""What systemd tells us and what we tell it: inherited sockets (sd_listen_fds(3)) and state (sd_notify(3))."""

import os
import socket

FIRST_FD = 3  # SD_LISTEN_FDS_START


def inherited_sockets() -> dict[str, socket.socket]:
    """Listening sockets by door name (FileDescriptorName=) when systemd started us with a socket unit; else {}."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return {}
    count = int(os.environ.get("LISTEN_FDS", "0"))
    names = os.environ.get("LISTEN_FDNAMES", "").split(":")
    found = {}
    for offset in range(count):
        name = names[offset] if offset < len(names) else ""
        found[name] = socket.socket(fileno=FIRST_FD + offset)
    return found


def tell(state: str) -> None:
    """Sends e.g. "READY=1" to the service manager; without one, does nothing."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.connect(address)
        channel.sendall(state.encode())
