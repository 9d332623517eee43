"""Hours that an owner keeps free for work: what arrives then can wait, unless it cannot.

Whoever is away, or has closed for today, keeps none.
"""

from milter.core import urgency
from milter.core.case import Case
from milter.core.decision import AddKeyword, Decision, Disposition, SenderClass
from milter.core.hours import Open
from milter.core.overrides import closing, state_at
from milter.core.owner import Identity, Kind
from milter.core.reasons import because

KEYWORD = "$Later"
# Alerts interrupt, spam only has its verdict, and mail to herself she wrote just now.
_NEVER = frozenset({SenderClass.SELF, SenderClass.ALERT, SenderClass.SPAM})


def defer(case: Case, decision: Decision) -> Decision:
    """Marks what arrives in focus hours; says so too where an urgent message or a VIP breaks into them."""
    if decision.disposition is Disposition.UNTOUCHED or decision.sender_class in _NEVER:
        return decision
    focus = final_identity(case, decision).focus
    if focus is None or not isinstance(state_at(focus, case.now, closing(case.overrides)), Open):
        return decision
    if urgency.KEYWORD in decision.keywords:
        return because(decision, "focus-broken-urgent")
    if decision.client and decision.client.vip and decision.sender_class is SenderClass.CLIENT:
        return because(decision, "focus-broken-vip", decision.client.id)
    return because(decision.doing(AddKeyword(KEYWORD)), "focus-kept-later")


def final_identity(case: Case, decision: Decision) -> Identity:
    """Whose mailbox it ends in: of moved mail not the identity it was written to."""
    if decision.moved_to is None:
        return case.identity
    kind = Kind.PERSONAL if case.identity.kind is Kind.BUSINESS else Kind.BUSINESS
    return case.owner.first(kind) or case.identity
