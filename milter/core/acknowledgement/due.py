"""The gate once more, when a reply is about to leave: is it still true?"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from milter.core.acknowledgement.asked import WHENEVER
from milter.core.acknowledgement.intent import LATEST, PROMISING
from milter.core.acknowledgement.texts import CALL_REQUEST, text_for
from milter.core.decision import Reason
from milter.core.hours import Closed, Open, Schedule
from milter.core.itip_answer import CallHours
from milter.core.overrides import Override, add_working, last_opening, state_at
from milter.core.owner import Client, Identity, Invitations, Kind, Mode, Owner
from milter.core.policy import Policy
from milter.core.reasons import reason
from milter.core.reply_job import NOTHING_KNOWN, PersonRecord, ReplyIntent, ReplyKind


def still_due(
    intent: ReplyIntent,
    now: datetime,
    policy: Policy,
    person: PersonRecord = NOTHING_KNOWN,
    overrides: Sequence[Override] = (),
) -> Reason | None:
    """None: send it now. Else why it is withheld; in shadow, rehearsed. `policy` as in force now, not as it was when the mail came.

    `person`: what the store knows now of whom it would go to; `overrides`: what the owner has changed of his hours.
    """
    configured = _configured(intent, policy)
    if configured is None:
        return reason("reply-withheld-owner-gone")
    owner, identity, client, schedule = configured
    changed = overrides if identity.kind is Kind.BUSINESS else ()
    if owner.replies.mode is Mode.OFF:
        return reason("reply-withheld-off")
    if now.timestamp() > intent.not_after.timestamp():
        return reason("reply-withheld-expired", intent.not_after.isoformat())
    if person.opted_out:
        return reason("reply-withheld-opted-out")
    if _owner_wrote(intent, schedule, person, changed):
        return reason("reply-withheld-owner-wrote", person.wrote.isoformat() if person.wrote else "")
    if _kind(intent) is ReplyKind.INVITATION and (against := _invitation(intent, now, identity, client, changed)):
        return against
    is_open = isinstance(state_at(schedule, now, changed), Open)
    if is_open and _kind(intent) not in WHENEVER:
        return reason("reply-withheld-opened")
    # Last: the owner is shown a rehearsal only where the reply would have left.
    if intent.shadow or owner.replies.mode is Mode.SHADOW:
        return reason("reply-shadow-mode")
    return None


def up_to_date(intent: ReplyIntent, now: datetime, policy: Policy, overrides: Sequence[Override] = ()) -> ReplyIntent:
    """The reply with the opening as it stands now: a day closed, or a vacation entered, while it waited.

    What was promised moves with it, and so does the last moment: the opening that it was to come before is put off.
    """
    configured = _configured(intent, policy)
    if configured is None or intent.opens is None:
        return intent
    owner, identity, client, schedule = configured
    changed = overrides if identity.kind is Kind.BUSINESS else ()
    state = state_at(schedule, now.astimezone(owner.timezone), changed)
    if isinstance(state, Open) and _kind(intent) in WHENEVER:
        return replace(intent, opens=None)  # it leaves all the same, and must not say that it is closed
    if not isinstance(state, Closed) or state.opens is None:
        return intent
    opens = state.opens.astimezone(UTC)
    if opens == intent.opens:
        return intent
    text = text_for(_kind(intent), state, client, owner, call=intent.template == CALL_REQUEST)
    known = text is not None and (not owner.texts or (text.template, intent.language) in owner.texts)
    template = text.template if text and known else intent.template
    last = max(intent.not_after, min(opens, intent.not_before + LATEST)) if changed else intent.not_after
    due = _due(intent, template, client, schedule, changed)
    return replace(intent, opens=opens, template=template, due=due, not_after=last)


def _due(
    intent: ReplyIntent,
    template: str,
    client: Client | None,
    schedule: Schedule | None,
    overrides: Sequence[Override],
) -> datetime | None:
    span = client.plan.answer_within if client and client.plan else None
    if span is None or template not in PROMISING:
        return None
    return add_working(schedule, intent.created, span, overrides)


def _configured(intent: ReplyIntent, policy: Policy) -> tuple[Owner, Identity, Client | None, Schedule | None] | None:
    """Who replies to whom by which hours; None if one of them is configured no more."""
    owner = policy.owner(intent.owner)
    identity = owner.identity(intent.identity) if owner else None
    if owner is None or identity is None:
        return None
    client = owner.clients.get(intent.client) if intent.client is not None else None
    if intent.client is not None and client is None:
        return None
    return owner, identity, client, identity.schedule_for(client)


def _kind(intent: ReplyIntent) -> ReplyKind:
    return intent.claims[0].key.kind


def _invitation(
    intent: ReplyIntent, now: datetime, identity: Identity, client: Client | None, overrides: Sequence[Override]
) -> Reason | None:
    """Whether the answer is still the right one: the hours may be others by now, and what was free taken."""
    calls = CallHours.of(identity, client, overrides)
    if identity.invitations is Invitations.TAG or calls is None:
        return reason("reply-withheld-off")
    if intent.asked and not calls.outside(intent.asked):
        return reason("reply-withheld-call-hours")
    if intent.offered and (intent.offered[0][0] <= now or calls.outside(intent.offered)):
        return reason("reply-withheld-call-taken", intent.offered[0][0].isoformat())
    return None


def _owner_wrote(
    intent: ReplyIntent, schedule: Schedule | None, person: PersonRecord, overrides: Sequence[Override]
) -> bool:
    """Since the mail came, or, for a reply that speaks of the hours, since the office last opened before it came."""
    if person.wrote is None:
        return False
    timely = _kind(intent) not in WHENEVER
    opened = last_opening(schedule, intent.created, overrides) if timely else None
    return person.wrote >= min(opened or intent.created, intent.created)
