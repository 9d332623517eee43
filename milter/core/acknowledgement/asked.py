"""The question the later rules of the gate answer: which reply would this be?"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from milter.core import calls, marks
from milter.core.acknowledgement.about_sender import proven_client
from milter.core.acknowledgement.claims import claims_of
from milter.core.acknowledgement.texts import Text, text_for
from milter.core.case import Case
from milter.core.decision import Decision, SenderClass
from milter.core.facts import Missing
from milter.core.hours import Closed, Open
from milter.core.itip_answer import Answer
from milter.core.overrides import add_working, state_at
from milter.core.owner import Client, Identity, Kind
from milter.core.reply_job import ClaimRequest, PersonKey, PersonRecord, ReplyKind

WHENEVER = (
    ReplyKind.WRONG_ADDRESS,
    ReplyKind.POINTER,
    ReplyKind.INVITATION,
)  # not about the hours: sent while it is open too


@dataclass(frozen=True, slots=True)
class Asked:
    """`identity` that would answer · `client` None: the stranger's text · `text` None: there is none · `not_before` UTC.

    `answer`: of an invitation, what goes with the text.
    """

    case: Case
    kind: ReplyKind
    identity: Identity
    state: Open | Closed
    client: Client | None
    text: Text | None
    claims: tuple[ClaimRequest, ...]
    not_before: datetime
    answer: Answer | None = None

    @property
    def people(self) -> tuple[PersonRecord, ...]:
        """What is remembered of those who would be answered; () if nothing is, or nothing can be known now."""
        known = self.case.facts.people
        if isinstance(known, Missing):
            return ()
        keys = (PersonKey(one.key.owner, one.key.person) for one in self.claims)
        return tuple(known[key] for key in dict.fromkeys(keys) if key in known)

    @property
    def due(self) -> datetime | None:
        """Until when the plan of a proven client promises an answer, counted in working time from the message."""
        span = self.client.plan.answer_within if self.client and self.client.plan else None
        if span is None or self.identity.kind is not Kind.BUSINESS:
            return None
        schedule, case = self.identity.schedule_for(self.client), self.case
        return add_working(schedule, case.transaction.now, span, case.overrides)

    @property
    def opens(self) -> datetime | None:
        return self.state.opens if isinstance(self.state, Closed) else None


def asked(case: Case, decision: Decision) -> Asked:
    """Which reply `decision` would lead to. A moved mail is answered by the business identity it belongs to (R8)."""
    pointer = wants_pointer(decision)
    moved_to = case.owner.first(Kind.PERSONAL if pointer else Kind.BUSINESS) if decision.moved_to is not None else None
    identity = moved_to or case.identity
    client = proven_client(case, decision)
    schedule = identity.schedule_for(client)
    state = state_at(schedule, case.now, case.overrides if identity.kind is Kind.BUSINESS else ())
    answer = calls.answer_of(case, decision, client)
    if answer:
        kind = ReplyKind.INVITATION
    elif moved_to:
        kind = ReplyKind.POINTER if pointer else ReplyKind.WRONG_ADDRESS
    else:
        kind = ReplyKind.ACKNOWLEDGEMENT if client else ReplyKind.PROSPECT
    answers = isinstance(state, Closed) or kind in WHENEVER  # else there is nothing to read the mail for
    text = text_for(kind, state, client, case.owner, case.message, call=calls.asked(decision)) if answers else None
    claims = claims_of(case, kind, identity, state, answer)
    return Asked(case, kind, identity, state, client, text, claims, _not_before(case), answer)


def wants_pointer(decision: Decision) -> bool:
    """A friend's mail that was moved to the personal mailbox, and an owner who wants him told."""
    owner = decision.owner
    moved = decision.moved_to is not None and decision.sender_class is SenderClass.PERSONAL
    return moved and owner is not None and owner.people_pointer


def _not_before(case: Case) -> datetime:
    """Now and a delay in the owner's range, always the same for one message. Added in UTC: a clock change is no delay."""
    shortest, longest = case.owner.replies.delay
    share = case.policy.keys.fraction("delay", marks.parent_name(case.message, case.policy.keys))
    seconds = round((longest - shortest).total_seconds() * share)
    return case.transaction.now + shortest + timedelta(seconds=seconds)
