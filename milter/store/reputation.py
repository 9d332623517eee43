"""The reputation of senders as commands see and steer it. Mail reads and writes the same records within its own two waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from milter.core.evidence import Kind
from milter.core.reputation import Record
from milter.core.sender import Sender
from milter.store.layout import Layout
from milter.store.link import Link


@dataclass(frozen=True, slots=True)
class Known:
    """The record of one name as written (fade it with `core.reputation.at`), and that of the domain that lends to it."""

    record: Record | None
    domain: Record | None


class Reputation:
    """Every call is one wait; StoreAway as everywhere. `senders` are made by `core.sender`: of_address, of_domain, ..."""

    def __init__(self, link: Link, layout: Layout) -> None:
        self._link = link
        self._layout = layout

    async def read(self, owner: str, senders: Sequence[Sender]) -> list[Known]:
        """What is known of each, in order. `core.reputation.standing` says what it leads to at an instant."""
        raise NotImplementedError

    async def strangers(self, owner: str, address: str) -> list[Record]:
        """The records of that address as claimed without proof, one a network it came from."""
        raise NotImplementedError

    async def learn(self, owner: str, sender: Sender, kind: Kind, now: datetime, event_id: str) -> bool:
        """Counts one piece of evidence, for the domain too. False: this event was counted before (for two days)."""
        raise NotImplementedError

    async def put(self, owner: str, sender: Sender, record: Record) -> None:
        """Replaces one record; the domain's stays."""
        raise NotImplementedError

    async def forget(self, owner: str, address: str) -> int:
        """Deletes every record of an address, proven and claimed from wherever, or of a domain; how many there were."""
        raise NotImplementedError
