"""The pipe between the parent and a worker: settings and notices go down, "ready" and "told" come up.

Its end of file is the order to drain.

A worker whose parent dies sees the end of file too, so no worker is ever left alone. No asyncio: the parent imports this.
"""

import pickle
import socket
import struct
from dataclasses import dataclass

from milter.settings.notice import Notice
from milter.settings.values import Settings

READY = b"r"
TOLD = b"t"  # the notices of the last frame that had any are delivered
LENGTH = struct.Struct("!I")
EXIT_CONFIGURATION = 2  # of a worker and of the daemon: starting again would not mend it


@dataclass(frozen=True, slots=True)
class Orders:
    """What a worker goes by from now on, and what it alone is to tell the owners."""

    settings: Settings
    notices: tuple[Notice, ...] = ()


def encode(orders: Orders) -> bytes:
    """One frame: length and pickle. Both ends are one program, forked from one process."""
    body = pickle.dumps(orders)
    return LENGTH.pack(len(body)) + body


def decode(body: bytes) -> Orders:
    orders = pickle.loads(body)
    assert isinstance(orders, Orders)
    return orders


def pair() -> tuple[socket.socket, socket.socket]:
    """(parent's end, worker's end)."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
