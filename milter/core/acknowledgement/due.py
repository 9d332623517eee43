"""The gate once more, when a reply is about to leave: is it still true?"""

from dataclasses import replace
from datetime import UTC, datetime

from milter.core.acknowledgement.asked import WHENEVER
from milter.core.acknowledgement.texts import text_for
from milter.core.decision import Reason
from milter.core.hours import Closed, Open, Schedule, last_opening, state_at
from milter.core.owner import Client, Mode, Owner
from milter.core.policy import Policy
from milter.core.reasons import reason
from milter.core.reply_job import NOTHING_KNOWN, PersonRecord, ReplyIntent, ReplyKind


def still_due(
    intent: ReplyIntent, now: datetime, policy: Policy, person: PersonRecord = NOTHING_KNOWN
) -> Reason | None:
    """None: send it now. Else why it is withheld; in shadow, rehearsed. `policy` as in force now, not as it was when the mail came.

    `person`: what the store knows now of whom it would go to.
    """
    configured = _configured(intent, policy)
    if configured is None:
        return reason("reply-withheld-owner-gone")
    owner, _, schedule = configured
    if owner.replies.mode is Mode.OFF:
        return reason("reply-withheld-off")
    if now.timestamp() > intent.not_after.timestamp():
        return reason("reply-withheld-expired", intent.not_after.isoformat())
    if person.opted_out:
        return reason("reply-withheld-opted-out")
    if _owner_wrote(intent, schedule, person):
        return reason("reply-withheld-owner-wrote", person.wrote.isoformat() if person.wrote else "")
    is_open = schedule is None or isinstance(state_at(schedule, now), Open)
    if is_open and _kind(intent) not in WHENEVER:
        return reason("reply-withheld-opened")
    # Last: the owner is shown a rehearsal only where the reply would have left.
    if intent.shadow or owner.replies.mode is Mode.SHADOW:
        return reason("reply-shadow-mode")
    return None


def up_to_date(intent: ReplyIntent, now: datetime, policy: Policy) -> ReplyIntent:
    """The reply with the opening as it stands now: a day closed, or a vacation entered, while it waited."""
    configured = _configured(intent, policy)
    if configured is None or intent.opens is None:
        return intent
    owner, client, schedule = configured
    state = state_at(schedule, now) if schedule else None
    if not isinstance(state, Closed) or state.opens is None:
        return intent
    opens = state.opens.astimezone(UTC)
    if opens == intent.opens:
        return intent
    text = text_for(_kind(intent), state, client, owner)
    known = text is not None and (not owner.texts or (text.template, intent.language) in owner.texts)
    return replace(intent, opens=opens, template=text.template if text and known else intent.template)


def _configured(intent: ReplyIntent, policy: Policy) -> tuple[Owner, Client | None, Schedule | None] | None:
    """Who replies to whom by which hours; None if one of them is configured no more."""
    owner = policy.owner(intent.owner)
    identity = owner.identity(intent.identity) if owner else None
    if owner is None or identity is None:
        return None
    client = owner.clients.get(intent.client) if intent.client is not None else None
    if intent.client is not None and client is None:
        return None
    return owner, client, identity.schedule_for(client)


def _kind(intent: ReplyIntent) -> ReplyKind:
    return intent.claims[0].key.kind


def _owner_wrote(intent: ReplyIntent, schedule: Schedule | None, person: PersonRecord) -> bool:
    """Since the mail came, or, for a reply that speaks of the hours, since the office last opened before it came."""
    if person.wrote is None:
        return False
    opened = last_opening(schedule, intent.created) if schedule and _kind(intent) not in WHENEVER else None
    return person.wrote >= min(opened or intent.created, intent.created)
