"""What the sender's standing with this owner, and his likeness to somebody the owner knows, mean for this copy.

Filing, urgency and the gate of the replies read what is found here. Nothing here refuses mail.
"""

from dataclasses import replace

from milter.core import address, evidence, reputation
from milter.core.case import Case
from milter.core.classify import is_listed, written_to
from milter.core.decision import Decision, Disposition, SenderClass
from milter.core.envelope import Transaction
from milter.core.facts import Missing, Standing
from milter.core.look_alike import Likeness
from milter.core.reasons import because
from milter.core.reply_job import ClaimKey, ReplyKind

BAD = "bad"
TRUSTED = "trusted"
NEUTRAL = "neutral"
# The owner himself, friends and what is spam already have none (design.md section 4).
_WITH_STANDING = frozenset(
    {SenderClass.ALERT, SenderClass.AUTOMATIC, SenderClass.CLIENT, SenderClass.CONTACT, SenderClass.PROSPECT}
)
_LISTED = frozenset({SenderClass.ALERT, SenderClass.CLIENT})
_UNKNOWN = frozenset({SenderClass.AUTOMATIC, SenderClass.CONTACT, SenderClass.PROSPECT})
_RESEMBLES = "sender-resembles-"
_MOST_AUTHORS = 5


def weigh(case: Case, decision: Decision) -> Decision:
    """Says which standing counts, and whom a stranger looks like. Both only for marked mail."""
    if decision.disposition is Disposition.UNTOUCHED or decision.sender_class not in _WITH_STANDING:
        return decision
    stranger = decision.sender_class in _UNKNOWN and not is_listed(case)
    if stranger and (found := _likeness(case, decision)):
        decision = because(decision, f"{_RESEMBLES}{found.cause}", found.evidence)
    # Of whom nobody can tell, nothing is held against him, nor for him.
    known = reputation.USUAL if isinstance(case.facts.standing, Missing) else case.standing
    if known is None:
        return decision
    if stranger:
        # An own domain that only looks like a client's can be proven, and can earn a good standing, too.
        code = NEUTRAL if known.code == TRUSTED and resembles(decision) else known.code
        return replace(decision, standing=code)
    decision = replace(decision, standing=reputation.listed(known, authenticated=_proven(case)).code)
    return because(decision, "standing-overruled-listed") if known.code == BAD else decision


def _likeness(case: Case, decision: Decision) -> Likeness | None:
    machine = decision.sender_class is SenderClass.AUTOMATIC
    found = (case.owner.look_alikes.find(one, machine=machine) for one in case.message.authors[:_MOST_AUTHORS])
    return next((one for one in found if one), None)


def resembles(decision: Decision) -> bool:
    """Whether `weigh` found somebody whom the sender only looks like."""
    return any(one.code.startswith(_RESEMBLES) for one in decision.reasons)


def _proven(case: Case) -> bool:
    return case.authentication is not None and case.authentication.author_authenticated


def first_time(case: Case) -> bool | Missing:
    """Whether this owner has never had mail of this sender, nor ever written to him."""
    known = case.facts.standing
    if isinstance(known, Missing):
        return known
    mine = known.get(case.owner.id)
    return (mine is None or mine.first) and written_to(case) is not True


def as_drafted(decision: Decision, found: Standing | None) -> bool:
    """Whether what was found decides nothing else than `reputation.USUAL`, with which `decision` was made."""
    owner = decision.owner
    if owner is None or not evidence.is_kept(decision):
        return True
    if found is None or found.code == BAD:
        return False
    if decision.sender_class in _LISTED:
        return True
    return found.code == NEUTRAL and not (found.first and owner.folders.screened)


def stranger_asked(decision: Decision, transaction: Transaction, delimiter: str) -> tuple[ClaimKey, ...]:
    """The record by which the store also tells whether the owner has written to a stranger: then he is a contact.

    An answer from the owner counts for who is not proven, too: his standing is another one then, and knows nothing of it.
    """
    owner, identity = decision.owner, decision.identity
    author = address.author(transaction.message)
    if decision.sender_class is not SenderClass.PROSPECT or decision.disposition is Disposition.UNTOUCHED:
        return ()
    if owner is None or identity is None or not author:
        return ()
    person = address.correspondent_name(author, delimiter)
    return (ClaimKey(owner.id, identity.name, person, ReplyKind.PROSPECT),)
