"""Bounces of our own replies, taken at the door: noted in the store and delivered nowhere.

Only the null reverse-path and a mark that we made make one; whatever else comes to the bounce address is carried as mail of no
owner.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from milter import logs
from milter.core import bounces
from milter.core.address import NULL
from milter.core.envelope import Transaction
from milter.core.policy import Policy
from milter.doors.relay import Carry
from milter.errors import SmtpReply, StoreAway

log = logging.getLogger("milter.doors")

NOTED = SmtpReply(250, "2.6.0", "Bounce noted")
LATER = SmtpReply(451, "4.3.0", "The bounce cannot be noted now, try again later")

# (record, now, journal code, status, no reply before) -> whether the record is known: `Replies.bounced`
Note = Callable[[str, datetime, str, str, datetime | None], Awaitable[bool]]


def taken(carry: Carry, policy: Callable[[], Policy], note: Note) -> Carry:
    """`carry`, but for the recipients that are return addresses of our replies."""

    async def relay(transaction: Transaction) -> tuple[SmtpReply, ...]:
        records = _records(transaction, policy())
        if not any(records):
            return await carry(transaction)
        others = tuple(one for one, record in zip(transaction.recipients, records, strict=True) if record is None)
        replies = iter(await carry(replace(transaction, recipients=others)) if others else ())
        return tuple([next(replies) if one is None else await _noted(transaction, one, note) for one in records])

    return relay


def _records(transaction: Transaction, policy: Policy) -> list[str | None]:
    if transaction.mail_from != NULL or not policy.bounce_address:
        return [None]
    return [bounces.returned_to(policy, one.address, transaction.now) for one in transaction.recipients]


async def _noted(transaction: Transaction, record: str, note: Note) -> SmtpReply:
    found = bounces.bounce(transaction.message)
    now = transaction.now
    told: dict[str, object] = {"reason": found.code, "status": found.status}
    token = logs.transaction_id.set(transaction.id)
    try:
        known = await note(record, now, found.code, found.status, now + bounces.SILENT if found.hard else None)
        log.info("bounce noted" if known else "bounce of a reply long forgotten", extra=told)
        return NOTED
    except StoreAway as away:
        log.warning("a bounce waits: the store is away", extra=told | {"cause": str(away)})
        return LATER
    finally:
        logs.transaction_id.reset(token)
