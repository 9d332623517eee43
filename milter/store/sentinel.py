"""A master that Sentinels watch: whoever of them answers tells where it is now."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from redis.exceptions import RedisError

from milter.errors import StoreAway
from milter.store.address import Address, Place
from milter.store.command import Command
from milter.store.node import Node, Unreached, cause, named

log = logging.getLogger("milter.store")


@dataclass(frozen=True, slots=True)
class _Told:
    epoch: int  # of the configuration: a Sentinel that missed a failover tells of an older one
    place: Place


@dataclass(slots=True)
class Sentinels:
    """One server at a time: what the newest configuration that any of them knows says."""

    address: Address
    master: Node | None = None
    _sentinels: tuple[Node, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._sentinels = tuple(Node.sentinel(self.address, place) for place in self.address.places)

    @property
    def nodes(self) -> Sequence[Node]:
        return (self.master,) if self.master else ()

    def find(self, command: Command) -> Node | None:
        return self.master

    def at(self, place: Place, told_by: Node) -> Node:
        return told_by  # MOVED and ASK are words of a Cluster

    async def refresh(self, seconds: float) -> None:
        """Asks all at the same time and changes the master if it has changed. StoreAway if nobody tells."""
        # All, not the first: only the one that led a failover may know of it yet.
        answers = await asyncio.gather(*(self._ask(one, seconds) for one in self._sentinels))
        told = [one for one in answers if isinstance(one, _Told)]
        causes = [one for one in answers if isinstance(one, str)]
        if not told:
            raise StoreAway(f"no sentinel knows where {self.address.service} is: {'; '.join(dict.fromkeys(causes))}")
        await self._follow(max(told, key=lambda one: one.epoch).place)

    async def _ask(self, sentinel: Node, seconds: float) -> _Told | str:
        try:
            async with asyncio.timeout(seconds):
                # The first switches as soon as a replica is promoted; only the second tells how new that is.
                names = ("GET-MASTER-ADDR-BY-NAME", "MASTER")
                where, state = await sentinel.exchange(
                    [Command(("SENTINEL", name, self.address.service)) for name in names]
                )
        except TimeoutError:
            return f"{sentinel.name} timeout"
        except (Unreached, RedisError, OSError) as error:
            return f"{sentinel.name} {cause(error)}"
        refused = next((one for one in (state, where) if isinstance(one, RedisError)), None)
        if refused or not where:
            return f"{sentinel.name} {cause(refused) if refused else 'it is not watched'}"
        try:
            epoch = dict(zip(state[::2], state[1::2], strict=False))[b"config-epoch"]
            return _Told(int(epoch), (where[0].decode(), int(where[1])))
        except (LookupError, ValueError, TypeError) as error:
            return f"{sentinel.name} does not answer as a Sentinel ({type(error).__name__})"

    async def _follow(self, place: Place) -> None:
        before = self.master
        if before and before.place == place:
            return
        self.master = Node.at(self.address, place, self.address.service)
        if before:
            log.warning("redis has another master", extra={"master": named(place), "before": named(before.place)})
            await before.retire()

    async def close(self) -> None:
        await asyncio.gather(*(one.close() for one in (*self._sentinels, *self.nodes)))
