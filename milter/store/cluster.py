"""A Cluster: which master owns the slot of a key. Any node tells; who is asked wrongly says MOVED."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import RedisError

from milter.errors import StoreAway
from milter.store.address import Address, Place
from milter.store.command import Command, Part
from milter.store.node import Node, Unreached, cause, named

log = logging.getLogger("milter.store")


@dataclass(slots=True)
class Cluster:
    """The masters, each by the slots it owns. A node that owns none any more is retired."""

    address: Address
    _slots: list[Node | None] = field(default_factory=lambda: [None] * REDIS_CLUSTER_HASH_SLOTS)
    _masters: dict[Place, Node] = field(default_factory=dict)
    _seeds: tuple[Node, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._seeds = tuple(Node.at(self.address, place, named(place)) for place in self.address.places)

    @property
    def nodes(self) -> Sequence[Node]:
        return tuple(self._masters.values())

    def find(self, command: Command) -> Node | None:
        """None: nobody serves its slot. A command without a key goes to any master, one that answers if there is one."""
        key = command.key()
        if key is None:
            return min(self._masters.values(), key=lambda one: one.breaker.open, default=None)
        return self._slots[slot(key)]

    def at(self, place: Place, told_by: Node) -> Node:
        """Whom a MOVED or ASK of `told_by` means; "" for the host is its own."""
        host, port = place
        return self._node((host or told_by.place[0], port))

    def _node(self, place: Place) -> Node:
        if place not in self._masters:
            self._masters[place] = Node.at(self.address, place, named(place))
        return self._masters[place]

    async def refresh(self, seconds: float) -> None:
        """Asks whoever is known at the same time; the first map there is holds. StoreAway if there is none."""
        # A node that is away or was cut off is asked, too, but does not win while others answer.
        known = {one.place: one for one in (*self._seeds, *self.nodes)}
        living = [one for one in known.values() if not one.breaker.open] or list(known.values())
        asked = [asyncio.create_task(self._ask(one, seconds)) for one in living]
        causes: list[str] = []
        try:
            for answer in asyncio.as_completed(asked):
                match await answer:
                    case str() as why:
                        causes.append(why)
                    case found:
                        return await self._follow(found)
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        raise StoreAway(f"no node tells the map of the cluster: {'; '.join(dict.fromkeys(causes))}")

    async def _ask(self, node: Node, seconds: float) -> list[tuple[int, int, Place]] | str:
        try:
            async with asyncio.timeout(seconds):
                (answer,) = await node.exchange([Command(("CLUSTER", "SLOTS"))])
        except TimeoutError:
            return f"{node.name} timeout"
        except (Unreached, RedisError, OSError) as error:
            return f"{node.name} {cause(error)}"
        if isinstance(answer, RedisError):
            return f"{node.name} {cause(answer)}"
        if not answer:
            return f"{node.name} knows of no slots"
        try:
            return [(first, last, _place(master, node)) for first, last, master, *_ in answer]
        except (LookupError, ValueError, TypeError) as error:
            return f"{node.name} does not answer as a Cluster ({type(error).__name__})"

    async def _follow(self, found: Sequence[tuple[int, int, Place]]) -> None:
        slots: list[Node | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        for first, last, place in found:
            slots[first : last + 1] = [self._node(place)] * (last + 1 - first)
        self._slots = slots
        owners = {place for _, _, place in found}
        gone = [place for place in self._masters if place not in owners]
        if gone:
            told = {"masters": " ".join(map(named, sorted(owners))), "gone": " ".join(map(named, sorted(gone)))}
            log.warning("the redis cluster has other masters", extra=told)
        for place in gone:
            await self._masters.pop(place).retire()

    async def close(self) -> None:
        await asyncio.gather(*(one.close() for one in (*self._seeds, *self.nodes)))


def slot(key: Part) -> int:
    return key_slot(key if isinstance(key, bytes) else str(key).encode())


def _place(master: Sequence[Any], asked: Node) -> Place:
    """A host that is empty, unknown or "?" is the one that was asked (cluster-preferred-endpoint-type)."""
    host = (master[0] or b"").decode()
    return (host if host not in ("", "?") else asked.place[0], int(master[1]))
