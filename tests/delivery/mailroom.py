"""Ana's office with both ends of a reply in sight: the world outside, and her own mailbox."""

import quopri
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from milter.core.reply_job import State
from milter.delivery.next_hop import Sender, open_next_hop
from milter.delivery.owner_mail import OwnerMail
from milter.delivery.reply_queue import ReplyQueue
from milter.errors import SmtpReply
from milter.service import Service
from milter.settings.values import Settings
from milter.store.redis import RedisStore
from tests.doubles.redis_server import RedisServer
from tests.doubles.sink import Delivery, Sink
from tests.service.office import LAURA, NIGHT, STUDIO, Office
from tests.service.office import settings as settings_in

STORED = SmtpReply(250, "2.0.0", "stored")


@dataclass
class Room:
    """`outside` takes replies, `inside` is the next hop of the mailboxes; `now` and `settings` are the test's to change."""

    settings: Settings
    store: RedisStore
    outside: Sink
    inside: Sink
    hop: Sender
    owner_mail: OwnerMail
    now: datetime = NIGHT
    states: list[State] = field(default_factory=list)

    async def mail(self, person: str = LAURA, to: str = STUDIO, name: str = "1", expected: int = 1) -> None:
        """A message arrived at `now`; so many replies are due."""
        service = Service(self.settings, self.store, keep=lambda event: pytest.fail("the store is away"))
        there = Office(self.settings, None, self.store, self.outside, self.hop, None, service)  # type: ignore[arg-type]
        one = there.transaction(to, mail_from=person, message_id=f"<{name}@acme.example>", now=self.now)
        settled = await service.settle(await service.examine(one, "test"), [STORED])
        assert len(settled.claimed) == expected

    async def turn(self) -> None:
        """One look at the queue, and the end of everything that it begins, as at a drain."""
        queue = ReplyQueue(
            lambda: self.settings,
            self.store,
            lambda settings: self.hop if settings.reply_next_hop else None,
            lambda: self.now,
            self.owner_mail,
        )
        await queue.turn()
        await queue.close()
        await self.owner_mail.close()

    async def codes(self) -> list[str]:
        """What the journal says became of replies."""
        entries = await self.store.history.journal("ana", NIGHT.replace(day=1), 100)
        return [one.entry.code for one in entries if "message_id" in one.entry.fields]

    def change(self, **changes: object) -> None:
        """Of Ana's configuration."""
        (ana,) = self.settings.policy.owners
        self.configure(owners=(replace(ana, **changes),))  # type: ignore[arg-type]

    def configure(self, **changes: object) -> None:
        """Of the host's policy."""
        self.settings = replace(self.settings, policy=replace(self.settings.policy, **changes))  # type: ignore[arg-type]


@asynccontextmanager
async def room(folder: Path, redis: RedisServer, *, lmtp: bool = True, **host: object) -> AsyncIterator[Room]:
    settings = settings_in(folder, **host)  # type: ignore[arg-type]
    async with AsyncExitStack() as stack:
        store = RedisStore(redis.url, settings.policy.keys, state_dir=settings.state_dir)
        stack.push_async_callback(store.close)
        await store.prepare(NIGHT)
        outside, inside = await stack.enter_async_context(Sink()), await stack.enter_async_context(Sink(lmtp=lmtp))
        hops = [open_next_hop(one.hop, hostname="mx.estudio.example") for one in (outside, inside)]
        for one in hops:
            stack.push_async_callback(one.close)
        yield Room(settings, store, outside, inside, hops[0], OwnerMail(lambda settings: hops[1]))


def read(delivery: Delivery) -> EmailMessage:
    found = message_from_bytes(delivery.data, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def texts(delivery: Delivery) -> tuple[str, str]:
    """The text and the HTML part."""
    parts = re.split(rb"--=_\w+(?:--)?\r\n", delivery.data)[1:3]
    bodies = [quopri.decodestring(one.partition(b"\r\n\r\n")[2]).decode() for one in parts]
    return bodies[0].replace("\r\n", "\n"), bodies[1].replace("\r\n", "\n")
