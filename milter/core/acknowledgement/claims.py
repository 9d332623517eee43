"""The records a reply claims: how long the same person gets no second one (S30)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from milter.core import address
from milter.core.case import Case
from milter.core.hours import Closed, Open
from milter.core.itip_answer import Answer
from milter.core.owner import Identity, Mode
from milter.core.reply_job import ClaimKey, ClaimRequest, Guard, ReplyKind

EVER = datetime(9999, 12, 31, tzinfo=UTC)
SHORT = timedelta(hours=24)  # a night or a morning; what is longer is announced each time
WRONG_ADDRESS = timedelta(days=180)
POINTER = timedelta(days=365)
INVITATION = timedelta(days=400)


def claims_of(
    case: Case, kind: ReplyKind, identity: Identity, state: Open | Closed, answer: Answer | None = None
) -> tuple[ClaimRequest, ...]:
    """The reply's own record first. Also for the author, who may write through another envelope next time."""
    delimiter = case.policy.recipient_delimiter
    names = [address.correspondent_name(case.transaction.mail_from, delimiter)]
    if case.author:
        names.append(address.correspondent_name(case.author, delimiter))
    people = dict.fromkeys(names)
    found = [_claim(case, kind, identity, state, one) for one in people]
    if answer:
        # Once an event and SEQUENCE, whoever asks. The person is only written along.
        found = [replace(one, guard=Guard.NONE) for one in found]
        key = replace(found[0].key, person=answer.name)
        found.insert(0, ClaimRequest(key, case.transaction.now + INVITATION, None, Guard.UNTIL))
    if kind is ReplyKind.WRONG_ADDRESS and isinstance(state, Closed):
        # It says when the office opens, so it counts as this period's acknowledgement; none made before forbids it.
        written = [_claim(case, ReplyKind.ACKNOWLEDGEMENT, identity, state, one) for one in people]
        found += [ClaimRequest(one.key, one.until, one.opens, Guard.NONE, one.since) for one in written]
    return tuple(found)


def _claim(case: Case, kind: ReplyKind, identity: Identity, state: Open | Closed, person: str) -> ClaimRequest:
    key = ClaimKey(case.owner.id, identity.name, person, kind, case.owner.replies.mode is Mode.SHADOW)
    now, replies = case.transaction.now, case.owner.replies
    closed = state if isinstance(state, Closed) else None
    opens = closed.opens.astimezone(UTC) if closed and closed.opens else None
    since = closed.since.astimezone(UTC) if closed and closed.since else None
    if kind is ReplyKind.INVITATION:
        return ClaimRequest(key, now + INVITATION, None, Guard.UNTIL)
    if kind is ReplyKind.POINTER:
        return ClaimRequest(key, now + POINTER, None, Guard.UNTIL)
    if kind is ReplyKind.WRONG_ADDRESS:
        return ClaimRequest(key, now + WRONG_ADDRESS, opens, Guard.UNTIL)
    if replies.once_per is not None:
        return ClaimRequest(key, now + replies.once_per, opens, Guard.UNTIL)
    if kind is ReplyKind.PROSPECT:
        return ClaimRequest(key, EVER, opens, Guard.UNTIL)
    if opens is None:
        return ClaimRequest(key, now + replies.repeat, None, Guard.UNTIL)
    if _is_short(state):
        return ClaimRequest(key, max(opens, now + replies.repeat), opens, Guard.REPEAT, since)
    return ClaimRequest(key, opens, opens, Guard.OPENS, since)


def _is_short(state: Open | Closed) -> bool:
    """Measured in UTC: the night of the clock change is an hour shorter or longer, but still a night."""
    if not isinstance(state, Closed) or state.since is None or state.opens is None:
        return False
    return state.opens.astimezone(UTC) - state.since.astimezone(UTC) < SHORT
