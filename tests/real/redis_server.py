"""A private redis-server on a unix socket that can be stopped and started again with its data."""

from dataclasses import dataclass
from pathlib import Path

from tests.real.processes import Process


@dataclass
class RedisServer:
    directory: Path

    def __post_init__(self) -> None:
        self.socket = self.directory / "redis"
        self.url = f"unix://{self.socket}"

    def start(self) -> None:
        self.process = Process(
            [
                "redis-server",
                "--port",
                "0",
                "--unixsocket",
                self.socket,
                "--dir",
                self.directory,
                "--appendonly",
                "yes",
            ],
            self.directory / "redis.log",
        )
        self.process.wait_for(lambda: "ready to accept connections" in self.process.output(), "redis-server")

    def stop(self) -> None:
        self.process.stop()
