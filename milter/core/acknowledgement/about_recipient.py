"""Rules about the recipient: what the owner wants, and whether this address was really written to."""

from typing import TYPE_CHECKING

from milter.core import address
from milter.core.case import Case
from milter.core.decision import Reason
from milter.core.owner import Mode
from milter.core.reasons import reason

if TYPE_CHECKING:
    from milter.core.acknowledgement.asked import Asked

# RFC 2142 and custom: jobs of the house. info@ and sales@ are not here: a freelancer's only address may be one.
_ROLES = """
    postmaster abuse hostmaster webmaster noc security root daemon mailer-daemon usenet news uucp ftp www dmarc
    dmarc-reports dmarcreports tlsrpt tls-reports listmaster sysadmin administrator ssladmin sslwebmaster
"""
ROLES = frozenset(_ROLES.split())


def switched_off(case: Case) -> Reason | None:
    return reason("reply-withheld-off") if case.owner.replies.mode is Mode.OFF else None


def not_addressed(case: Case) -> Reason | None:
    """S26, RFC 5230 section 4.5: an address of the identity, whatever its detail, must be visible. Clients too."""
    return None if case.lists_identity() else reason("reply-withheld-not-addressed")


def role_address(question: "Asked") -> Reason | None:
    if question.client is not None:
        return None
    case = question.case
    written = {case.recipient.address, case.recipient.original} if case.recipient.original else {case.recipient.address}
    for one in written:
        plain = address.without_detail(address.normal(one), case.policy.recipient_delimiter)
        if address.split(plain)[0] in ROLES and case.own(one):
            return reason("reply-withheld-role", f"{address.split(plain)[0]}@")
    return None


def catch_all(question: "Asked") -> Reason | None:
    """Guessed addresses reach a catch-all: answering them would tell that the guess was good."""
    if question.client is not None:
        return None
    return reason("reply-withheld-catch-all") if question.case.addressed.catch_all else None


def no_text(question: "Asked") -> Reason | None:
    return None if question.text else reason("reply-withheld-no-text", question.kind.value)
