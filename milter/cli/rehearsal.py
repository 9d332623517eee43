"""The use case without a door: what replay and explain ask of the service."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TypeVar

import click

from milter.cli.letters import Letter
from milter.core import reasons
from milter.core.authentication_results import FIELD, own_id
from milter.core.decision import Decision, QueueReply
from milter.core.envelope import Direction, Peer, Recipient, Transaction
from milter.core.message import Message
from milter.errors import SmtpReply, StoreAway
from milter.settings import load
from milter.settings.values import Settings
from milter.store.api import Event, FactsQuery, Settled, StoredFacts
from milter.store.redis import RedisStore

DELIVERED = SmtpReply(250, "2.0.0", "Rehearsed")
PATIENCE = 60.0  # seconds; a quarter of a second is all that mail would wait
Answer = TypeVar("Answer")


class Patient:
    """A scratch store that is waited for: on a busy machine a rehearsal takes longer, and does not end."""

    def __init__(self, store: RedisStore) -> None:
        self.store = store

    async def facts(self, query: FactsQuery) -> StoredFacts:
        return await self._until_answered(lambda: self.store.facts(query))

    async def settle(self, event: Event) -> Settled:
        return await self._until_answered(lambda: self.store.settle(event))

    async def _until_answered(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    try:
                        return await ask()
                    except StoreAway:
                        await self.store.link.back()
        except TimeoutError:
            raise StoreAway("the scratch store does not answer") from None


def settings_of(file: Path) -> Settings:
    """The settings, with Authentication-Results in our own name believed: we stamped them. Exit 2 with the problems."""
    loaded = load(file, make_secret=False, today=datetime.now(UTC).date())
    settings = loaded.settings
    nobody = settings is None or not settings.policy.owners
    for problem in loaded.problems:
        if nobody or not problem.warning:
            click.echo(str(problem), err=True)
    if settings is None or nobody:
        raise SystemExit(2)
    ids = (*settings.policy.trusted_authserv_ids, own_id(settings.policy))
    return replace(settings, policy=replace(settings.policy, trusted_authserv_ids=ids))


def transaction(letter: Letter, number: int, settings: Settings) -> Transaction:
    """`number` plays the queue id: two equal messages in a mailbox were two messages."""
    return Transaction(
        id=f"{number:012x}",
        door="replay",
        direction=Direction.INBOUND,
        peer=Peer(queue_id=f"replay-{number}"),
        mail_from=letter.mail_from,
        params=(),
        recipients=tuple(Recipient(one) for one in letter.rcpt_to),
        message=_received(letter.message, letter.at, settings),
        now=letter.at.astimezone(UTC),
    )


def _received(message: Message, at: datetime, settings: Settings) -> Message:
    """Results are believed by their place beside our own Postfix's Received. Where there is none, they stand above it."""
    if message.has("received") or not message.has(FIELD) or not message.header.endswith(b"\r\n"):
        return message
    line = f"Received: by {settings.policy.hostname}; {format_datetime(at)}\r\n".encode("ascii", "replace")
    return Message(message.header + line, message.body, message.has_body)


def as_claimed(decision: Decision, claimed: frozenset[str]) -> Decision:
    """The decision as it stands after the claim: a reply that the store did not grant is withheld, with its reason."""
    if decision.reply is None or decision.reply.message_id in claimed:
        return decision
    actions = tuple(one for one in decision.actions if not isinstance(one, QueueReply))
    kept = tuple(one for one in decision.reasons if not one.code.startswith("reply-due-"))
    return reasons.because(replace(decision, actions=actions, reasons=kept), "reply-withheld-answered")


@contextmanager
def quiet() -> Iterator[None]:
    """The daemon's log lines do not belong between the answers of a command; errors do."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def now() -> datetime:
    return datetime.now(UTC)
