"""Mail at the wrong one of the owner's addresses: a client's at the personal one, a friend's at the business one.

It moves only if nothing speaks against it: one named function an objection.
"""

from dataclasses import replace

from milter.core import address, marks
from milter.core.case import Case
from milter.core.classify import is_among_people
from milter.core.decision import Decision, Disposition, MoveTo, SenderClass
from milter.core.owner import Identity, Kind
from milter.core.reasons import because


def move(case: Case, decision: Decision) -> Decision:
    """Moves a person's mail to the mailbox of the other kind of identity, or says why not. Spam and machines got another class."""
    match case.identity.kind, decision.sender_class:
        case Kind.PERSONAL, SenderClass.CLIENT:
            target = case.owner.first(Kind.BUSINESS)
        case Kind.BUSINESS, SenderClass.PERSONAL:
            target = case.owner.first(Kind.PERSONAL)
        case Kind.PERSONAL, _ if decision.disposition is Disposition.UNTOUCHED:
            return because(decision, "passed-personal")
        case _:
            return decision
    if target is None:
        return because(decision, "mail-kept-no-mailbox")
    for objection in (_among_people, _forged, _not_addressed, _both_addressed, _been_there):
        if code := objection(case, target):
            return because(decision, code)
    moved = replace(decision, disposition=Disposition.MARKED).doing(MoveTo(target.mailbox))
    return because(moved, "mail-moved-wrong-address", f"{case.identity.name} -> {target.name}")


def _among_people(case: Case, target: Identity) -> str:
    """Somebody who is a friend and a client stays where he wrote to."""
    return "mail-kept-people" if target.kind is Kind.BUSINESS and is_among_people(case) else ""


def _forged(case: Case, target: Identity) -> str:
    return "mail-kept-forged" if case.forged else ""


def _not_addressed(case: Case, target: Identity) -> str:
    """A copy that came by Bcc, alias or forwarding was not written to this address."""
    return "" if case.lists_identity() else "mail-kept-not-addressed"


def _both_addressed(case: Case, target: Identity) -> str:
    return "mail-kept-both-addressed" if case.lists(target.kind) else ""


def _been_there(case: Case, target: Identity) -> str:
    """Delivered-To of the target, a redirection by a mailbox's Sieve script, or our own hop mark: moving again would be a loop."""
    message = case.message
    mark = marks.hop_mark(case.policy.keys, case.owner.id, message)
    been = (
        message.has("x-sieve-redirected-from")
        or mark in message.all(marks.HOP)
        or any(_is_of(one.strip("<> "), case, target) for one in message.all("delivered-to"))
    )
    return "mail-kept-been-there" if been else ""


def _is_of(delivered_to: str, case: Case, target: Identity) -> bool:
    identity = case.own(delivered_to)
    if identity and identity.kind is target.kind:
        return True
    plain = address.without_detail(address.normal(delivered_to), case.policy.recipient_delimiter)
    return plain == address.normal(target.mailbox) and plain != address.normal(case.identity.mailbox)
