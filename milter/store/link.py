"""The seam to Redis: commands go out together, their answers come back within one deadline, or StoreAway says why not.

One server today; Sentinel and Cluster change what stands behind `Link.run`, not who calls it.
"""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hiredis
from redis.asyncio.connection import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError, ResponseError

from milter.errors import StoreAway

log = logging.getLogger("milter.store")

WAIT = 0.25  # seconds for one wait, connecting included
FAILURES = 3  # in a row open the breaker
PROBE = 1.0  # seconds between two probes while it is open
CONNECTIONS = 32  # a worker; who comes later waits for one, within the same deadline

Part = bytes | str | int


@dataclass(frozen=True, slots=True)
class Command:
    """`parts` as sent. `script`: the text to send instead when the server does not know the script of an EVALSHA."""

    parts: tuple[Part, ...]
    script: str = ""

    def in_full(self) -> "Command":
        return Command(("EVAL", self.script, *self.parts[2:]))


@dataclass(frozen=True, slots=True)
class Script:
    text: str
    sha: str

    @classmethod
    def load(cls, name: str) -> "Script":
        text = (Path(__file__).parent / "scripts" / f"{name}.lua").read_text("utf-8")
        return cls(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())

    def call(self, keys: Sequence[str], arguments: Sequence[Part]) -> Command:
        return Command(("EVALSHA", self.sha, len(keys), *keys, *(_bytes(one) for one in arguments)), self.text)


@dataclass(slots=True)
class Link:
    """Connections, a deadline a wait, and the breaker: after FAILURES in a row nobody waits for a while."""

    url: str
    open: bool = False
    _pool: BlockingConnectionPool = field(init=False)
    _failures: int = 0
    _probing: asyncio.Task[None] | None = None
    _troubles: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Our deadline covers connecting, waiting and reading together, and what we send may not be sent twice unasked.
        self._pool = BlockingConnectionPool.from_url(
            self.url,
            max_connections=CONNECTIONS,
            timeout=None,
            socket_timeout=None,
            socket_connect_timeout=None,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )

    async def run(self, purpose: str, commands: Sequence[Command]) -> list[Any]:
        """The answers in order, after one wait. StoreAway if one is missing or an error: others may be done then."""
        if self.open:
            raise StoreAway("redis is away")
        return await self._run(purpose, commands)

    async def back(self) -> None:
        """Returns when the breaker is closed."""
        if self._probing:
            await asyncio.shield(self._probing)

    async def _run(self, purpose: str, commands: Sequence[Command]) -> list[Any]:
        try:
            async with asyncio.timeout(WAIT):
                answers = await self._exchange(commands)
        except TimeoutError:
            raise self._away(purpose, f"timeout: no answer within {WAIT * 1000:.0f} ms", answered=False) from None
        except (RedisError, OSError) as error:
            raise self._away(purpose, _cause(error), answered=False) from error
        for one in answers:
            if isinstance(one, RedisError):
                raise self._away(purpose, _cause(one), answered=not isinstance(one, RedisConnectionError)) from one
        self._failures = 0
        if self._troubles.pop(purpose, None):
            log.info("redis does it again", extra={"purpose": purpose})
        return answers

    async def _exchange(self, commands: Sequence[Command]) -> list[Any]:
        connection = await self._pool.get_connection()  # type: ignore[no-untyped-call]
        clean = False
        try:
            answers = await _send(connection, commands)
            unknown = [at for at, one in enumerate(answers) if isinstance(one, NoScriptError)]
            if unknown:
                again = await _send(connection, [commands[at].in_full() for at in unknown])
                for at, answer in zip(unknown, again, strict=True):
                    answers[at] = answer
            clean = True
            return answers
        finally:
            # Left half way, the connection still holds answers that would be taken for those of the next question.
            if not clean:
                await connection.disconnect(nowait=True)
            await self._pool.release(connection)

    def _away(self, purpose: str, cause: str, *, answered: bool) -> StoreAway:
        """`answered`: refused at once, which costs nobody time, so the breaker stays closed for what does work."""
        self._failures = 0 if answered else self._failures + 1
        if self._failures >= FAILURES and not self.open:
            self.open = True
            self._probing = asyncio.create_task(self._probe())
            log.warning("redis is away: not asked any more until it answers a probe", extra={"cause": cause})
        kind = cause.split(":", 1)[0]
        if self._troubles.get(purpose) != kind:
            self._troubles[purpose] = kind
            log.warning("redis failed", extra={"purpose": purpose, "cause": cause})
        return StoreAway(cause)

    async def _probe(self) -> None:
        while self.open:
            await asyncio.sleep(PROBE)
            try:
                await self._run("probe", [Command(("PING",))])
            except StoreAway:
                continue
            self.open = False
            log.info("redis is back")

    async def close(self) -> None:
        if self._probing:
            self._probing.cancel()
            await asyncio.gather(self._probing, return_exceptions=True)
        await self._pool.disconnect()


async def _send(connection: Any, commands: Sequence[Command]) -> list[Any]:
    # Packed in C: the library's own way was a twentieth of a message's CPU.
    packed = b"".join(hiredis.pack_command(one.parts) for one in commands)  # type: ignore[arg-type]  # says a tuple of one
    await connection.send_packed_command(packed, check_health=False)
    answers: list[Any] = []
    for _ in commands:
        try:
            answers.append(await connection.read_response())
        except ResponseError as error:
            answers.append(error)
    return answers


def _cause(error: Exception) -> str:
    """`KIND: text`. Redis quotes no arguments in its errors, so no address gets into a log this way."""
    text = str(error)
    first = text.split(" ", 1)[0]
    if type(error) is ResponseError and first.isupper():
        return f"{first}: {text.removeprefix(first).strip()}"
    return f"{type(error).__name__}: {text}"


def _bytes(part: Part) -> Part:
    # Mail brings bytes that are no UTF-8, decoded as lone surrogates: they must come back as they went.
    return part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
