"""What counts for or against a sender, and how much. The one place with weights; config/README.md shows this table."""

from dataclasses import dataclass
from enum import StrEnum

from milter.core.decision import Decision, Disposition, SenderClass
from milter.core.sender import Sender, Signed


class Kind(StrEnum):
    ACCEPTED = "accepted"
    SEEN = "seen"
    WROTE = "wrote"
    NOT_JUNK = "not-junk"
    JUNK = "junk"
    SPAM = "spam"
    BOUNCED = "bounced"
    SIGNATURE = "signature"
    OPT_OUT = "opt-out"


@dataclass(frozen=True, slots=True)
class Weight:
    """`good` or `bad` evidence, one of them 0. `source`: where it comes from, and why it weighs that much."""

    good: float
    bad: float
    source: str


WEIGHTS: dict[Kind, Weight] = {
    Kind.WROTE: Weight(1, 0, "the owner answered him or wrote to him first: he wants his mail"),
    Kind.NOT_JUNK: Weight(2, 0, "the owner moved his mail out of Junk: our mistake, said by hand"),
    Kind.ACCEPTED: Weight(0.1, 0, "a person's mail, authenticated, was delivered: ten without complaint say as much as one answer"),
    Kind.SEEN: Weight(0, 0, "a list's or a machine's mail, or one that is not authenticated, was delivered: it is known, no more"),
    Kind.JUNK: Weight(0, 1, "the owner moved his mail to Junk"),
    Kind.SPAM: Weight(0, 1, "a spam filter in front of us said so, and is believed"),
    Kind.BOUNCED: Weight(0, 0.5, "our reply to him bounced for good: nobody is there, or somebody else's address was used"),
    Kind.SIGNATURE: Weight(0, 0.25, "his domain always signs and this signature failed: broken on the way, or forged"),
    Kind.OPT_OUT: Weight(0, 0, "he wants no more automatic replies: that is polite, and says nothing of his own mail"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence of one owner. `once`: the same again within two days counts as one; "" counts by itself.

    `signed`: what the domain's record learns of its signatures, or what this piece depends on (SIGNATURE).
    """

    owner: str
    sender: Sender
    kind: Kind
    once: str = ""
    signed: Signed = Signed.NONE

    @property
    def weight(self) -> Weight:
        return WEIGHTS[self.kind]


def is_kept(decision: Decision) -> bool:
    """Whether this message counts: of personal mail no statistics are kept, nor of what an owner writes to himself."""
    marked = decision.disposition is Disposition.MARKED
    return marked and decision.owner is not None and decision.sender_class is not SenderClass.SELF


def of_message(decision: Decision, who: Sender | None, signed: Signed, once: str) -> tuple[Evidence, ...]:
    """What one delivered message says of its sender to the owner it was for."""
    if who is None or decision.owner is None or not is_kept(decision):
        return ()
    owner = decision.owner.id
    match decision.sender_class:
        case SenderClass.SPAM:
            kind = Kind.SPAM
        case SenderClass.AUTOMATIC | SenderClass.ALERT:
            kind = Kind.SEEN
        case _:
            kind = Kind.ACCEPTED if who.authenticated else Kind.SEEN
    if who.authenticated:
        return (Evidence(owner, who, kind, once, signed),)
    found = Evidence(owner, who, kind, once)
    return (found, Evidence(owner, who, Kind.SIGNATURE, once, signed)) if signed is Signed.FAILED else (found,)
