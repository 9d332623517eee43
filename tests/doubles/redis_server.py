"""A real private Redis (or Valkey) on a Unix socket, and every way in which it can fail."""

import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from milter.store import server

BINARIES = server.binaries()


@dataclass
class RedisServer:
    """Empty at first; holds nothing over a restart unless `lasting`."""

    binary: Path = field(default_factory=lambda: BINARIES[0])
    lasting: bool = False
    home: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="rs-", dir="/tmp")))
    running: server.EmbeddedServer | None = None

    @property
    def socket(self) -> Path:
        return self.home / "redis.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> None:
        keeps = "yes" if self.lasting else "no"
        options = ("--appendonly", keeps, "--enable-debug-command", "local", "--replica-serve-stale-data", "yes")
        self.running = server._launch(self.binary, self.home, self.socket, options)

    def stop(self) -> None:
        if self.running:
            self.thaw()
            self.running.stop()
            self.running = None

    def kill(self) -> None:
        assert self.running
        self.running._child.kill()
        self.running.stop()
        self.running = None

    def restart_empty(self) -> None:
        self.stop()
        shutil.rmtree(self.home / "appendonlydir", ignore_errors=True)
        self.start()

    def command(self, *parts: object) -> bytes:
        """One command on a connection of its own; the raw beginning of the answer, an error as AssertionError."""
        answer = server.ask(self.socket, *(str(one) for one in parts), seconds=10)
        assert answer and not answer.startswith(b"-"), answer
        return answer

    def freeze(self) -> None:
        """Connections are taken and nothing is answered, until thaw()."""
        assert self.running and self.running._child
        self.running._child.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.running and self.running._child
        self.running._child.send_signal(signal.SIGCONT)

    def pause(self, milliseconds: int) -> None:
        self.command("CLIENT", "PAUSE", milliseconds, "ALL")

    def make_read_only(self) -> None:
        """A replica of a dead host: reads are answered, writes refused with READONLY."""
        self.command("REPLICAOF", "127.0.0.1", 1)

    def make_writable(self) -> None:
        self.command("REPLICAOF", "NO", "ONE")

    def fill_memory(self) -> None:
        """Every write is refused with OOM."""
        self.command("CONFIG", "SET", "maxmemory", 1)

    def free_memory(self) -> None:
        self.command("CONFIG", "SET", "maxmemory", 0)

    def evict(self, policy: str = "allkeys-lru") -> None:
        self.command("CONFIG", "SET", "maxmemory-policy", policy)

    def junk(self, key: str) -> None:
        """A foreign string in the place of whatever stands there."""
        self.command("SET", key, "junk")

    def keys(self, pattern: str) -> list[str]:
        lines = self.command("KEYS", pattern).decode().split("\r\n")
        return [line for line in lines if line.startswith("recado:")]


@contextmanager
def redis_server(binary: Path | None = None, *, lasting: bool = False) -> Iterator[RedisServer]:
    one = RedisServer(binary or BINARIES[0], lasting)
    try:
        one.start()
        yield one
    finally:
        one.stop()
        shutil.rmtree(one.home, ignore_errors=True)
