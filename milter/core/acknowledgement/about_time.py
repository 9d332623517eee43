"""Rules about time: closed, closed long enough, and not told already."""

from typing import TYPE_CHECKING

from milter.core.decision import Reason
from milter.core.facts import Missing
from milter.core.hours import Closed, Open
from milter.core.reasons import reason
from milter.core.reply_job import ReplyKind, taken

if TYPE_CHECKING:
    from milter.core.acknowledgement.asked import Asked


def office_open(question: "Asked") -> Reason | None:
    """While it is open only the wrong-address reply is sent."""
    if isinstance(question.state, Open) and question.kind is not ReplyKind.WRONG_ADDRESS:
        return reason("reply-withheld-open")
    return None


def never_opens(question: "Asked") -> Reason | None:
    """The client's texts say when: with no opening to name they cannot be true. The stranger's name none."""
    dateless = question.kind is ReplyKind.PROSPECT
    if isinstance(question.state, Closed) and question.opens is None and not dateless:
        return reason("reply-withheld-no-opening")
    return None


def opens_first(question: "Asked") -> Reason | None:
    if question.opens is not None and question.not_before.timestamp() >= question.opens.timestamp():
        return reason("reply-withheld-opens-first", question.opens.isoformat())
    return None


def answered(question: "Asked") -> Reason | None:
    """S30, RFC 3834 section 2. Asked of the first look at the store; settle asks again, and its word counts."""
    known = question.case.facts.claims
    if isinstance(known, Missing):
        return None
    for one in question.claims:
        if taken(one, known.get(one.key), question.case.transaction.now):
            return reason("reply-withheld-answered", one.key.kind.value)
    return None
