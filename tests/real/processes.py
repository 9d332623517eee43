"""Starting servers for the tests: free ports, short directories, waiting for something instead of for seconds."""

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 60.0  # seconds: two shared cores


def wait_until(condition: Callable[[], T], what: str, patience: float = PATIENCE) -> T:
    """The first true value of `condition`; AssertionError naming `what` after `patience` seconds."""
    pause, deadline = threading.Event(), time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience:.0f} s for {what}")
        pause.wait(0.05)
    return value


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on just now, from below the range that the kernel gives away to others meanwhile."""
    found: set[int] = set()
    while len(found) < count:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.add(port)
    return list(found)


def listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def short_directory(prefix: str) -> Iterator[Path]:
    """A directory whose unix sockets stay under 107 bytes, and which the servers' own users can enter."""
    directory = Path(tempfile.mkdtemp(prefix=f"{prefix}-", dir="/tmp"))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


class PortTaken(Exception):
    """The server found one of its ports in use."""


class Process:
    """A server in its own process group, its output in a file that the tests read."""

    def __init__(self, command: Sequence[str | Path], log: Path, env: dict[str, str] | None = None) -> None:
        self.log = log
        self.start_of_log = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            self.popen = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=os.environ | (env or {}),
            )

    @property
    def pid(self) -> int:
        return self.popen.pid

    def output(self) -> str:
        """What this run (not an earlier one on the same file) has written."""
        with self.log.open("rb") as file:
            file.seek(self.start_of_log)
            return file.read().decode("utf-8", "replace")

    def wait_for(self, ready: Callable[[], object], what: str) -> None:
        """Waits for `ready`; when the process ends before, or it takes too long, nothing of it is left and this fails."""

        def ready_or_dead() -> bool:
            if self.popen.poll() is not None:
                if "Address already in use" in self.output():
                    raise PortTaken(what)
                raise AssertionError(f"{self.popen.args} ended with {self.popen.returncode}:\n{self.output()}")
            return bool(ready())

        try:
            wait_until(ready_or_dead, what)
        except BaseException:
            self.kill()
            raise

    def stop(self, patience: float = 20.0) -> int:
        """SIGTERM, then SIGKILL for the whole group; the exit status."""
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.popen.wait(patience)
        self.kill()
        return self.popen.wait()

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()


def retried_on_clash(start: Callable[[], T]) -> T:
    for _ in range(4):
        try:
            return start()
        except PortTaken:
            continue
    return start()
