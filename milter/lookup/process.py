"""The parent's side of the one child process that hashes large bodies for DKIM (milter/lookup/dkim_child.py).

Started at the first need, started again after its end, killed when it is too slow. A failure costs one `Missing`, never a mail.
"""

import asyncio
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from mmap import mmap

from milter.core.facts import Missing

CHILD = "milter.lookup.dkim_child"
MOST_WAITING = 16  # bodies, the one in hand among them: 160 MB at most
BLOCK = 1 << 18  # bytes copied between two looks at the loop
DIGEST, MESSAGE = 32, 256  # bytes of a SHA-256; of an answer, at most

log = logging.getLogger("milter.lookup")


class HashProcess:
    """One for a worker. `command` starts the child with the number of its socket as last argument."""

    def __init__(self, command: Sequence[str] = (sys.executable, "-P", "-m", CHILD)) -> None:
        self._command = tuple(command)
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._child: subprocess.Popen[bytes] | None = None
        self._pair: socket.socket | None = None
        self._watching: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Of the child, while there is one."""
        return self._child.pid if self._child else None

    async def hashes(self, body: bytes | mmap, forms: Sequence[str], deadline: float) -> dict[str, bytes] | Missing:
        """SHA-256 of the body in each of the canonical forms "simple" and "relaxed". `deadline` on the loop's clock.

        One body is in hand at a time. Who must wait behind too many others, or past his deadline, gets Missing.
        """
        if self._waiting >= MOST_WAITING:
            return _missed("too many large bodies are waiting")
        self._waiting += 1
        try:
            async with asyncio.timeout_at(deadline), self._turn:
                answer = await self._exchange(body, forms)
        except TimeoutError:
            return _missed("no time was left for a large body")
        except OSError as error:
            return _missed(f"the process for large bodies failed: {error.strerror or type(error).__name__}")
        finally:
            self._waiting -= 1
        if not answer:
            return _missed("the process for large bodies ended")
        return {form: answer[at * DIGEST : (at + 1) * DIGEST] for at, form in enumerate(forms)}

    async def close(self) -> None:
        """Ends the child; a body in hand gets Missing. Harmless without one."""
        self._closed = True
        if self._child:
            self._child.kill()
        async with self._turn:
            self._end()
        await asyncio.gather(*self._watching)

    async def _exchange(self, body: bytes | mmap, forms: Sequence[str]) -> bytes:
        """b"" if the child ended. A child whose answer did not come whole, whatever the cause, is of no use any more."""
        answer = b""
        if self._closed:
            return answer
        try:
            descriptor = await _copied(body)
            try:
                pair = self._start()
                socket.send_fds(pair, [" ".join(forms).encode()], [descriptor])
            finally:
                os.close(descriptor)
            received = await asyncio.get_running_loop().sock_recv(pair, MESSAGE)
            answer = received if len(received) == DIGEST * len(forms) else b""
        finally:
            if not answer:
                self._end()
        return answer

    def _start(self) -> socket.socket:
        """The socket to a child that lives; one that ended by itself meanwhile is replaced."""
        if self._child and self._child.poll() is not None:
            self._end()
        if self._pair is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._pair = ours
            ours.setblocking(False)
            with theirs:
                command = [*self._command, str(theirs.fileno())]
                quiet = subprocess.DEVNULL
                self._child = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=quiet, stdout=quiet)
            # Watched from its beginning: one that dies with nothing in hand leaves no zombie either.
            task = asyncio.create_task(_ended(self._child, os.pidfd_open(self._child.pid)))
            self._watching.add(task)
            task.add_done_callback(self._watching.discard)
        return self._pair

    def _end(self) -> None:
        if self._pair:
            self._pair.close()
            self._pair = None
        if self._child:
            self._child.kill()  # Popen leaves alone what has ended
            self._child = None


async def _copied(body: bytes | mmap) -> int:
    """A file in memory with the body in it: the child gets its descriptor. Block by block, the loop turns in between."""
    descriptor = os.memfd_create("recado-body")
    try:
        with memoryview(body) as view:
            written = 0
            while written < len(view):
                written += os.write(descriptor, view[written : written + BLOCK])
                await asyncio.sleep(0)
        os.lseek(descriptor, 0, os.SEEK_SET)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


async def _ended(child: subprocess.Popen[bytes], descriptor: int) -> None:
    """Takes leave of a child without blocking: its end makes `descriptor`, which this closes, readable."""
    loop, gone = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, gone.set)
    try:
        await gone.wait()
        child.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _missed(why: str) -> Missing:
    log.warning("a large body was not verified", extra={"cause": why})
    return Missing(why)
