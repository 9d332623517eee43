"""Rules about time: closed, closed long enough, and not told already."""

from typing import TYPE_CHECKING

from milter.core.decision import Reason
from milter.core.facts import Missing
from milter.core.hours import Closed, Open
from milter.core.overrides import last_opening
from milter.core.reasons import reason
from milter.core.reply_job import ReplyKind, State, taken

if TYPE_CHECKING:
    from milter.core.acknowledgement.asked import Asked


_ABOUT_NO_HOURS = (ReplyKind.WRONG_ADDRESS, ReplyKind.POINTER, ReplyKind.INVITATION)


def office_open(question: "Asked") -> Reason | None:
    """While it is open only the replies about addresses and invitations are sent."""
    if isinstance(question.state, Open) and question.kind not in _ABOUT_NO_HOURS:
        return reason("reply-withheld-open")
    return None


def never_opens(question: "Asked") -> Reason | None:
    """The client's texts say when: with no opening to name they cannot be true. The stranger's name none."""
    dateless = question.kind in (ReplyKind.PROSPECT, ReplyKind.INVITATION)
    if isinstance(question.state, Closed) and question.opens is None and not dateless:
        return reason("reply-withheld-no-opening")
    return None


def opens_first(question: "Asked") -> Reason | None:
    if question.answer:
        late = question.not_before >= question.answer.before
        return reason("reply-withheld-expired", question.answer.before.isoformat()) if late else None
    if question.opens is not None and question.not_before.timestamp() >= question.opens.timestamp():
        return reason("reply-withheld-opens-first", question.opens.isoformat())
    return None


def owner_wrote(question: "Asked") -> Reason | None:
    """Whom the owner has written to since the office last opened, he is talking to: a machine has nothing to add."""
    schedule = question.identity.schedule_for(question.client)
    if schedule is None or question.kind in (ReplyKind.WRONG_ADDRESS, ReplyKind.INVITATION):
        return None
    opened = last_opening(schedule, question.case.now, question.case.overrides)
    wrote = [one.wrote for one in question.people if one.wrote and (opened is None or one.wrote >= opened)]
    return reason("reply-withheld-owner-wrote", max(wrote).isoformat()) if wrote else None


def answered(question: "Asked") -> Reason | None:
    """S30, RFC 3834 section 2. Asked of the first look at the store; settle asks again, and its word counts."""
    known = question.case.facts.claims
    if isinstance(known, Missing):
        return None
    for one in question.claims:
        before = known.get(one.key)
        if taken(one, before, question.case.transaction.now):
            bounced = before is not None and before.state is State.BOUNCED
            return reason("reply-withheld-bounced" if bounced else "reply-withheld-answered", one.key.kind.value)
    return None
