"""Where a copy goes: mailbox, folder, keywords, and the recipient address that takes it there."""

import re

from milter.core import address, standing
from milter.core.case import Case
from milter.core.decision import AddKeyword, Decision, Disposition, FileInto, SenderClass
from milter.core.facts import Missing
from milter.core.policy import BadStanding, FilingMethod, Policy
from milter.core.reasons import because

_NOT_ATOM = re.compile(r"[^A-Za-z0-9_.-]")  # RFC 9051 atom, and then only what every client shows well
_ATEXT = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+")
_FILEABLE = re.compile(r"[ -~]+")  # with "." a Maildir++ server would make levels of it
JUNK = "Junk"  # as RFC 6154 calls the mailbox, and most servers name it
_LONGEST_LOCAL = 240  # RFC 5321 section 4.5.3.1.1 says 64, servers take more, a path has 256


def file(case: Case, decision: Decision) -> Decision:
    """Folder and keywords by the sender's class. Untouched mail gets neither."""
    if decision.disposition is Disposition.UNTOUCHED:
        return decision
    client = decision.client
    match decision.sender_class:
        case SenderClass.ALERT:
            return _into(_urgent(case, decision), case.owner.folders.alerts, "mail-filed-alert")
        case SenderClass.SPAM:
            return _tagged(decision, "$Junk")
        case SenderClass.AUTOMATIC:
            decision = _tagged(decision, "$Automatic")
            return _strange(case, decision, client.folder if client else "", "mail-filed-client")
        case SenderClass.CLIENT if client:
            plan = (f"$Plan-{_NOT_ATOM.sub('_', client.plan.id)}",) if client.plan else ()
            return _into(_tagged(decision, "$Client", *plan, *_moved(decision)), client.folder, "mail-filed-client")
        case SenderClass.CONTACT:
            # Whom the owner has only written to is in no file of his: what is known against him counts.
            return _strange(case, _tagged(decision, "$Contact"), "", "")
        case SenderClass.PERSONAL:
            return _tagged(decision, *_moved(decision))
        case SenderClass.PROSPECT:
            return _prospect(case, _tagged(decision, "$Prospect"))
        case _:
            return decision


def mailbox(decision: Decision) -> str | None:
    """The mailbox it ends in; None for an address of no owner."""
    if decision.moved_to is not None:
        return decision.moved_to
    return decision.identity.mailbox if decision.identity else None


def delivery_address(decision: Decision, policy: Policy) -> str:
    """RCPT TO for the next hop. As received wherever that leads to the same mailbox: its detail may mean something there."""
    place = mailbox(decision)
    if decision.disposition is Disposition.UNTOUCHED or not place:
        return decision.rcpt_to
    if (
        policy.filing is FilingMethod.DETAIL
        and decision.folder
        and (filed := _with_detail(place, decision.folder, policy))
    ):
        return filed
    plain = address.without_detail(address.normal(decision.rcpt_to), policy.recipient_delimiter)
    return decision.rcpt_to if plain == address.normal(place) else place


def _with_detail(place: str, folder: str, policy: Policy) -> str:
    """`user+Folder@host` (RFC 5233), quoted where the name needs it; "" for a name that cannot be filed this way."""
    local, domain = address.split(place)
    if not policy.recipient_delimiter or not _FILEABLE.fullmatch(folder) or any(one in folder for one in '."\\'):
        return ""
    filed = f"{local}{policy.recipient_delimiter[0]}{folder}"
    if len(filed) > _LONGEST_LOCAL or local.startswith('"'):
        return ""
    if not all(_ATEXT.fullmatch(one) for one in filed.split(".")):
        filed = f'"{filed}"'
    return f"{filed}@{domain}" if domain else filed


def _prospect(case: Case, decision: Decision) -> Decision:
    """Screened are first-timers only, and never who may be deceiving the owner: that she should see."""
    folders = case.owner.folders
    if not folders.screened or standing.resembles(decision) or decision.standing == standing.BAD:
        return _strange(case, decision, folders.prospects, "mail-filed-prospect")
    first = standing.first_time(case)
    if isinstance(first, Missing):
        decision = because(decision, "screening-unsure-standing", first.why)
    if first is True:
        return _into(decision, folders.screened, "mail-filed-screened")
    return _strange(case, decision, folders.prospects, "mail-filed-prospect")


def _strange(case: Case, decision: Decision, folder: str, code: str) -> Decision:
    """Mail of whom the owner does not list: what is known against him, too."""
    if standing.resembles(decision):
        decision = _tagged(decision, "$LookAlike")
    if decision.standing != standing.BAD:
        return _into(decision, folder, code)
    if case.policy.bad_standing is BadStanding.JUNK:
        return _into(_tagged(decision, "$Junk"), JUNK, "mail-filed-bad-standing")
    return because(_into(_tagged(decision, "$BadStanding"), folder, code), "mail-tagged-bad-standing")


def _urgent(case: Case, decision: Decision) -> Decision:
    """What watches over the shops may be unsigned, but a forger must not wake the owner: his has failed DMARC."""
    return because(decision, "urgency-ignored-unproven", "dmarc=fail") if case.forged else _tagged(decision, "$Urgent")


def _tagged(decision: Decision, *keywords: str) -> Decision:
    return decision.doing(*(AddKeyword(one) for one in keywords))


def _moved(decision: Decision) -> tuple[str, ...]:
    return ("$WrongAddress",) if decision.moved_to is not None else ()


def _into(decision: Decision, folder: str, code: str) -> Decision:
    return because(decision.doing(FileInto(folder)), code) if folder else decision
