"""Who wrote: the sender's class, as the README has it ("What happens to whom"); and whether the copy is marked or untouched."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from milter.core import address, automatic, spam
from milter.core.automatic import Look
from milter.core.case import Case
from milter.core.decision import Decision, Disposition, Reason, SenderClass
from milter.core.facts import Missing
from milter.core.owner import AddressBook, Client, Kind, Owner
from milter.core.reasons import reason
from milter.core.reply_job import PersonKey


@dataclass(frozen=True, slots=True)
class Found:
    """Who wrote, by one of the questions below, and why we say so."""

    sender_class: SenderClass
    client: Client | None
    reason: Reason


def classify(case: Case, decision: Decision) -> Decision:
    """First match wins: self, alert, spam, automatic, then what the owner's lists say of the author."""
    listed = _by_lists(case)
    found = _self(case) or _alert(case) or _spam(case) or _automatic(case, listed) or listed
    marked = case.identity.kind is Kind.BUSINESS or found.sender_class is SenderClass.ALERT
    return replace(
        decision,
        sender_class=found.sender_class,
        client=found.client,
        disposition=Disposition.MARKED if marked else Disposition.UNTOUCHED,
        reasons=(*decision.reasons, found.reason),
    )


def _self(case: Case) -> Found | None:
    """S25: author or envelope sender, also inside SRS or BATV, is one of the owner's addresses, whatever its case and detail."""
    sender = case.transaction.mail_from
    senders = (sender, address.unwrapped(sender), *(one.address for one in case.message.authors))
    if any(case.own(one) for one in senders):
        return Found(SenderClass.SELF, None, reason("sender-is-self"))
    return None


def _alert(case: Case) -> Found | None:
    book = case.owner.alert_book
    if _entry(case, book, AddressBook.by_address) or _entry(case, book, AddressBook.by_domain):
        return Found(SenderClass.ALERT, None, reason("sender-is-alert"))
    return None


def _spam(case: Case) -> Found | None:
    verdict = spam.verdict(case.message)
    return Found(SenderClass.SPAM, None, reason("sender-is-spam", verdict)) if verdict else None


def _automatic(case: Case, listed: Found) -> Found | None:
    sign = automatic.sign_of(Look(case.message, case.transaction.mail_from, case.recipient.address, case.policy))
    if sign is None:
        return None
    return Found(SenderClass.AUTOMATIC, listed.client, reason(f"sender-automatic-{sign.cause}", sign.evidence))


def _by_lists(case: Case) -> Found:
    """By exact address in any list, then by domain in any list; only then what the owner has written."""
    owner = case.owner
    for how, ask in (("address", AddressBook.by_address), ("domain", AddressBook.by_domain)):
        if client := owner.clients.get(_entry(case, owner.client_book, ask)):
            return Found(SenderClass.CLIENT, client, reason(f"sender-is-client-{how}"))
        if _entry(case, owner.contact_book, ask):
            return Found(SenderClass.CONTACT, None, reason(f"sender-is-contact-{how}"))
        if _entry(case, owner.people_book, ask):
            return Found(SenderClass.PERSONAL, None, reason(f"sender-is-personal-{how}"))
    known = written_to(case)
    if known is True:
        return Found(SenderClass.CONTACT, None, reason("sender-is-contact-known"))
    unknown = f"whom the owner has written to is not known: {known.why}" if isinstance(known, Missing) else ""
    return Found(SenderClass.PROSPECT, None, reason("sender-is-prospect", unknown))


def written_to(case: Case) -> bool | Missing:
    """Whether the owner has written to the author, as far as is remembered."""
    known = case.facts.people
    if isinstance(known, Missing):
        return known
    person = address.correspondent_name(case.author, case.policy.recipient_delimiter)
    found = known.get(PersonKey(case.owner.id, person)) if case.author else None
    return found is not None and found.wrote is not None


def _entry(case: Case, book: AddressBook, ask: Callable[[AddressBook, str], str | None]) -> str:
    """The entry that every author belongs to; "" if there is none. Two authors of one client are that client."""
    found = {_of_author(one.address, case, book, ask) for one in case.message.authors}
    return found.pop() if len(found) == 1 else ""


def _of_author(author: str, case: Case, book: AddressBook, ask: Callable[[AddressBook, str], str | None]) -> str:
    if not author:
        return ""
    name = address.normal(author)
    return ask(book, name) or ask(book, address.without_detail(name, case.policy.recipient_delimiter)) or ""


def is_listed(case: Case) -> bool:
    """Whether the owner's file names the author, whatever else the mail is."""
    found = _by_lists(case)
    return found.sender_class is not SenderClass.PROSPECT and found.reason.code != "sender-is-contact-known"


def is_among_people(case: Case) -> bool:
    """Listed among the owner's people, by address or domain, whatever else he is."""
    book: AddressBook = case.owner.people_book
    return bool(_entry(case, book, AddressBook.by_address) or _entry(case, book, AddressBook.by_domain))


def client_of(owner: Owner, correspondent: str, delimiter: str) -> Client | None:
    """The client an envelope sender is listed with. SRS is not unwrapped: what it wraps is the forwarder's word."""
    name = address.untagged(correspondent)
    for one in (name, address.without_detail(name, delimiter)):
        if found := owner.client_book.by_address(one) or owner.client_book.by_domain(one):
            return owner.clients.get(found)
    return None
