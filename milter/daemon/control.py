"""The pipe between the parent and a worker: settings go down, "ready" comes up, and its end of file is the order to drain.

A worker whose parent dies sees the end of file too, so no worker is ever left alone. No asyncio: the parent imports this.
"""

import pickle
import socket
import struct

from milter.settings.values import Settings

READY = b"r"
LENGTH = struct.Struct("!I")
EXIT_CONFIGURATION = 2  # of a worker and of the daemon: starting again would not mend it


def encode(settings: Settings) -> bytes:
    """One frame: length and pickle. Both ends are one program, forked from one process."""
    body = pickle.dumps(settings)
    return LENGTH.pack(len(body)) + body


def decode(body: bytes) -> Settings:
    settings = pickle.loads(body)
    assert isinstance(settings, Settings)
    return settings


def pair() -> tuple[socket.socket, socket.socket]:
    """(parent's end, worker's end)."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
