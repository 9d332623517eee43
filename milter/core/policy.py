"""What the sysadmin and the owners want, as one value that `decide` reads. Look-ups are built once a configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from milter.core import address
from milter.core.keys import Keys
from milter.core.owner import Identity, Kind, Owner


class FilingMethod(StrEnum):
    HEADER = "header"
    DETAIL = "detail"
    NONE = "none"


class BadStanding(StrEnum):
    TAG = "tag"
    JUNK = "junk"


@dataclass(frozen=True, slots=True)
class Addressed:
    """Whose address this is. `catch_all`: matched by an "@domain" of the identity alone."""

    owner: Owner
    identity: Identity
    catch_all: bool = False


@dataclass(frozen=True)
class Policy:
    """`hostname` and `authserv_id` as configured; `keys` of the installation; `owners` in the order of their files' names.

    `hourly_limit`: replies an hour of all identities together, what ten may, or a quarter of all if there are over forty.
    """

    hostname: str
    keys: Keys
    owners: tuple[Owner, ...]
    authserv_id: str = ""
    trusted_authserv_ids: tuple[str, ...] = ()
    recipient_delimiter: str = "+"
    filing: FilingMethod = FilingMethod.HEADER
    bad_standing: BadStanding = BadStanding.TAG
    bounce_address: str = ""
    hourly_limit: int = field(init=False, repr=False, compare=False)
    _exact: Mapping[str, Addressed] = field(init=False, repr=False, compare=False)
    _domains: Mapping[str, Addressed] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        exact: dict[str, Addressed] = {}
        domains: dict[str, Addressed] = {}
        for owner in self.owners:
            for identity in owner.identities:
                for one in identity.addresses:
                    if one.startswith("@"):
                        domains.setdefault(one[1:], Addressed(owner, identity, catch_all=True))
                    else:
                        exact.setdefault(one, Addressed(owner, identity))
        for owner in self.owners:
            for identity in owner.identities:
                # Behind an alias the recipient is the mailbox, whether or not anybody writes to that address.
                exact.setdefault(address.normal(identity.mailbox), Addressed(owner, identity))
        limits = [
            one.replies.hourly_limit for one in self.owners for each in one.identities if each.kind is Kind.BUSINESS
        ]
        object.__setattr__(self, "hourly_limit", max(10 * max(limits, default=0), sum(limits) // 4))
        object.__setattr__(self, "_exact", exact)
        object.__setattr__(self, "_domains", domains)

    def addressed(self, rcpt_to: str) -> Addressed | None:
        """Whose address `rcpt_to` is; its detail does not matter. None for an address of no owner."""
        normal = address.normal(rcpt_to)
        for one in (normal, address.without_detail(normal, self.recipient_delimiter)):
            if found := self._exact.get(one):
                return found
        if self.bounce_detail(normal) is not None:  # a catch-all does not make bounces somebody's mail
            return None
        return self._domains.get(address.split(normal)[1])

    def bounce_detail(self, rcpt_to: str) -> str | None:
        """What stands behind the delimiter in our bounce address, "" if nothing does; None for every other address."""
        local, domain = address.split(address.normal(self.bounce_address))
        there, where = address.split(address.normal(rcpt_to))
        if not self.bounce_address or domain != where:
            return None
        head, _, detail = there.removeprefix(local).partition((self.recipient_delimiter or "+")[0])
        return detail if there.startswith(local) and not head else None

    def written_to(self, rcpt_to: str, original: str) -> Addressed | None:
        """Whose address the sender wrote to: ORCPT (RFC 3461 section 4.2) if it is one of the recipient's owner, else RCPT."""
        addressed = self.addressed(rcpt_to)
        before = self.addressed(original) if addressed and original else None
        return before if before and addressed and before.owner.id == addressed.owner.id else addressed

    def owner(self, owner_id: str) -> Owner | None:
        return next((one for one in self.owners if one.id == owner_id), None)
