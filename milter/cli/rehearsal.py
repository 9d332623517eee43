"""The use case without a door: what replay and explain ask of the service."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click

from milter.cli.source import Letter
from milter.core.envelope import Direction, Peer, Recipient, Transaction
from milter.errors import SmtpReply
from milter.service import Examination
from milter.settings import load
from milter.settings.values import Settings

DELIVERED = SmtpReply(250, "2.0.0", "Rehearsed")


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """`claimed`: message-ids of the replies that the store granted."""

    examination: Examination
    claimed: frozenset[str]


def settings_of(file: Path, *, own_results: bool) -> Settings:
    """The settings, or exit 2 with their problems. `own_results`: Authentication-Results in our own name are believed."""
    loaded = load(file, make_secret=False)
    for problem in loaded.problems:
        if not problem.warning:
            click.echo(str(problem), err=True)
    if loaded.settings is None:
        raise SystemExit(2)
    settings = loaded.settings
    if own_results:
        ids = (*settings.policy.trusted_authserv_ids, settings.policy.authserv_id or settings.policy.hostname)
        settings = replace(settings, policy=replace(settings.policy, trusted_authserv_ids=ids))
    return settings


def transaction(letter: Letter, number: int) -> Transaction:
    """`number` plays the queue id: two equal messages in a mailbox were two messages."""
    return Transaction(
        id=f"{number:012x}",
        door="replay",
        direction=Direction.INBOUND,
        peer=Peer(queue_id=f"replay-{number}"),
        mail_from=letter.mail_from,
        params=(),
        recipients=tuple(Recipient(one) for one in letter.rcpt_to),
        message=letter.message,
        now=letter.at.astimezone(UTC),
    )


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
