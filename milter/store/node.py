"""One Redis server: its connections, its breaker, and whether replicas of it confirm what it was told."""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import hiredis
from redis.asyncio.connection import (
    AbstractConnection,
    BlockingConnectionPool,
    Connection,
    UnixDomainSocketConnection,
)
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError, ResponseError

from milter.store.address import Address, Place
from milter.store.command import Command
from milter.store.tls import TlsConnection

log = logging.getLogger("milter.store")

FAILURES = 3  # in a row open the breaker
CONNECTIONS = 32  # a worker; who comes later waits for one, within the same deadline
LOOK = 5.0  # seconds between two looks at the replicas, when something durable is sent
HASTE = 0.001  # seconds for a replica's confirmation once FAILURES of them have not come,
PATIENT = 1.0  # but once in so many seconds it has its full time: it may be far away
UNCONFIRMED = ResponseError("UNCONFIRMED no replica has it yet, so a failover might forget it")
_ASKING = hiredis.pack_command(("ASKING",))
_INFO = Command(("INFO", "replication"))


class Unreached(Exception):
    """There was no connection, so nothing was sent: it may be said to another server."""


@dataclass(slots=True)
class Breaker:
    failures: int = 0
    open: bool = False

    def failed(self) -> bool:
        """True if that opened it."""
        self.failures += 1
        opens = self.failures >= FAILURES and not self.open
        self.open = self.open or opens
        return opens

    def worked(self) -> None:
        self.failures = 0


@dataclass(slots=True, eq=False)
class Node:
    """`name` for logs. Deadlines are the caller's; left half way, a connection is not used again."""

    place: Place
    name: str
    pool: BlockingConnectionPool = field(repr=False)
    breaker: Breaker = field(default_factory=Breaker)
    replicas: int = 0
    _look_due: float = 0.0
    _unconfirmed: int = 0
    _patience_due: float = 0.0
    _retired: bool = False

    @classmethod
    def at(cls, address: Address, place: Place, name: str = "") -> "Node":
        return cls(place, name, _pool(place, CONNECTIONS, _options(address) | dict(address.login) | {"db": address.db}))

    @classmethod
    def sentinel(cls, address: Address, place: Place) -> "Node":
        return cls(place, named(place), _pool(place, 2, _options(address) | dict(address.sentinel_login)))

    async def exchange(
        self, commands: Sequence[Command], *, asking: bool = False, patience: float = HASTE
    ) -> list[Any]:
        """One answer a command, a refusal as the exception it is. `patience`: seconds a replica has for what is durable.

        Unreached, RedisError or OSError when the answers do not come.
        """
        try:
            connection = await self.pool.get_connection()  # type: ignore[no-untyped-call]
        except (RedisError, OSError) as error:
            raise Unreached(cause(error)) from error
        clean = False
        try:
            answers = await self._exchange(connection, commands, asking, patience)
            clean = True
            return answers
        finally:
            # Left half way, the connection still holds answers that would be taken for those of the next question.
            if not clean or self._retired:
                await connection.disconnect(nowait=True)
            await self.pool.release(connection)

    async def _exchange(
        self, connection: AbstractConnection, commands: Sequence[Command], asking: bool, patience: float
    ) -> list[Any]:
        durable = [at for at, one in enumerate(commands) if one.durable]
        if durable and asyncio.get_running_loop().time() >= self._look_due:
            await self._look(connection)
        waiting = self._waiting(patience) if durable and self.replicas else []
        answers = await _send(connection, [*commands, *waiting], asking)
        unknown = [at for at, one in enumerate(answers) if isinstance(one, NoScriptError)]
        if unknown:
            again = await _send(connection, [*(commands[at].in_full() for at in unknown), *waiting], asking)
            for at, answer in zip(unknown, again, strict=False):
                answers[at] = answer
            answers[len(commands) :] = again[len(unknown) :]
        if waiting:
            self._confirm(answers, durable)
        return answers[: len(commands)]

    def _waiting(self, patience: float) -> list[Command]:
        now = asyncio.get_running_loop().time()
        if self._unconfirmed < FAILURES or now >= self._patience_due:
            self._patience_due, seconds = now + PATIENT, patience
        else:
            seconds = HASTE
        return [Command(("WAIT", 1, max(1, int(seconds * 1000))))]

    def _confirm(self, answers: list[Any], durable: Sequence[int]) -> None:
        confirmed = answers[-1]
        if isinstance(confirmed, int) and confirmed > 0:
            self._unconfirmed = 0
            return
        self._unconfirmed += 1
        self._look_due = 0.0
        for at in durable:
            if not isinstance(answers[at], RedisError):
                answers[at] = confirmed if isinstance(confirmed, RedisError) else UNCONFIRMED

    async def _look(self, connection: AbstractConnection) -> None:
        (info,) = await _send(connection, [_INFO])
        if isinstance(info, RedisError):
            log.warning("redis does not tell of its replicas: allow INFO", extra={"cause": cause(info)})
            info = b""
        self.replicas = online_replicas(fields(info))
        self._look_due = asyncio.get_running_loop().time() + LOOK

    async def retire(self) -> None:
        """Not used for anything new; what is under way ends and hangs up."""
        self._retired = True
        await self.pool.disconnect(inuse_connections=False)

    async def close(self) -> None:
        """Ends what is under way, too. A connection that was broken already is no reason to leave others open."""
        self._retired = True
        with contextlib.suppress(RedisError, OSError):
            await self.pool.disconnect()


