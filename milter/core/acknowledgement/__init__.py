"""The gate of the automatic reply: whether one is due, to whom, which one. One named function a rule, tried in order.

The first rule that speaks against a reply decides, and its reason says so; no reply is the safe failure.
"""

from dataclasses import replace

from milter.core.acknowledgement import about_message, about_recipient, about_sender, about_time
from milter.core.acknowledgement.asked import Asked, asked, wants_pointer
from milter.core.acknowledgement.due import still_due, up_to_date
from milter.core.acknowledgement.intent import intent_of
from milter.core.case import Case
from milter.core.decision import Decision, Disposition, QueueReply, Reason, SenderClass
from milter.core.facts import Missing
from milter.core.owner import Mode
from milter.core.reasons import because, reason
from milter.core.reply_job import ReplyKind

__all__ = ["acknowledge", "still_due", "up_to_date"]

# Rules that need nothing but the case.
BEFORE = (
    about_recipient.switched_off,
    about_message.forged,
    about_message.suppressed,
    about_message.answers_ours,
    about_message.loop_mark,
    about_message.too_many_hops,
    about_message.without_author,
    about_message.several_authors,
    about_message.older_than_a_day,
    about_message.before_its_time,
    about_recipient.not_addressed,
    about_sender.unusable,
)
# Rules that need to know who would read which text of which identity, and whether it is closed.
AFTER = (
    about_time.office_open,
    about_sender.not_trusted,
    about_recipient.role_address,
    about_recipient.catch_all,
    about_time.never_opens,
    about_time.opens_first,
    about_recipient.no_text,
    about_sender.opted_out,
    about_time.owner_wrote,
    about_time.answered,
)
NEVER = {
    SenderClass.SELF: "reply-withheld-self",
    SenderClass.ALERT: "reply-withheld-alert",
    SenderClass.SPAM: "reply-withheld-spam",
    SenderClass.CONTACT: "reply-withheld-contact",
    SenderClass.PERSONAL: "reply-withheld-personal",
}
DUE = {
    ReplyKind.ACKNOWLEDGEMENT: "reply-due-client",
    ReplyKind.PROSPECT: "reply-due-prospect",
    ReplyKind.WRONG_ADDRESS: "reply-due-wrong-address",
    ReplyKind.POINTER: "reply-due-pointer",
    ReplyKind.INVITATION: "reply-due-invitation",
}
_AUTOMATIC = "sender-automatic-"


def acknowledge(case: Case, decision: Decision) -> Decision:
    """Adds the reply that is due, or the reason why there is none."""
    against = _by_class(decision) or next((found for rule in BEFORE if (found := rule(case))), None)
    against = against or about_sender.distrusted(case, decision)
    if against:
        return _with(decision, against)
    question = asked(case, decision)
    decision = replace(decision, asked=question.claims)
    against = next((found for rule in AFTER if (found := rule(question))), None)
    if against:
        return _with(decision, against)
    if about_sender.trusted_stranger(question):
        decision = because(decision, "reply-allowed-trusted")
    return _due(question, decision)


def _by_class(decision: Decision) -> Reason | None:
    if decision.disposition is Disposition.UNTOUCHED:
        return reason("reply-withheld-personal-identity")
    if decision.sender_class is SenderClass.AUTOMATIC:
        # The sign that made it automatic is why it gets no reply.
        sign = next(one for one in decision.reasons if one.code.startswith(_AUTOMATIC))
        return reason(f"reply-withheld-{sign.code.removeprefix(_AUTOMATIC)}", sign.evidence)
    if wants_pointer(decision):
        return None
    code = NEVER.get(decision.sender_class) if decision.sender_class else None
    return reason(code) if code else None


def _due(question: Asked, decision: Decision) -> Decision:
    case = question.case
    if decision.client and question.client is None:
        decision = because(decision, "reply-stranger-text")
    if isinstance(case.facts.claims, Missing):
        # settle is the authority: the intent waits in the outbox and is claimed, or not, when the store is back.
        decision = because(decision, "reply-unsure-claims", case.facts.claims.why)
    intent = intent_of(question)
    why = f"{intent.template} ({intent.language}: {question.text.why})" if question.text else ""
    decision = because(decision, DUE[question.kind], why).doing(QueueReply(intent))
    return because(decision, "reply-shadow-mode") if case.owner.replies.mode is Mode.SHADOW else decision


def _with(decision: Decision, one: Reason) -> Decision:
    return decision.because(one.code, one.text, one.evidence)
