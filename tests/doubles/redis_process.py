"""Real Redis servers on loopback ports, for those shapes that need more than one: started, killed, frozen, asked."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hiredis

PATIENCE = 60.0  # seconds: for a busy machine; nothing waits that long on one that works
SHORT = 0.05  # seconds between two looks


def until(found: Callable[[], Any], what: str) -> Any:
    """What `found` answers as soon as it is true. AssertionError with `what` after a long while."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if answer := found():
            return answer
        time.sleep(SHORT)
    raise AssertionError(f"never: {what}")


def free_ports(count: int) -> list[int]:
    """Ports whose Cluster bus, 10000 above, is free, too."""
    found: list[int] = []
    for port in range(12000 + os.getpid() * 37 % 9500, 22500):
        if all(_free(one) for one in (port, port + 10000)):
            found.append(port)
            if len(found) == count:
                return found
    raise AssertionError("no free ports")


def _free(port: int) -> bool:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@dataclass
class RedisProcess:
    """`options` as on the command line; `tls` those with which it is asked by us, on a socket of its own."""

    binary: Path
    port: int
    options: tuple[str, ...] = ()
    password: str = ""
    home: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="rp-", dir="/tmp")))
    process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def socket(self) -> Path:
        return self.home / "redis.sock"

    def start(self, *more: str) -> None:
        ours = ("--unixsocket", str(self.socket), "--dir", str(self.home), "--bind", "127.0.0.1")
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen([self.binary, *more, *ours, *self.options], stdout=log, stderr=log)
        until(lambda: self.answers() or self.ended(), f"{self.name} answers")

    def ended(self) -> bool:
        """AssertionError with its last words if it has."""
        assert self.process and self.process.poll() is None, (self.home / "log").read_text()[-500:]
        return False

    def answers(self) -> bool:
        try:
            return self.ask("PING") in (b"PONG", "PONG")
        except (OSError, AssertionError):
            return False

    def ask(self, *parts: object) -> Any:
        """One command on a connection of its own, after ASKING if "--asking" stands first; an error as AssertionError."""
        reader = hiredis.Reader()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(str(self.socket))
            sent = [("AUTH", self.password)] if self.password else []
            if parts[0] == "--asking":
                sent, parts = [*sent, ("ASKING",)], parts[1:]
            for one in (*sent, tuple(str(part) for part in parts)):
                connection.sendall(hiredis.pack_command(one))
                while (answer := reader.gets()) is False:
                    data = connection.recv(65536)
                    assert data, f"{self.name} hung up"
                    reader.feed(data)
                assert not isinstance(answer, Exception), answer
        return answer

    def info(self, section: str) -> dict[str, str]:
        lines = self.ask("INFO", section).decode().splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def signal(self, number: int) -> None:
        assert self.process
        self.process.send_signal(number)

    def kill(self) -> None:
        """As a machine that dies: nothing is said or saved."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
        self.socket.unlink(missing_ok=True)

    def freeze(self) -> None:
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)
