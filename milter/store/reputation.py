"""The reputation of senders as commands see and steer it. Mail reads and writes the same records within its own two waits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from milter.core import sender
from milter.core.address import organisational_domain
from milter.core.evidence import Evidence, Kind
from milter.core.reputation import Record
from milter.core.sender import Sender
from milter.store import senders
from milter.store.api import Event
from milter.store.layout import CLAIMED, NAME, Layout
from milter.store.link import Command, Link, Part

PAGE = 64  # hashes of one slot that are searched a wait
_PUT = senders.script("put")


@dataclass(frozen=True, slots=True)
class Known:
    """The record of one name as written (fade it with `core.reputation.at`), and that of the domain that lends to it."""

    record: Record | None
    domain: Record | None


class Reputation:
    """StoreAway as everywhere. `owner` is an owner's id; senders are made by `core.sender`: of_address, of_domain, of_list, ..."""

    def __init__(self, link: Link, layout: Layout) -> None:
        self._link = link
        self._layout = layout

    async def read(self, owner: str, wanted: Sequence[Sender]) -> list[Known]:
        """What is known of each, in order. `core.reputation.standing` says what it leads to at an instant. One wait."""
        if not wanted:
            return []
        commands = []
        for one in wanted:
            names = (one, sender.of_domain(one.domain)) if one.domain else (one,)
            commands.append(senders.read(self._layout, one.place, [self._layout.field(owner, each) for each in names]))
        found = []
        for _, packed, _ in await self._link.run("reputation", commands):
            record, domain = (*(senders.decode(one) for one in packed), None)[:2]
            found.append(Known(record, domain))
        return found

    async def strangers(self, owner: str, address: str) -> list[Record]:
        """The records of that address as claimed without proof, one a network it came from. A wait for each 64 hashes."""
        claimed = sender.of_stranger(address, "")
        start = self._layout.field(owner, claimed)[:CLAIMED]
        found = await self._search(claimed.place, lambda field: field.startswith(start))
        records = [senders.decode(packed) for _, field, packed in found if field != self._proven(owner, address)]
        return [one for one in records if one]

    async def learn(self, owner: str, who: Sender, kind: Kind, now: datetime, event_id: str) -> bool:
        """Counts one piece of evidence, for the domain too. False: this event was counted before (for two days). One wait."""
        event = Event(event_id, now, who.place, evidence=(Evidence(owner, who, kind),))
        commands = senders.left(event, self._layout)
        return b"again" not in await self._link.run("reputation", commands) if commands else True

    async def put(self, owner: str, who: Sender, record: Record) -> None:
        """Replaces one record; the domain's stays. One wait."""
        values = [str(one) for one in (record.last, record.good, record.bad, record.burst, record.count, record.flags)]
        arguments: list[Part] = [senders.MOST, senders.HASHES, self._layout.field(owner, who), *values]
        await self._link.run("reputation", [_PUT.call([senders.hash_key(self._layout, who.place)], arguments)])

    async def forget(self, owner: str, name: str) -> int:
        """Deletes every record of an address, proven and claimed from wherever, or of a domain itself; how many there were."""
        start: bytes | None = None
        if "@" in name:
            proven, place = self._proven(owner, name), sender.place(name)
            start = self._layout.field(owner, sender.of_stranger(name, ""))[:CLAIMED]
        else:
            proven, place = self._layout.field(owner, sender.of_domain(name)), organisational_domain(name)
        found = await self._search(
            place, lambda field: field == proven or (start is not None and field.startswith(start))
        )
        if found:
            await self._link.run("reputation", [Command(("HDEL", key, field)) for key, field, _ in found])
        return len(found)

    def _proven(self, owner: str, address: str) -> bytes:
        return self._layout.field(owner, sender.of_address(address))

    async def _search(self, place: str, wanted: Callable[[bytes], bool]) -> list[tuple[str, bytes, bytes]]:
        """(key, field, value) of the records of one slot."""
        base = senders.hash_key(self._layout, place)
        (count,) = await self._link.run("reputation", [Command(("HGET", base, "n"))])
        # As scripts/buckets.lua: whatever else stands there is none of ours.
        hashes = int(count) if count and count.isdigit() and int(count) <= senders.HASHES else 1
        keys = [base, *(f"{base}:{number}" for number in range(1, hashes))]
        found = []
        for at in range(0, len(keys), PAGE):
            page = keys[at : at + PAGE]
            for key, flat in zip(
                page, await self._link.run("reputation", [Command(("HGETALL", one)) for one in page]), strict=True
            ):
                found += [
                    (key, field, value)
                    for field, value in zip(flat[::2], flat[1::2], strict=True)
                    if len(field) == NAME and wanted(field)
                ]
        return found
