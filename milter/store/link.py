"""The seam to Redis: commands go out together, their answers come back within one deadline, or StoreAway says why not.

One server, a master that Sentinels watch, or the masters of a Cluster: each has its own breaker, and what lives on one
that is away does not keep the others from answering.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from redis.exceptions import AskError, ClusterDownError, MovedError, ReadOnlyError, RedisError, TryAgainError

from milter.errors import StoreAway
from milter.store.address import Address, Malformed, Place, Shape, parse
from milter.store.cluster import Cluster
from milter.store.command import Command, Part, Script
from milter.store.node import Breaker, Node, Unreached, cause, named
from milter.store.sentinel import Sentinels

__all__ = ["AWAY", "Command", "Link", "Part", "Script"]

log = logging.getLogger("milter.store")

WAIT = 0.25  # seconds for one wait, connecting, redirections and replicas included
PROBE = 1.0  # seconds between two probes while a breaker is open
CONFIRMED = 0.4  # of a wait: what a replica has to confirm; twice, where a script was not known
TELLING = 0.4  # of a wait: what there is for finding out who is master
AGAIN = 5.0  # seconds between two looks at who is master, while there is traffic
DETOURS = 3  # after which a command is given up: MOVED, ASK, another try
PAUSE = 0.02  # seconds before another try of what is being moved between two nodes
AWAY = "redis is away"

_ELSEWHERE = (AskError, TryAgainError, ReadOnlyError, ClusterDownError, Unreached)


class Servers(Protocol):
    """What stands behind a Link. `nodes`: the masters known; `find` the one that owns a command's key."""

    @property
    def nodes(self) -> Sequence[Node]: ...
    def find(self, command: Command) -> Node | None: ...
    def at(self, place: Place, told_by: Node) -> Node: ...
    async def refresh(self, seconds: float) -> None: ...
    async def close(self) -> None: ...


@dataclass(slots=True)
class One:
    node: Node

    @property
    def nodes(self) -> Sequence[Node]:
        return (self.node,)

    def find(self, command: Command) -> Node:
        return self.node

    def at(self, place: Place, told_by: Node) -> Node:
        return told_by

    async def refresh(self, seconds: float) -> None:
        return

    async def close(self) -> None:
        await self.node.close()


