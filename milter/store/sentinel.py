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
    """One server at a time. It is what the newest configuration among the first half of them to answer says."""

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
        asked = [asyncio.create_task(self._ask(one, seconds)) for one in self._sentinels]
        told: list[_Told] = []
        causes: list[str] = []
        try:
            for answer in asyncio.as_completed(asked):
                match await answer:
                    case _Told() as one:
                        told.append(one)
                    case str() as why:
                        causes.append(why)
                if len(told) > len(asked) // 2:
                    break
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        if not told:
            raise StoreAway(f"no sentinel knows where {self.address.service} is: {'; '.join(dict.fromkeys(causes))}")
        await self._follow(max(told, key=lambda one: one.epoch).place)

    async def _ask(self, sentinel: Node, seconds: float) -> _Told | str:
        try:
            async with asyncio.timeout(seconds):
                (answer,) = await sentinel.exchange([Command(("SENTINEL", "MASTER", self.address.service))])
        except TimeoutError:
            return f"{sentinel.name} timeout"
        except (Unreached, RedisError, OSError) as error:
            return f"{sentinel.name} {cause(error)}"
        if isinstance(answer, RedisError):
            return f"{sentinel.name} {cause(answer)}"
        state = dict(zip(answer[::2], answer[1::2], strict=False))
        return _Told(int(state[b"config-epoch"]), (state[b"ip"].decode(), int(state[b"port"])))

    async def _follow(self, place: Place) -> None:
        before = self.master
        if before and before.place == place:
            return
        self.master = Node.at(self.address, place, self.address.service)
        if before:
            log.warning("redis has another master", extra={"master": named(place), "before": named(before.place)})
            await before.retire()

    async def close(self) -> None:
        for one in (*self._sentinels, *self.nodes):
            await one.close()
