"""The records a reply claims: how long the same person gets no second one (S30)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from milter.core import address
from milter.core.case import Case
from milter.core.hours import Closed, Open
from milter.core.itip_answer import Answer
from milter.core.owner import Identity, Mode, Trust
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
    if kind is ReplyKind.PROSPECT and case.owner.replies.trust is not Trust.ANYONE:
        return _of_stranger(case, identity, state)
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


def _of_stranger(case: Case, identity: Identity, state: Open | Closed) -> tuple[ClaimRequest, ...]:
    """Used up is the one text of whoever is proven to read it, and the author's where it comes from his own organisation.

    From elsewhere, what SRS wraps and what From says is one more sender's word: it counts together with his domain, else a
    forger could see to it that the true author is never answered. Whom the author's own record names as told is told no more.
    """
    delimiter, believed = case.policy.recipient_delimiter, case.authentication
    reader = address.without_detail(address.untagged(case.transaction.mail_from), delimiter)
    author = address.correspondent_name(case.author, delimiter)
    here, his = (address.organisational_domain(address.split(one)[1]) for one in (reader, author))
    own = believed is not None and believed.author_authenticated and here == his
    names = dict.fromkeys((reader, author if own else f"{author} by {here}"))
    said = dict.fromkeys((address.correspondent_name(case.transaction.mail_from, delimiter), author))
    written = [_claim(case, ReplyKind.PROSPECT, identity, state, one) for one in names]
    asked = [_claim(case, ReplyKind.PROSPECT, identity, state, one) for one in said if one not in names]
    return (*written, *(replace(one, until=case.transaction.now, opens=None) for one in asked))


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