@dataclass(slots=True)
class Link:
    """Connections, a deadline a wait, and breakers: after three failures in a row nobody waits for that server for a while.

    `url` as settings have accepted it; ValueError otherwise.
    """

    url: str = field(repr=False)
    _servers: Servers = field(init=False)
    _only: Node | None = field(init=False)
    _map: Breaker = field(default_factory=Breaker)  # of finding out who is master
    _map_due: float = 0.0
    _unknown: StoreAway = field(default_factory=lambda: StoreAway(AWAY))  # why it is not found
    _refreshing: asyncio.Task[None] | None = None
    _probing: set[asyncio.Task[None]] = field(default_factory=set)
    _troubles: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        address = parse(self.url)
        if isinstance(address, Malformed):
            raise ValueError(f"redis.url {address.what}")
        self._servers = _servers(address)
        self._only = self._servers.node if isinstance(self._servers, One) else None

    @property
    def open(self) -> bool:
        """Nobody is asked any more: every breaker is open."""
        nodes = self._servers.nodes
        return all(one.breaker.open for one in nodes) if nodes else self._map.open

    async def run(self, purpose: str, commands: Sequence[Command]) -> list[Any]:
        """The answers in order, after one wait. StoreAway if one is missing or an error: others may be done then."""
        answers = await self._answers(purpose, commands)
        for one in answers:
            if isinstance(one, Exception):
                raise _away(one) from one
        return answers

    async def some(self, purpose: str, commands: Sequence[Command], missing: Any) -> list[Any]:
        """As `run`, but with `missing` for what lives on a server that is away. StoreAway if nobody answers, or one refuses."""
        answers = await self._answers(purpose, commands)
        refused = [one for one in answers if isinstance(one, RedisError)]
        away = [one for one in answers if isinstance(one, StoreAway | Unreached)]
        if refused or (away and len(away) == len(answers)):
            raise _away((refused or away)[0])
        return [missing if isinstance(one, Exception) else one for one in answers]

    async def everywhere(self, purpose: str, commands: Sequence[Command]) -> dict[str, list[Any]]:
        """The same commands to every master: answers by its name, a StoreAway or RedisError in the place of each missing."""
        deadline = asyncio.get_running_loop().time() + WAIT
        if not await self._know(deadline):
            raise self._unknown
        nodes = self._servers.nodes
        found = await asyncio.gather(*(self._ask(purpose, one, commands, deadline) for one in nodes))
        return {
            named(node.place): [_away(one) if isinstance(one, Unreached) else one for one in answers]
            for node, answers in zip(nodes, found, strict=True)
        }

    async def back(self) -> None:
        """Returns when every breaker is closed."""
        while self._probing:
            await asyncio.wait(self._probing)

    async def _answers(self, purpose: str, commands: Sequence[Command]) -> list[Any]:
        """One a command; a refusal, or why there is none, as an exception."""
        deadline = asyncio.get_running_loop().time() + WAIT
        if self._only:
            return await self._ask(purpose, self._only, commands, deadline)
        return await self._spread(purpose, commands, deadline)

    async def _spread(self, purpose: str, commands: Sequence[Command], deadline: float) -> list[Any]:
        """To each server what it owns, all at the same time; what it sends elsewhere goes there, within the deadline."""
        answers: list[Any] = [StoreAway("no master of the cluster serves this slot")] * len(commands)
        if not await self._know(deadline):
            return [self._unknown] * len(commands)
        going: dict[int, tuple[Node, bool]] = {
            at: (node, False) for at, one in enumerate(commands) if (node := self._servers.find(one))
        }
        for _ in range(1 + DETOURS):
            groups: dict[tuple[Node, bool], list[int]] = {}
            for at, where in going.items():
                groups.setdefault(where, []).append(at)
            asked = [
                self._ask(purpose, node, [commands[at] for at in here], deadline, asking)
                for (node, asking), here in groups.items()
            ]
            found = [await asked[0]] if len(asked) == 1 else await asyncio.gather(*asked)
            sent_on: dict[int, tuple[Node, Exception]] = {}
            for ((node, _), here), these in zip(groups.items(), found, strict=True):
                for at, answer in zip(here, these, strict=True):
                    answers[at] = answer
                    if isinstance(answer, _ELSEWHERE):
                        sent_on[at] = node, answer
            going = await self._detours(commands, sent_on, deadline) if sent_on else {}
            if not going:
                break
        for node, answer in sent_on.values():
            self._trouble(purpose, node, cause(answer))
        return answers

    async def _detours(
        self, commands: Sequence[Command], sent_on: dict[int, tuple[Node, Exception]], deadline: float
    ) -> dict[int, tuple[Node, bool]]:
        """Where to say them again: the node, and whether it is asked for a slot that is on its way to it (ASK)."""
        errors = [error for _, error in sent_on.values()]
        if any(isinstance(one, ReadOnlyError | ClusterDownError | Unreached) for one in errors):
            await self._refresh(deadline)
        elif any(isinstance(one, MovedError) for one in errors):
            self._look_later()
        if any(isinstance(one, TryAgainError) for one in errors):
            await asyncio.sleep(PAUSE)
        going: dict[int, tuple[Node, bool]] = {}
        for at, (node, error) in sent_on.items():
            match error:
                case AskError():  # and MOVED, which is a kind of it
                    asking = not isinstance(error, MovedError)
                    going[at] = self._servers.at((error.host, error.port), node), asking
                case TryAgainError():
                    going[at] = node, False
                case _:
                    found = self._servers.find(commands[at])
                    if found and found is not node:
                        going[at] = found, False
        return going

    async def _ask(
        self, purpose: str, node: Node, commands: Sequence[Command], deadline: float, asking: bool = False
    ) -> list[Any]:
        if node.breaker.open:
            return [StoreAway(AWAY)] * len(commands)
        try:
            async with asyncio.timeout_at(deadline):
                answers = await node.exchange(commands, asking=asking, patience=WAIT * CONFIRMED)
        except TimeoutError:
            failure: Exception = StoreAway(f"timeout: no answer within {WAIT * 1000:.0f} ms")
        except Unreached as error:
            failure = error
        except (RedisError, OSError) as error:
            failure = StoreAway(cause(error))
        else:
            # Refused at once costs nobody time, so the breaker stays closed for what does work.
            node.breaker.worked()
            self._note(purpose, node, answers)
            return answers
        self._look_later()
        self._trouble(purpose, node, str(failure))
        if node.breaker.failed():
            told = {"cause": str(failure)} | ({"server": node.name} if node.name else {})
            log.warning("redis is away: not asked any more until it answers a probe", extra=told)
            self._begin_probing(self._probe(node))
        return [failure] * len(commands)

    def _note(self, purpose: str, node: Node, answers: Iterable[Any]) -> None:
        for one in answers:
            if isinstance(one, RedisError):
                if self._only or not isinstance(one, _ELSEWHERE):
                    self._trouble(purpose, node, cause(one))
                return
        if self._troubles.pop((node.name, purpose), ""):
            log.info("redis does it again", extra={"purpose": purpose})

    def _trouble(self, purpose: str, node: Node, why: str) -> None:
        kind = why.split(":", 1)[0]
        if self._troubles.get((node.name, purpose)) != kind:
            self._troubles[node.name, purpose] = kind
            told = {"purpose": purpose, "cause": why} | ({"server": node.name} if node.name else {})
            log.warning("redis failed", extra=told)

    async def _know(self, deadline: float) -> bool:
        """Whether anybody is known to be master; asked for if not, and now and then, for nobody tells us by himself."""
        if self._only:
            return True
        if not self._servers.nodes:
            if not self._map.open:
                await self._refresh(deadline)
        elif asyncio.get_running_loop().time() >= self._map_due:
            self._look_later()
        return bool(self._servers.nodes)

    async def _refresh(self, deadline: float) -> None:
        """Who is master, asked once for all who wonder at the same time."""
        self._look_later()
        if self._refreshing:
            try:
                async with asyncio.timeout_at(deadline):
                    await asyncio.shield(self._refreshing)
            except TimeoutError:
                return

    def _look_later(self) -> None:
        if self._only is None and (self._refreshing is None or self._refreshing.done()):
            self._refreshing = asyncio.create_task(self._look())

    async def _look(self) -> None:
        self._map_due = asyncio.get_running_loop().time() + AGAIN
        try:
            await self._servers.refresh(WAIT * TELLING)
        except StoreAway as away:
            self._unknown = away
            if self._map.failures == 0:
                log.warning("redis: who is master is not known", extra={"cause": str(away)})
            if self._map.failed():
                self._unknown = StoreAway(AWAY)
                self._begin_probing(self._probe_map())
            return
        if self._map.failures:
            log.info("redis: who is master is known again")
        self._map.worked()

    def _begin_probing(self, probe: Any) -> None:
        task = asyncio.create_task(probe)
        self._probing.add(task)
        task.add_done_callback(self._probing.discard)

    async def _probe(self, node: Node) -> None:
        while node.breaker.open:
            await asyncio.sleep(PROBE)
            await self._look()
            if node not in self._servers.nodes:
                return  # its slots are another's now
            try:
                async with asyncio.timeout(WAIT):
                    (answer,) = await node.exchange([Command(("PING",))])
            except (TimeoutError, Unreached, RedisError, OSError):
                continue
            if isinstance(answer, RedisError):
                continue
            node.breaker.worked()
            node.breaker.open = False
            log.info("redis is back", extra={"server": node.name} if node.name else {})

    async def _probe_map(self) -> None:
        while self._map.failures:
            await asyncio.sleep(PROBE)
            await self._look()
        self._map.open = False

    async def close(self) -> None:
        tasks = [*self._probing, *([self._refreshing] if self._refreshing else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._servers.close()


def _servers(address: Address) -> Servers:
    match address.shape:
        case Shape.SERVER:
            return One(Node.at(address, address.places[0]))
        case Shape.SENTINEL:
            return Sentinels(address)
        case Shape.CLUSTER:
            return Cluster(address)


def _away(error: Exception) -> StoreAway:
    return error if isinstance(error, StoreAway) else StoreAway(cause(error))
