"""The one child process that hashes large bodies, so that the event loop need not: `python -m milter.lookup.dkim_child FD`.

FD is its end of a SOCK_SEQPACKET pair. A request is the names of the forms wanted, with the body as a file descriptor; the answer
is one SHA-256 a form, in that order. It imports next to nothing, so that starting it anew costs little.
"""

import contextlib
import os
import signal
import socket
import sys
from hashlib import sha256
from pathlib import Path

from milter.core.canonical import FORMS

LONGEST = 60  # seconds for one body: a hang must not outlive the parent that would have ended it
MESSAGE = 256  # bytes of a request or an answer, at most


def digests(body: bytes, forms: list[str]) -> bytes:
    return b"".join(sha256(FORMS[one](body)).digest() for one in forms)


def serve(pair: socket.socket) -> None:
    """Until the other end is closed, which the kernel does for a parent that was killed."""
    while True:
        request, descriptors, _, _ = socket.recv_fds(pair, MESSAGE, 1)
        if not request:
            return
        signal.alarm(LONGEST)
        with os.fdopen(descriptors[0], "rb", buffering=0) as file:
            body = file.read()
        answer = digests(body, request.decode().split())
        signal.alarm(0)
        pair.send(answer)


def _give_way() -> None:
    """It is the one to wait, and to die first when memory runs out: mail only loses a signature's verdict by it."""
    with contextlib.suppress(OSError):
        os.nice(5)
        Path("/proc/self/oom_score_adj").write_text("800")


if __name__ == "__main__":
    # A Ctrl-C or `systemctl stop` reaches the whole group; the parent still has mail in hand and says when it ends.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _give_way()
    with socket.socket(fileno=int(sys.argv[1])) as pair, contextlib.suppress(ConnectionError):
        serve(pair)
