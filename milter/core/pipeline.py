"""The decision, as an explicit list of stages. Each stage reads the case and the decision so far and returns a new one."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from milter.core import calls, focus, opt_out, standing, today_mail, urgency
from milter.core.acknowledgement import acknowledge
from milter.core.case import Case
from milter.core.classify import classify
from milter.core.decision import Decision, QueueReply
from milter.core.envelope import Recipient, Transaction
from milter.core.facts import Facts
from milter.core.filing import file
from milter.core.policy import Policy
from milter.core.reasons import because
from milter.core.wrong_address import move

Stage = Callable[[Case, Decision], Decision]

INBOUND: tuple[Stage, ...] = (
    classify,
    move,
    standing.weigh,
    file,
    urgency.weigh,
    focus.defer,
    calls.notice,
    acknowledge,
    opt_out.heed,
    today_mail.heed,
)


def decide(transaction: Transaction, recipient: Recipient, facts: Facts, policy: Policy) -> Decision:
    """What becomes of this recipient's copy. Pure; raises only for a defect of ours."""
    addressed = policy.written_to(recipient.address, recipient.original)
    if addressed is None:
        return because(Decision(recipient.address), "passed-no-owner")
    now = transaction.now.astimezone(addressed.owner.timezone)
    case = Case(transaction, recipient, addressed, now, facts, policy)
    decision = Decision(recipient.address, addressed.owner, addressed.identity, overrides=case.overrides)
    for stage in INBOUND:
        decision = stage(case, decision)
    return decision


def one_reply_per_owner(decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """One message causes one automatic reply an owner at most (R9), whatever addresses it names: the first stays."""
    answered: set[str] = set()
    kept: list[Decision] = []
    for one in decisions:
        owner = one.owner.id if one.owner else ""
        if one.reply and owner in answered:
            actions = tuple(each for each in one.actions if not isinstance(each, QueueReply))
            one = because(replace(one, actions=actions), "reply-withheld-one-a-message")
        elif one.reply:
            answered.add(owner)
        kept.append(one)
    return tuple(kept)
