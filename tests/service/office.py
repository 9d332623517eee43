"""Ana's office on a Friday night: real settings, a real scratch Redis, a sink as next hop, and mail carried through."""

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from milter.core.envelope import Direction, Peer, Recipient, Transaction
from milter.core.hours import Schedule
from milter.core.message import parse
from milter.delivery.next_hop import Sender, open_next_hop
from milter.doors import relay
from milter.errors import SmtpReply
from milter.service import Service
from milter.settings import load
from milter.settings.values import Settings
from milter.store.outbox import Outbox
from milter.store.redis import RedisStore
from tests.doubles.redis_server import RedisServer
from tests.doubles.sink import Sink

NIGHT = datetime(2026, 3, 6, 23, 0, tzinfo=UTC)  # Friday; open again on Monday at nine
MONDAY = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
LAURA, CHEF, COUSIN, MARTA = (
    "laura@acme.example",
    "chef@bistro.example",
    "primo@familia.example",
    "marta@flores.example",
)
STUDIO, HELLO, HOME, NOBODY = "ana@estudio.example", "hola@estudio.example", "ana@casa.example", "info@otra.example"

HOST = """
hostname  = "mx.estudio.example"
state_dir = "{folder}/state"
secret_file = "{folder}/secret"
[lmtp]
listen = "inet:127.0.0.1:0"
next_hop = "lmtp:inet:127.0.0.1:24"
[filing]
method = "{filing}"
[replies]
mode = "live"
trust = "anyone"
delay = "0s"
hourly_limit = {hourly_limit}
next_hop = "smtp:inet:127.0.0.1:25"
"""
OWNER = """
name = "Ana Souto"
timezone = "UTC"
language = "es"
tone = "informal"
[replies]
mode = "{mode}"
[identity.studio]
kind = "business"
addresses = ["ana@estudio.example", "hola@estudio.example"]
mailbox = "ana@estudio.example"
hours = "Mo-Fr 09:00-17:00"
[identity.home]
kind = "personal"
addresses = ["ana@casa.example"]
mailbox = "ana@casa.example"
[plan.bronze]
name = "Bronce"
[client.acme]
name = "ACME"
addresses = ["@acme.example"]
plan = "bronze"
[client.bistro]
name = "Bistro"
addresses = ["chef@bistro.example"]
plan = "bronze"
[people]
addresses = ["primo@familia.example"]
"""


def settings(folder: Path, *, filing: str = "header", mode: str = "live", hourly_limit: int = 60) -> Settings:
    folder.mkdir(exist_ok=True)
    (folder / "state").mkdir(exist_ok=True)
    (folder / "owners").mkdir(exist_ok=True)
    (folder / "owners" / "ana.toml").write_text(OWNER.format(mode=mode))
    file = folder / "recado.toml"
    file.write_text(HOST.format(folder=folder, filing=filing, hourly_limit=hourly_limit))
    loaded = load(file)
    assert loaded.settings, loaded.problems
    return loaded.settings


def with_broken_hours(good: Settings) -> Settings:
    """A schedule that no check has seen, as a defect of ours would make it."""
    (ana,) = good.policy.owners
    studio = replace(ana.identities[0], schedule=Schedule("Mo-Fr 09:00-", "UTC"))
    return replace(good, policy=replace(good.policy, owners=(replace(ana, identities=(studio, *ana.identities[1:])),)))


@dataclass
class Office:
    """`woken`: how often the reply queue was."""

    settings: Settings
    server: RedisServer
    store: RedisStore
    sink: Sink
    hop: Sender
    outbox: Outbox
    service: Service
    woken: int = 0
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def carry(self, transaction: Transaction) -> tuple[SmtpReply, ...]:
        """As a door does."""
        return await relay.carry(self.service, self.hop, str(self.sink.hop))(transaction)

    async def mail(self, *to: str, **letter: object) -> list[str]:
        """The replies to one message, in order of the recipients."""
        return [str(one) for one in await self.carry(self.transaction(*to, **letter))]

    def transaction(
        self,
        *to: str,
        mail_from: str = LAURA,
        listed: str = "",
        message_id: str = "<1@acme.example>",
        queue_id: str = "",
        now: datetime = NIGHT,
        content: bytes = b"",
    ) -> Transaction:
        return Transaction(
            id=f"{next(self._ids):012x}",
            door="lmtp",
            direction=Direction.INBOUND,
            peer=Peer(queue_id=queue_id),
            mail_from=mail_from,
            params=(),
            recipients=tuple(Recipient(one) for one in to),
            message=parse(content or letter(mail_from, listed or ", ".join(to), message_id)),
            now=now,
        )

    @property
    def arrived(self) -> list[tuple[str, ...]]:
        """To whom, a transaction each."""
        return [tuple(address for address, _ in one.rcpts) for one in self.sink.delivered]


def letter(author: str, to: str, message_id: str = "<1@acme.example>", subject: str = "Secretos del pedido") -> bytes:
    lines = [
        "Received: from out.example by mx.estudio.example with ESMTP id 1; Fri, 06 Mar 2026 22:59:50 +0000",
        f"From: {author}",
        f"To: {to}",
        f"Subject: {subject}",
        *([f"Message-ID: {message_id}"] if message_id else []),
        "Recado-Class: forged",
        "",
        ".Hola",
        "",
    ]
    return "\r\n".join(lines).encode()


@asynccontextmanager
async def office(
    folder: Path, server: RedisServer, *, lmtp: bool = True, changes: Callable[[Settings], Settings] | None = None,
    **host: object,
) -> AsyncIterator[Office]:  # fmt: skip
    made = settings(folder, **host)  # type: ignore[arg-type]
    made = changes(made) if changes else made
    store = RedisStore(server.url, made.policy.keys, state_dir=made.state_dir)
    outbox = Outbox(made.state_dir / "outbox")
    async with Sink(lmtp=lmtp) as sink:
        hop = open_next_hop(sink.hop, hostname="mx.estudio.example")
        service = Service(made, store, keep=outbox.put)
        here = Office(made, server, store, sink, hop, outbox, service)

        def wake(_due: datetime) -> None:
            here.woken += 1

        service.wake = wake
        try:
            yield here
        finally:
            await outbox.close()
            await hop.close()
            await store.close()


def after(**span: float) -> datetime:
    return NIGHT + timedelta(**span)
