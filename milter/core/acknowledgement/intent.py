"""The reply that was decided, as a value that can be kept, decided again and rendered when due."""

from datetime import UTC, timedelta
from functools import lru_cache

from milter.core import address, marks
from milter.core.acknowledgement.asked import WHENEVER, Asked
from milter.core.acknowledgement.subject import subject_of
from milter.core.case import Case
from milter.core.message import Message
from milter.core.owner import Identity
from milter.core.reply_job import ReplyIntent, ReplyKind

LATEST = timedelta(hours=24)  # after it was due
PROMISING = ("closed",)  # texts that say until when an answer comes: nothing is promised that nobody reads
MOST_REFERENCES = 11  # the thread's root and the last ten


def intent_of(question: Asked) -> ReplyIntent:
    """From a question that no rule answered with "no"; `text` is there."""
    case, identity, text = question.case, question.identity, question.text
    assert text is not None
    transaction, keys = case.transaction, case.policy.keys
    now, opens = transaction.now.astimezone(UTC), question.opens
    correspondent = transaction.mail_from
    answer = question.answer
    sender = answer.attendee if answer else _from_address(case, identity, question.kind)
    last = question.not_before + LATEST
    # A letter that only names the opening is of no use after it; an answer to an invitation until the event begins.
    ends = answer.before if answer else opens
    own = question.claims[0].key
    name = (own.owner, own.identity, own.person, own.kind, marks.parent_name(case.message, keys), now.isoformat())
    parent = marks.parent_id(case.message)
    return ReplyIntent(
        claims=question.claims,
        opens=opens,
        owner=case.owner.id,
        identity=identity.name,
        from_address=sender,
        correspondent=correspondent,
        client=question.client.id if question.client else None,
        template=text.template,
        language=text.language,
        trust=case.owner.replies.trust.value,
        subject=subject_of(case.message),
        parent_id=parent,
        references=_references(case.message, parent) if parent else (),
        message_id=marks.reply_id(keys, case.policy.hostname, *name),
        smtputf8=not all(address.as_ascii(one).isascii() for one in (correspondent, sender)),  # R12
        created=now,
        not_before=question.not_before.astimezone(UTC),
        not_after=min(ends.astimezone(UTC), last) if ends else last,
        calendar=answer.calendar if answer else "",
        asked=answer.asked if answer else (),
        offered=answer.offered if answer else (),
        due=question.due if text.template in PROMISING else None,
        cause=transaction.id,
    )


def _references(message: Message, parent: str) -> tuple[str, ...]:
    """R5, RFC 5322 section 3.6.4: the parent's References, else its In-Reply-To, and the parent; the middle of long ones cut."""
    ids = marks.message_ids(message.first("references") or "")
    if not ids:
        answered = marks.message_ids(message.first("in-reply-to") or "")
        ids = answered if len(answered) == 1 else []
    ids = [*dict.fromkeys(one for one in ids if one != parent), parent]
    return tuple(ids if len(ids) <= MOST_REFERENCES else [ids[0], *ids[1 - MOST_REFERENCES :]])


def _from_address(case: Case, identity: Identity, kind: ReplyKind) -> str:
    """R8, RFC 5230 section 5.4: the address the client wrote to, always one of the identity's, never copied from the message."""
    exact = [one for one in identity.addresses if not one.startswith("@")]
    first = exact[0] if exact else identity.mailbox
    if kind in WHENEVER:
        return first
    delimiter = case.policy.recipient_delimiter
    listed = _without_details(case.message.listed, delimiter)
    original = address.without_detail(address.normal(case.recipient.original), delimiter)
    received = address.without_detail(address.normal(case.recipient.address), delimiter)
    if original in exact:
        return original
    if received in listed:
        return received
    return next((one for one in exact if one in listed), first)


@lru_cache(maxsize=4)
def _without_details(listed: frozenset[str], delimiter: str) -> frozenset[str]:
    """Once a message, not once a recipient: a thousand of each are a million."""
    return frozenset(address.without_detail(address.normal(one), delimiter) for one in listed)
