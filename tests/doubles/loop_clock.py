"""The running loop's clock, which a test puts forward: a deadline passes, and nobody waits for it or is too slow for it."""

import asyncio
from collections.abc import Callable

TURNS = 20  # of the loop: more than it takes until a local socket's other side has read what was sent


class LoopClock:
    """Of the loop that runs the test, and ends with it."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        real: Callable[[], float] = loop.time
        self._ahead = 0.0
        loop.time = lambda: real() + self._ahead  # type: ignore[method-assign]

    async def forward(self, seconds: float) -> None:
        """What was sent before arrives before; what is due by then has happened afterwards."""
        await self._turns()
        self._ahead += seconds
        await self._turns()

    async def _turns(self) -> None:
        for _ in range(TURNS):
            await asyncio.sleep(0)
