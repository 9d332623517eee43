"""The decision, as an explicit list of stages. Each stage reads the case and the decision so far and returns a new one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from milter.core.decision import Decision
from milter.core.envelope import Recipient, Transaction
from milter.core.facts import Facts
from milter.core.message import Message
from milter.core.policy import Addressed, Policy


@dataclass(frozen=True, slots=True)
class Case:
    """All that a stage may look at. `now` is in the owner's zone."""

    transaction: Transaction
    recipient: Recipient
    addressed: Addressed
    now: datetime
    facts: Facts
    policy: Policy

    @property
    def message(self) -> Message:
        return self.transaction.message


Stage = Callable[[Case, Decision], Decision]

INBOUND: tuple[Stage, ...] = ()


def decide(transaction: Transaction, recipient: Recipient, facts: Facts, policy: Policy) -> Decision:
    """What becomes of this recipient's copy. Pure; raises only for a defect of ours."""
    addressed = policy.addressed(recipient.address)
    if addressed is None:
        return Decision(recipient.address).because("passed-no-owner", "This address belongs to no owner: passed untouched.")
    now = transaction.now.astimezone(addressed.owner.timezone)
    case = Case(transaction, recipient, addressed, now, facts, policy)
    decision = Decision(recipient.address, addressed.owner, addressed.identity)
    for stage in INBOUND:
        decision = stage(case, decision)
    return decision