def named(place: Place) -> str:
    host, port = place
    return f"{host}:{port}" if port else host


def fields(info: bytes) -> dict[str, str]:
    """What INFO says, by name."""
    lines = (line.partition(":") for line in info.decode("utf-8", "replace").splitlines())
    return {name: value for name, colon, value in lines if colon}


def online_replicas(info: dict[str, str]) -> int:
    return sum(name[:5] == "slave" and name[5:].isdigit() and "state=online" in one for name, one in info.items())


def _options(address: Address) -> dict[str, Any]:
    if address.tls is None:
        return {}
    words: dict[str, Any] = dict(address.tls)
    if "ssl_check_hostname" in words:
        words["ssl_check_hostname"] = words["ssl_check_hostname"] == "true"
    return {"ssl": True} | words


def _pool(place: Place, size: int, options: dict[str, Any]) -> BlockingConnectionPool:
    host, port = place
    kind: type[AbstractConnection] = Connection if port else UnixDomainSocketConnection
    if options.pop("ssl", False):
        kind = TlsConnection
    where: dict[str, Any] = {"host": host, "port": port} if port else {"path": host}
    # The caller's deadline covers connecting, waiting and reading together, and nothing may be sent twice unasked.
    return BlockingConnectionPool(
        max_connections=size,
        timeout=None,
        connection_class=kind,
        socket_timeout=None,
        socket_connect_timeout=None,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        **where,
        **options,
    )


async def _send(connection: Any, commands: Sequence[Command], asking: bool = False) -> list[Any]:
    # Packed in C: the library's own way was a twentieth of a message's CPU.
    packed = [hiredis.pack_command(one.parts) for one in commands]  # type: ignore[arg-type]  # says a tuple of one
    # ASKING holds for one command; what came before it in the answers tells nothing.
    joined = b"".join(_ASKING + one for one in packed) if asking else b"".join(packed)
    await connection.send_packed_command(joined, check_health=False)
    answers: list[Any] = []
    for _ in range(len(commands) * (2 if asking else 1)):
        try:
            answers.append(await connection.read_response())
        except ResponseError as error:
            answers.append(error)
    return answers[1::2] if asking else answers


def cause(error: BaseException) -> str:
    """`KIND: text`. Redis quotes no arguments in its errors, so no address gets into a log this way."""
    deeper: BaseException | None = error
    while deeper is not None:
        if isinstance(deeper, ssl.SSLCertVerificationError):
            return (
                f"certificate: not to be trusted ({deeper.verify_message.rstrip('.')}): "
                "ssl_ca_certs must name its CA, and it the host"
            )
        deeper = deeper.__cause__ or deeper.__context__
    text = str(error)
    first = text.split(" ", 1)[0]
    if type(error) is ResponseError and first.isupper():
        return f"{first}: {text.removeprefix(first).strip()}"
    return text if isinstance(error, Unreached) else f"{type(error).__name__}: {text}"
