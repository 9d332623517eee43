"""Names looked up without ever blocking the loop: remembered, asked for once at a time, and not at all while the DNS is away."""

import asyncio
import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from milter.lookup.dns_answers import ROOT, Answer, Failed, Key, Kind, NoRecords, Records, key
from milter.lookup.dns_cache import Cache
from milter.lookup.dns_exchange import Server, exchange, server
from milter.lookup.dns_wire import CIRCLE, Reading, Unreadable

__all__ = ["Answer", "Budget", "Failed", "Kind", "NoRecords", "Records", "Resolver"]

log = logging.getLogger("milter.lookup")

SECONDS = 5.0  # for all look-ups of one message together
PATIENCE = 1.5  # seconds until the next server is asked too; whoever was asked last has twice as long
PROBE = 2.0  # seconds between two probes of a silent DNS
PROBE_PATIENCE = 1.5  # seconds for the answer to one: two of them end with the patience for the question that led to it
LONGEST_TTL, LONGEST_NEGATIVE_TTL = 3600, 900  # seconds (RFC 2308 section 5 advises at most some hours)
# Seconds; RFC 2308 section 7 allows up to five minutes. A name server that is back should be noticed, and a burst is shorter.
FAILURE_TTL = 10
ALIASES = 8  # followed
AT_ONCE = 256  # questions on their way, each with a socket
RESOLV_CONF = Path("/etc/resolv.conf")


@dataclass(frozen=True, slots=True)
class Budget:
    """One deadline, on the loop's clock, for all look-ups of one message: five time-outs in a row do not add up."""

    deadline: float

    @classmethod
    def start(cls, seconds: float = SECONDS) -> "Budget":
        return cls(asyncio.get_running_loop().time() + seconds)

    def left(self) -> float:
        """Seconds; 0 if there are none."""
        return max(0.0, self.deadline - asyncio.get_running_loop().time())


