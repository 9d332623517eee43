"""Rules about the envelope sender, to whom a reply would go (R1, RFC 3834 section 4: never to Reply-To)."""

import re
from typing import TYPE_CHECKING

from milter.core import address, mailboxes, standing
from milter.core.case import Case
from milter.core.classify import client_of
from milter.core.decision import Decision, Reason
from milter.core.facts import Missing
from milter.core.owner import Client, Trust
from milter.core.reasons import reason
from milter.core.reply_job import ReplyKind

if TYPE_CHECKING:
    from milter.core.acknowledgement.asked import Asked

_HOST = re.compile(r"(?=.{4,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62})+")
_LONGEST_LOCAL = 64  # RFC 5321 section 4.5.3.1.1, in octets


def unusable(case: Case) -> Reason | None:
    """An address literal, a bare host name or broken syntax: nothing a reply could or should be sent to."""
    sender = case.transaction.mail_from
    local, domain = address.split(sender)
    usable = (
        mailboxes.is_address(sender)
        and 0 < len(local.encode("utf-8", "replace")) <= _LONGEST_LOCAL
        and not domain.endswith(".")
        and _HOST.fullmatch(address.normal_domain(domain)) is not None
    )
    return None if usable else reason("reply-withheld-unusable-sender")


def not_trusted(question: "Asked") -> Reason | None:
    """Unless trust is "anyone", the envelope sender must be proven; "known" answers clients, and whose standing is trusted."""
    case = question.case
    trust = case.owner.replies.trust
    if question.kind is ReplyKind.POINTER and not _goes_to_people(case):
        # It tells of her home: whatever is believed of the author, it goes to nobody who is not listed.
        return reason("reply-withheld-unauthenticated", "the correspondent is none of the people")
    if trust is Trust.ANYONE:
        return None
    if case.authentication is None or not case.authentication.correspondent_authenticated:
        known = case.facts.authentication
        return reason("reply-withheld-unauthenticated", known.why if isinstance(known, Missing) else known.summary)
    if question.client is None and question.kind is ReplyKind.WRONG_ADDRESS:
        # This text tells one address of the owner to who knows another: for the proven client alone.
        return reason("reply-withheld-unauthenticated", "the author is not proven to be the client")
    if question.kind is ReplyKind.POINTER:
        author = case.authentication.author_authenticated
        return None if author else reason("reply-withheld-unauthenticated", "the author is not proven")
    if question.client is None and trust is Trust.KNOWN and not trusted_stranger(question):
        return reason("reply-withheld-unknown")
    return None


def distrusted(case: Case, decision: Decision) -> Reason | None:
    """A look-alike learns nothing, not even when the office is closed; nor does a sender with a bad standing.

    Where mail is believed what it says, a standing that only its unproven name has says nothing: anybody could spoil it.
    """
    if standing.resembles(decision):
        return reason("reply-withheld-look-alike")
    proven = case.authentication is not None and case.authentication.author_authenticated
    if decision.standing == standing.BAD and (proven or case.owner.replies.trust is not Trust.ANYONE):
        return reason("reply-withheld-bad-standing")
    return None


def trusted_stranger(question: "Asked") -> bool:
    """With "known": whoever would read the reply is proven to be the author, and the author's standing is trusted.

    A trusted author's signature on a mail that somebody else sends again is worth nothing to that other one.
    """
    case = question.case
    if case.owner.replies.trust is not Trust.KNOWN or question.kind is not ReplyKind.PROSPECT:
        return False
    known, believed = case.standing, case.authentication
    if known is None or known.code != standing.TRUSTED or believed is None or not believed.author_authenticated:
        return False
    delimiter = case.policy.recipient_delimiter
    reader = address.without_detail(address.untagged(case.transaction.mail_from), delimiter)
    return bool(case.author) and reader == address.without_detail(case.author, delimiter)


def _goes_to_people(case: Case) -> bool:
    book, name = case.owner.people_book, address.untagged(case.transaction.mail_from)
    names = (name, address.without_detail(name, case.policy.recipient_delimiter))
    return any(book.by_address(one) or book.by_domain(one) for one in names)


def opted_out(question: "Asked") -> Reason | None:
    """By a reply to one of ours, whoever of the two wrote it. Asked of the first look at the store; settle asks again."""
    return reason("reply-withheld-opted-out") if any(one.opted_out for one in question.people) else None


def proven_client(case: Case, decision: Decision) -> Client | None:
    """The client whose text may be sent: with trust "anyone" the author's; else author and correspondent must both be proven
    to be of that client."""
    client = decision.client
    if client is None or case.owner.replies.trust is Trust.ANYONE:
        return client
    known = case.authentication
    if known is None or not (known.author_authenticated and known.correspondent_authenticated):
        return None
    found = client_of(case.owner, case.transaction.mail_from, case.policy.recipient_delimiter)
    return client if found and found.id == client.id else None
