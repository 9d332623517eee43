"""Connections to one next hop: the last one used is used first, few wait idle, none for long."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from milter.delivery import replies
from milter.delivery.capabilities import Capabilities
from milter.delivery.connection import Connection, Limits, connect
from milter.errors import SmtpError
from milter.settings.values import SocketAddress


class Pool:
    """`offered`: what the newest connection was offered, None before the first; `offered_at` by the loop's clock."""

    def __init__(self, address: SocketAddress, *, lmtp: bool, hostname: str, limits: Limits) -> None:
        self.limits = limits
        self.offered: Capabilities | None = None
        self.offered_at = 0.0
        self._address, self._lmtp, self._hostname = address, lmtp, hostname
        self._turns = asyncio.Semaphore(limits.at_once)
        self._idle: deque[tuple[float, Connection]] = deque()
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    @asynccontextmanager
    async def connection(self, *, fresh: bool) -> AsyncIterator[Connection]:
        """A connection for one transaction, a new one if `fresh`; kept afterwards if it was left reusable, else cut.

        SmtpError (4xx) if there is none to be had. The caller holds a turn.
        """
        taken = None if fresh else self._take()
        if taken is None:
            taken = await connect(self._address, lmtp=self._lmtp, hostname=self._hostname, limits=self.limits)
            self.offered, self.offered_at = taken.capabilities, asyncio.get_running_loop().time()
        taken.reusable = False
        try:
            yield taken
        finally:
            self._give_back(taken)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """One of the `at_once`. SmtpError if it does not come in time: our peer is not kept waiting without end."""
        try:
            async with asyncio.timeout(self.limits.turn):
                await self._turns.acquire()
        except TimeoutError as error:
            raise SmtpError(replies.BUSY, f"all {self.limits.at_once} connections are busy") from error
        try:
            yield
        finally:
            self._turns.release()

    def _take(self) -> Connection | None:
        while self._idle:
            _, one = self._idle.pop()
            if one.healthy:
                one.used = True
                return one
            one.quit()
        return None

    def _give_back(self, one: Connection) -> None:
        if not one.reusable:
            one.abort()
        elif self._closed or len(self._idle) >= self.limits.max_idle:
            one.quit()
        else:
            loop = asyncio.get_running_loop()
            self._idle.append((loop.time(), one))
            if self._sweep is None:
                self._sweep = loop.call_later(self.limits.idle, self._close_old)

    def _close_old(self) -> None:
        """Hangs up on what has been idle too long: the next hop has better use for its processes."""
        loop = asyncio.get_running_loop()
        while self._idle and self._idle[0][0] <= loop.time() - self.limits.idle:
            self._idle.popleft()[1].quit()
        self._sweep = loop.call_at(self._idle[0][0] + self.limits.idle, self._close_old) if self._idle else None

    def close(self) -> None:
        """Hangs up on the idle ones; those in use are hung up on when their transaction ends."""
        self._closed = True
        if self._sweep:
            self._sweep.cancel()
            self._sweep = None
        while self._idle:
            self._idle.pop()[1].quit()
