"""What a stored message teaches: its owner moved it into Junk or out of it, or wrote it himself. Values in, values out."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

from milter.core import address, authentication_results, mailboxes, reputation, sender
from milter.core.envelope import Transaction
from milter.core.evidence import WEIGHTS, Kind
from milter.core.message import MAX_LIST, Message
from milter.core.owner import Kind as IdentityKind
from milter.core.owner import Owner
from milter.core.policy import Addressed, Policy
from milter.core.reply_job import PersonKey
from milter.core.reputation import Record
from milter.core.sender import NameKind, Sender

MOST_RECIPIENTS = 50  # of one mail: who is written to along with more than that is not a correspondent
OLD = timedelta(days=1)  # a folder of sent mail may be copied here as a whole: what was written long ago is no news
_RECIPIENTS = ("to", "cc", "bcc")


class Lesson(StrEnum):
    """JUNK, HAM: moved into Junk, out of it. SENT: a copy of what the owner wrote."""

    JUNK = "junk"
    HAM = "ham"
    SENT = "sent"

    @property
    def kind(self) -> Kind:
        return _KINDS[self]


_KINDS = {Lesson.JUNK: Kind.JUNK, Lesson.HAM: Kind.NOT_JUNK, Lesson.SENT: Kind.WROTE}


@dataclass(frozen=True, slots=True)
class Learned:
    """`message`: a keyed name of the message, the same whenever this owner's same message comes again. `at`: when it was said.

    `people`: whom it is evidence about · `wrote`: persons the owner has written to.
    """

    lesson: Lesson
    owner: str
    message: str
    at: datetime
    people: tuple[Sender, ...]
    wrote: tuple[PersonKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Nothing:
    """It teaches nothing, and why: one sentence without a name."""

    why: str


PERSONAL = Nothing("a personal identity: of personal mail no statistics are kept")


def moved(
    transaction: Transaction, lesson: Lesson, addressed: Addressed, marked: bool, policy: Policy
) -> Learned | Nothing:
    """From a message as it arrived, moved by `addressed.owner` at `transaction.now`; `policy` trusts our own name.

    `marked`: it carried our fields, so it is nobody's personal mail, whatever mailbox it lies in.

    Who wrote it is believed as our own Authentication-Results say: they were put there at delivery, and forged ones removed.
    Nobody proven counts together with the network of `transaction.peer`.
    """
    message, owner = transaction.message, addressed.owner
    if addressed.identity.kind is IdentityKind.PERSONAL and not marked:
        return PERSONAL
    known = authentication_results.believed(transaction, policy).authentication
    found = sender.named(transaction, known, policy.recipient_delimiter)
    if found is None or not (found.kind is NameKind.LIST or mailboxes.is_address(found.name)):
        return Nothing("it names no sender: there is nobody to learn about")
    if policy.addressed(found.name):
        return Nothing("it was sent from an owner's own address: there is nothing to learn")
    name = policy.keys.name("learned", owner.id, "moved", message.header.decode("latin-1"))
    return Learned(lesson, owner.id, name, transaction.now, (found,))


def sent(message: Message, owner: Owner | None, policy: Policy, now: datetime) -> Learned | Nothing:
    """From the copy that a mail program stored of what its user sent. `owner` of the mailbox, None if that is not said."""
    author = policy.addressed(address.author(message)) if address.author(message) else None
    if author is None or (owner is not None and author.owner.id != owner.id):
        return Nothing("not written from an address of the owner")
    if author.identity.kind is IdentityKind.PERSONAL:
        return PERSONAL
    submitted = (message.first("auto-submitted") or "no").split(";")[0].strip().lower()
    if submitted != "no" or (message.first("content-type") or "").lower().startswith("multipart/report"):
        return Nothing("sent by the mail program itself, not by the owner")
    people = _written_to(message, policy)
    if not people:
        return Nothing("written to nobody but the owners themselves")
    if len(people) > MOST_RECIPIENTS:
        return Nothing(f"written to more than {MOST_RECIPIENTS} people at once")
    at = min(now, _date(message) or now)
    if now - at > OLD:
        return Nothing("written more than a day ago: an old letter that was copied here")
    owner = author.owner
    said = message.first("message-id") or message.header.decode("latin-1")
    persons = (address.correspondent_name(one, policy.recipient_delimiter) for one in people)
    return Learned(
        Lesson.SENT,
        owner.id,
        policy.keys.name("learned", owner.id, "sent", said),
        at,
        tuple(sender.of_address(one, policy.recipient_delimiter) for one in people),
        tuple(dict.fromkeys(PersonKey(owner.id, one) for one in persons)),
    )


def taken_back(record: Record, lesson: Lesson, since: datetime, now: datetime) -> Record:
    """The record without what this lesson of `since` has left in it."""
    weight, then = WEIGHTS[lesson.kind], reputation.at(record, now)
    left = reputation.at(Record(reputation.seconds(since), weight.good, weight.bad, weight.good), now)
    return replace(
        then,
        good=max(0.0, then.good - left.good),
        bad=max(0.0, then.bad - left.bad),
        burst=max(0.0, then.burst - left.burst),
        count=max(0, then.count - 1),
    )


def _written_to(message: Message, policy: Policy) -> tuple[str, ...]:
    """In order, without those that are owners' own."""
    values = (one.text(MAX_LIST) for one in message.fields if one.name in _RECIPIENTS)
    found = dict.fromkeys(
        address.normal(box.address) for each in values for box in mailboxes.parse(each) if box.address
    )
    return tuple(one for one in found if mailboxes.is_address(one) and not policy.addressed(one))


def _date(message: Message) -> datetime | None:
    try:
        at = parsedate_to_datetime((message.first("date") or "")[:64])
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
