"""Where mail goes from here: one object a configured address, for SMTP, LMTP and Maildir alike.

Whatever goes wrong on the way is a reply, never an exception: nobody is told that a message was accepted unless the
next hop said so for these bytes.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from milter.delivery import dialogue, replies
from milter.delivery.capabilities import Capabilities
from milter.delivery.connection import Connection, Limits
from milter.delivery.dialogue import BeforeDot
from milter.delivery.maildir import Maildir
from milter.delivery.outgoing import Outgoing, Recipients, Verdicts
from milter.delivery.pool import Pool
from milter.delivery.replies import is_ours, outcome_unknown
from milter.errors import SmtpError, SmtpReply
from milter.settings.values import LmtpHop, MaildirHop, NextHopAddress, SmtpHop

log = logging.getLogger("milter.delivery")

OFFER_SECONDS = 30.0  # an offer is believed so long: a door greets far more often than a next hop changes its mind


class Sender(Protocol):
    """A next hop, whatever it is made of."""

    async def capabilities(self) -> Capabilities:
        """What it offers, at most OFFER_SECONDS old, or last offered if it is away. SmtpError if it never was there."""

    async def send(self, outgoing: Outgoing, *, before_dot: BeforeDot | None = None) -> tuple[SmtpReply, ...]:
        """Delivers; one reply a recipient, in order.

        `before_dot` is awaited when all but the final dot is written and flushed; False gives the transaction up
        without the dot. Cancelled before the dot, nothing is delivered; from the dot on the caller shields, or loses
        the outcome.
        """

    async def verify(self, mail_from: str, params: tuple[str, ...], recipients: Recipients) -> tuple[SmtpReply, ...]:
        """What it says to these recipients, without sending anything."""

    async def close(self) -> None: ...


class NextHop:
    """An SMTP or LMTP server, over pooled connections."""

    def __init__(self, address: SmtpHop | LmtpHop, *, hostname: str, limits: Limits) -> None:
        self.address = address
        self._lmtp = isinstance(address, LmtpHop)
        self._pool = Pool(address.address, lmtp=self._lmtp, hostname=hostname, limits=limits)
        self._asking: asyncio.Task[SmtpError | None] | None = None

    async def capabilities(self) -> Capabilities:
        pool = self._pool
        if pool.offered is None or asyncio.get_running_loop().time() - pool.offered_at >= OFFER_SECONDS:
            # One asks for all who wait: a next hop that swallows packets costs them one deadline, not one each.
            if self._asking is None:
                self._asking = asyncio.create_task(self._ask())
            error = await asyncio.shield(self._asking)
            if pool.offered is None:
                raise error or SmtpError(replies.UNREACHABLE)
        return pool.offered

    async def _ask(self) -> SmtpError | None:
        try:
            async with self._pool.turn(), self._pool.connection(fresh=True) as connection:
                connection.reusable = True
            return None
        except (OSError, SmtpError) as error:
            self._pool.offered_at = asyncio.get_running_loop().time()  # what was offered last stands for another while
            reply, cause = replies.trouble(error)
            log.warning("the next hop cannot be asked", extra={"next_hop": str(self.address), "cause": cause})
            return SmtpError(reply, cause)
        finally:
            self._asking = None

    async def send(self, outgoing: Outgoing, *, before_dot: BeforeDot | None = None) -> tuple[SmtpReply, ...]:
        async def talk(connection: Connection, verdicts: Verdicts) -> None:
            await dialogue.deliver(connection, self._lmtp, outgoing, verdicts, before_dot)

        return await self._carry(len(outgoing.recipients), talk)

    async def verify(self, mail_from: str, params: tuple[str, ...], recipients: Recipients) -> tuple[SmtpReply, ...]:
        async def talk(connection: Connection, verdicts: Verdicts) -> None:
            await dialogue.verify(connection, mail_from, params, recipients, verdicts)

        return await self._carry(len(recipients), talk)

    async def _carry(
        self, recipients: int, talk: Callable[[Connection, Verdicts], Awaitable[None]]
    ) -> tuple[SmtpReply, ...]:
        try:
            async with self._pool.turn():
                verdicts = await self._attempt(recipients, talk, fresh=False)
                return (verdicts or await self._attempt(recipients, talk, fresh=True) or Verdicts(recipients)).final
        except SmtpError as error:  # no turn
            return self._failed(Verdicts(recipients), error).final

    async def _attempt(
        self, recipients: int, talk: Callable[[Connection, Verdicts], Awaitable[None]], *, fresh: bool
    ) -> Verdicts | None:
        """None: the connection came from the pool and was dead before anything counted: a new one has its chance."""
        verdicts, pooled = Verdicts(recipients), False
        try:
            async with self._pool.connection(fresh=fresh) as connection:
                pooled = connection.used
                await talk(connection, verdicts)
        except (OSError, SmtpError) as error:
            # A deadline is not a death: waiting as long again would be too long for our own peer.
            if pooled and verdicts.open and not verdicts.committed and not isinstance(error, TimeoutError):
                log.debug("a pooled connection was dead", extra={"next_hop": str(self.address), "cause": str(error)})
                return None
            return self._failed(verdicts, error)
        return verdicts

    def _failed(self, verdicts: Verdicts, error: OSError | SmtpError) -> Verdicts:
        reply, cause = replies.trouble(error)
        when = "after the final dot" if verdicts.dotted else "before the final dot"
        log.warning("the next hop failed", extra={"next_hop": str(self.address), "when": when, "cause": cause})
        verdicts.rest(replies.UNKNOWN if verdicts.dotted and is_ours(reply) else reply)
        return verdicts

    async def close(self) -> None:
        if self._asking:
            self._asking.cancel()
            await asyncio.wait([self._asking])
        self._pool.close()


def open_next_hop(address: NextHopAddress, *, hostname: str, limits: Limits | None = None) -> Sender:
    """The next hop at `address`; connects to nothing yet. `hostname` is what we call ourselves in EHLO."""
    if isinstance(address, MaildirHop):
        return Maildir(address.directory, hostname=hostname)
    return NextHop(address, hostname=hostname, limits=limits or Limits())


__all__ = ["Limits", "NextHop", "Outgoing", "Sender", "is_ours", "open_next_hop", "outcome_unknown"]
