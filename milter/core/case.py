"""All that a stage of the decision may look at."""

from dataclasses import dataclass
from datetime import datetime

from milter.core import address
from milter.core.envelope import Recipient, Transaction
from milter.core.facts import Authentication, Facts, Missing, Standing
from milter.core.message import Message
from milter.core.overrides import Override
from milter.core.owner import Identity, Kind, Owner
from milter.core.policy import Addressed, Policy


@dataclass(frozen=True, slots=True)
class Case:
    """One recipient's copy of one message. `now` is in the owner's zone: compare and add in UTC (`transaction.now`)."""

    transaction: Transaction
    recipient: Recipient
    addressed: Addressed
    now: datetime
    facts: Facts
    policy: Policy

    @property
    def message(self) -> Message:
        return self.transaction.message

    @property
    def owner(self) -> Owner:
        return self.addressed.owner

    @property
    def identity(self) -> Identity:
        return self.addressed.identity

    @property
    def author(self) -> str:
        """The normal address of the one author; "" if there is none or more than one."""
        return address.normal(address.author(self.message))

    @property
    def authentication(self) -> Authentication | None:
        """What is believed about the sender; None when that is missing."""
        known = self.facts.authentication
        return None if isinstance(known, Missing) else known

    @property
    def standing(self) -> Standing | None:
        """What this owner's evidence says of the sender; None when that is missing."""
        known = self.facts.standing
        return None if isinstance(known, Missing) else known.get(self.owner.id)

    @property
    def overrides(self) -> tuple[Override, ...]:
        """What the owner changed of his business hours for today or the days to come; () if nothing, or nothing is known."""
        known = self.facts.overrides
        return () if isinstance(known, Missing) else known.get(self.owner.id, ())

    @property
    def forged(self) -> bool:
        """A believed dmarc=fail."""
        return self.authentication is not None and self.authentication.dmarc == "fail"

    def own(self, one: str) -> Identity | None:
        """The identity of this owner that an address belongs to; None for anybody else's."""
        found = self.policy.addressed(one) if one else None
        return found.identity if found and found.owner.id == self.owner.id else None

    def lists(self, kind: Kind) -> bool:
        """Whether the header names an address of an identity of this kind as recipient."""
        return any(one.kind is kind for address in self.message.listed if (one := self.own(address)))

    def lists_identity(self) -> bool:
        """S26: whether it names an address of the addressed identity."""
        return any(one.name == self.identity.name for address in self.message.listed if (one := self.own(address)))