class Resolver:
    """`nameservers` as settings let them through; without any, those of resolv.conf, read once.

    `silent` while no server answers anything. A zone whose servers are dead is another thing: the first time-out lets a probe
    find out which it is, so nobody's dead zone keeps us from looking up the others.
    """

    def __init__(
        self,
        nameservers: Sequence[str] = (),
        *,
        resolv_conf: Path = RESOLV_CONF,
        patience: float = PATIENCE,
        probe_every: float = PROBE,
        probe_patience: float = PROBE_PATIENCE,
    ) -> None:
        self.silent = False
        self._servers = [server(one) for one in nameservers] or _of_this_host(resolv_conf)
        self._patience = patience
        self._probe_every = probe_every
        self._probe_patience = probe_patience
        self._first = 0
        self._cache = Cache()
        self._flights: dict[Key, asyncio.Task[Answer]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._probing: asyncio.Task[None] | None = None
        self._heard: tuple[float, Key | None] = (0.0, None)
        self._closed = False

    def known(self, name: str, kind: Kind) -> Answer | None:
        """What can be said without asking anybody, else None."""
        asked = key(name, kind)
        return self._cache.get(asked, asyncio.get_running_loop().time()) if asked else NoRecords()

    async def lookup(self, name: str, kind: Kind, budget: Budget) -> Answer:
        """Waits for `budget` at most. The question lives on without whoever waited for it, for the next one who asks."""
        asked = key(name, kind)
        if asked is None:
            return NoRecords()
        if known := self._cache.get(asked, asyncio.get_running_loop().time()):
            return known
        if self._closed or self.silent or not self._servers:
            return Failed("no name server answers")
        left = budget.left()
        if not left:
            return Failed("out of time")
        flight = self._flights.get(asked) or self._start(asked)
        await asyncio.wait({flight}, timeout=left)
        if not flight.done():
            return Failed("out of time")
        return Failed("no name server answers") if flight.cancelled() or flight.exception() else flight.result()

    async def any_answers(self) -> bool:
        """Whether any server answers at all, whatever it says: to what each knows, and to what one has answered before."""
        since, (_, before) = asyncio.get_running_loop().time(), self._heard
        questions = [ROOT, *([before] if before else [])]
        for _ in range(2):
            asked = [self._answers(one, each) for one in self._servers for each in questions]
            if any(await asyncio.gather(*asked)) or self._heard[0] >= since:
                return True
        return False

    async def close(self) -> None:
        self._closed = True
        running = [*self._flights.values(), *([self._probing] if self._probing else [])]
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _start(self, asked: Key) -> asyncio.Task[Answer]:
        flight = asyncio.create_task(self._find(asked))
        self._flights[asked] = flight
        flight.add_done_callback(lambda _: self._land(asked, flight))
        return flight

    def _land(self, asked: Key, flight: asyncio.Task[Answer]) -> None:
        del self._flights[asked]
        if not flight.cancelled() and (error := flight.exception()):
            log.error("a look-up broke", extra={"kind": asked[1]}, exc_info=error)

    async def _find(self, asked: Key) -> Answer:
        deadline = asyncio.get_running_loop().time() + SECONDS
        async with self._slots:
            # Whoever sends mail with names that are slow to ask for must not keep others waiting behind what nobody waits for.
            if asyncio.get_running_loop().time() >= deadline:
                return Failed("too many questions at once")
            answer, ttl = await self._chase(asked)
        self._cache.put(asked, answer, asyncio.get_running_loop().time() + ttl)
        return answer

    async def _chase(self, asked: Key) -> tuple[Answer, float]:
        """The answer, and for how many seconds it is good. Aliases that a forwarder has left unfollowed are followed here."""
        ttl = float(LONGEST_TTL)
        for _ in range(ALIASES):
            reading = await self._ask(asked)
            if reading.ttl is not None:
                ttl = min(ttl, reading.ttl)
            if not reading.alias:
                break
            asked = (reading.alias, asked[1])
        else:
            return Failed(CIRCLE), FAILURE_TTL
        match reading.answer:
            case Records():
                return reading.answer, max(ttl, 1)
            case NoRecords():
                # Also one that the server gave no time for: a burst need not ask again and again.
                return reading.answer, FAILURE_TTL if reading.ttl is None else min(ttl, LONGEST_NEGATIVE_TTL)
            case Failed():
                return reading.answer, FAILURE_TTL

    async def _ask(self, asked: Key) -> Reading:
        why = ""
        count = len(self._servers)
        waiting: dict[asyncio.Task[Reading], int] = {}
        try:
            for at in itertools.islice(itertools.cycle(range(count)), self._first, self._first + max(count, 2)):
                if count == 1 and why not in ("", "timeout"):
                    break
                waiting[asyncio.create_task(exchange(self._servers[at], asked))] = at
                reading, why = await self._wait(waiting, asked, why)
                if reading:
                    return reading
            while waiting:  # who is slow has twice as long: the other question was only to make sure
                reading, why = await self._wait(waiting, asked, why)
                if reading or why == "timeout":
                    break
        finally:
            for one in waiting:
                one.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        return reading or Reading(Failed(why))

    async def _wait(
        self, waiting: dict[asyncio.Task[Reading], int], asked: Key, why: str
    ) -> tuple[Reading | None, str]:
        """The first answer that can be used, or why there is none: `patience` is over, or one of those asked has failed."""
        done, _ = await asyncio.wait(waiting, timeout=self._patience, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            self._suspect()
            return None, "timeout"
        for one in done:
            at = waiting.pop(one)
            try:
                reading = one.result()
            except (OSError, EOFError):
                why = "unreachable"
                self._suspect()
            except Unreadable:
                why = "unreadable answer"
            else:
                self._first = at
                self._heard = (asyncio.get_running_loop().time(), asked)
                if not isinstance(reading.answer, Failed):
                    return reading, ""
                why = reading.answer.why
        return None, why

    def _suspect(self) -> None:
        """A server did not answer: find out whether any does."""
        if (self._probing is None or self._probing.done()) and not self._closed:
            self._probing = asyncio.create_task(self._probe())

    async def _probe(self) -> None:
        while not await self.any_answers():
            if not self.silent:
                self.silent = True
                asked = ",".join(str(one) for one in self._servers)
                log.warning("dns is silent: nothing is looked up until it answers a probe", extra={"servers": asked})
                for one in self._flights.values():
                    one.cancel()
            await asyncio.sleep(self._probe_every)
        if self.silent:
            self.silent = False
            self._cache.forget_failures()
            log.info("dns answers again")

    async def _answers(self, there: Server, asked: Key) -> bool:
        try:
            async with asyncio.timeout(self._probe_patience):
                await exchange(there, asked)
        except (OSError, EOFError):
            return False
        except Unreadable:
            return True
        return True


def _of_this_host(path: Path) -> list[Server]:
    """The name servers of resolv.conf(5): if it names none, that of the host itself."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError as error:
        log.warning("no name servers: every look-up fails", extra={"file": str(path), "cause": error.strerror})
        return []
    words = [line.split() for line in lines if line.startswith("nameserver")]
    return [Server(one[1]) for one in words if len(one) > 1] or [Server("127.0.0.1")]
