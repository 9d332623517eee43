"""Recado as it is run: `recado serve` in its own process group, with a configuration written for the test."""

import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from redis import ConnectionError as RedisGone
from redis import Redis

from tests.real.processes import Process

RECADO = Path(sys.executable).with_name("recado")

OWNER = """
name     = "Ana Souto"
timezone = "UTC"
language = "es"
tone     = "informal"

[replies]
mode  = "live"
delay = "{delay}"
copies = {copies}

[identity.studio]
kind      = "business"
addresses = ["ana@estudio.example", "hola@estudio.example"]
mailbox   = "{mailbox}"
hours     = "{hours}"

[identity.studio.brand]
name = "Estudio Souto"

[identity.home]
kind      = "personal"
addresses = ["ana@casa.example"]
mailbox   = "ana@casa.example"

[plan.bronze]
name = "Bronce"

[client.acme]
name      = "ACME Veterinaria"
addresses = ["@acme.example"]
plan      = "bronze"

[client.bistro]
name      = "Bistro"
addresses = ["chef@bistro.example"]
plan      = "bronze"

[people]
addresses = ["primo@familia.example"]
"""


def closed_now() -> str:
    """Opening hours that are three days away, whatever the weekday of the run."""
    return f"{(datetime.now(UTC) + timedelta(days=3)):%a}"[:2] + " 10:00-11:00"


@dataclass
class Recado:
    """`doors`: the tables [lmtp] and [smtp] by name, each (listen, next hop). `replies`: the port that takes them. `top`: further
    keys; `authentication`: the lines of that table."""

    directory: Path
    doors: Mapping[str, tuple[str, str]]
    replies: int
    redis: str = "embedded"
    filing: str = "header"
    workers: int = 2
    copies: bool = False
    delay: str = "0s"
    bounce_address: str = ""
    mailbox: str = "ana@estudio.example"
    top: str = ""
    trust: str = "anyone"
    authentication: str = ""
    owner: str = OWNER
    hours: str = field(default_factory=closed_now)

    def __post_init__(self) -> None:
        self.file = self.directory / "recado.toml"
        self.log = self.directory / "recado.log"

    def configure(self) -> None:
        doors = "".join(
            f'[{name}]\nlisten = "{listen}"\nnext_hop = "{next_hop}"\n'
            for name, (listen, next_hop) in self.doors.items()
        )
        self.file.write_text(f"""
hostname  = "mx.estudio.example"
state_dir = "{self.directory}/state"
workers   = {self.workers}
{self.top}
{doors}
[filing]
method = "{self.filing}"
[replies]
mode         = "live"
next_hop     = "smtp:inet:127.0.0.1:{self.replies}"
trust        = "{self.trust}"
delay        = "{self.delay}"
hourly_limit = 10000
bounce_address = "{self.bounce_address}"
[authentication]
{self.authentication}
[redis]
url = "{self.redis}"
""")
        owners = self.directory / "owners"
        owners.mkdir(exist_ok=True)
        (owners / "ana.toml").write_text(
            self.owner.format(mailbox=self.mailbox, hours=self.hours, delay=self.delay, copies=str(self.copies).lower())
        )

    def start(self) -> None:
        self.configure()
        self.process = Process([RECADO, "serve", "--config", self.file], self.log)
        self.process.wait_for(lambda: "ready" in self.process.output().splitlines(), "recado's line `ready`")

    def kill(self) -> None:
        """kill -9 for parent and workers at once. The embedded Redis lives on: the next start adopts it."""
        self.process.kill()

    def terminate(self) -> None:
        self.process.popen.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        status = self.process.stop(patience=100)
        self.end_embedded_redis()
        return status

    def end_embedded_redis(self) -> None:
        """Of a daemon that could not do it itself. Its socket lies in our own directory, so it is no other's."""
        socket = self.directory / "state" / "redis.sock"
        if socket.exists():
            with suppress(RedisGone), Redis(unix_socket_path=str(socket)) as client:
                client.shutdown(nosave=True)

    def logged(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""
