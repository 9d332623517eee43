"""Connections are kept, replaced when they died unseen, and never more than allowed."""

import asyncio

import pytest

from milter.delivery.next_hop import is_ours
from tests.delivery.letters import BIG, letter, reach
from tests.doubles.loop_clock import LoopClock
from tests.doubles.sink import Sink

both = pytest.mark.parametrize("lmtp", [False, True], ids=["smtp", "lmtp"])


@both
async def test_one_after_the_other_goes_over_one_connection_without_reset(lmtp: bool) -> None:
    async with Sink(lmtp=lmtp) as sink, reach(sink) as hop:
        for _ in range(3):
            assert (await hop.send(letter()))[0].accepted
        assert (sink.connections, sink.commands.count("RSET")) == (1, 0)


async def test_the_connection_that_asked_for_capabilities_is_used() -> None:
    async with Sink() as sink, reach(sink) as hop:
        await asyncio.gather(*(hop.capabilities() for _ in range(5)))
        await hop.send(letter())
        assert sink.connections == 1


@both
async def test_a_pooled_connection_that_was_cut_is_replaced(lmtp: bool) -> None:
    async with Sink(lmtp=lmtp) as sink, reach(sink) as hop:
        await hop.send(letter())
        await sink.cut()
        assert (await hop.send(letter()))[0].accepted
        assert (sink.connections, len(sink.delivered)) == (2, 2)


@both
@pytest.mark.parametrize("point", ["mail", "rcpt", "data", "body"])
async def test_a_pooled_connection_that_dies_before_the_dot_is_replaced_once(lmtp: bool, point: str) -> None:
    async with Sink(lmtp=lmtp) as sink, reach(sink) as hop:
        await hop.send(letter())
        sink.faults.drop = point
        (verdict,) = await hop.send(letter(content=BIG))
        assert (verdict.code, is_ours(verdict)) == (451, True)
        assert sink.connections == 2, "one new connection, not more"


async def test_a_pooled_connection_that_says_421_is_replaced_once() -> None:
    async with Sink() as sink, reach(sink) as hop:
        await hop.send(letter())
        said = ["421 4.4.2 idle too long", ""]
        sink.faults.rcpt = lambda _: said.pop(0)
        assert (await hop.send(letter()))[0].accepted
        assert (sink.connections, len(sink.delivered)) == (2, 2)


async def test_a_pooled_connection_that_is_slow_is_not_dead() -> None:
    """Waiting as long a second time would be too long for our own peer."""
    clock = LoopClock()
    async with Sink() as sink, reach(sink, command=20) as hop:
        await hop.send(letter())
        sink.faults.hold, sink.faults.hold_at = asyncio.Event(), "mail"
        sending = asyncio.create_task(hop.send(letter()))
        await sink.held.wait()
        await clock.forward(30)
        (verdict,) = await sending
        assert (verdict.code, is_ours(verdict), sink.connections) == (451, True, 1)


async def test_what_before_dot_allowed_is_never_offered_again() -> None:
    async with Sink() as sink, reach(sink) as hop:
        await hop.send(letter())
        asked = 0

        async def allow() -> bool:
            nonlocal asked
            asked += 1
            await sink.cut()
            for _ in range(10):  # until our side has seen it
                await asyncio.sleep(0)
            return True

        (verdict,) = await hop.send(letter(), before_dot=allow)
        assert (verdict.code, asked, sink.connections) == (451, 1, 1)


async def test_a_surplus_reply_is_not_taken_for_the_next_answer() -> None:
    async with Sink() as sink, reach(sink) as hop:
        sink.faults.extra = "250 2.0.0 and one more"
        assert (await hop.send(letter()))[0].accepted
        sink.faults.extra, sink.faults.rcpt = "", lambda _: "550 5.1.1 no such user"
        (verdict,) = await hop.send(letter())
        assert (verdict.code, sink.connections) == (550, 2)


async def test_an_idle_connection_is_hung_up_on() -> None:
    async with Sink() as sink, reach(sink, idle=0.05) as hop:
        await hop.send(letter())
        await sink.ended()
        assert sink.commands[-1] == "QUIT"
        assert (await hop.send(letter()))[0].accepted
        assert sink.connections == 2


async def crowd(sink: Sink, number: int, **limits: float) -> list[int]:
    """Codes of `number` messages sent at once, all held at the dot until as many are there as may be."""
    sink.faults.hold = asyncio.Event()
    async with reach(sink, **limits) as hop:
        sending = [asyncio.create_task(hop.send(letter())) for _ in range(number)]
        await sink.held.wait()
        await sink.until(lambda: sink.commands.count("DATA") >= min(number, limits.get("at_once", 40)))
        if "turn" in limits:
            await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
        sink.faults.hold.set()
        return [(await one)[0].code for one in sending]


async def test_no_more_connections_than_allowed_and_everybody_has_his_turn() -> None:
    async with Sink() as sink:
        assert await crowd(sink, 7, at_once=3) == [250] * 7
        assert sink.connections == 3


async def test_a_turn_that_does_not_come_in_time_is_451() -> None:
    async with Sink() as sink:
        assert sorted(await crowd(sink, 2, at_once=1, turn=0.05)) == [250, 451]
        assert len(sink.delivered) == 1


async def test_few_connections_are_kept() -> None:
    async with Sink() as sink:
        sink.faults.hold = asyncio.Event()
        async with reach(sink, max_idle=2) as hop:
            sending = [asyncio.create_task(hop.send(letter())) for _ in range(5)]
            await sink.until(lambda: sink.commands.count("DATA") >= 5)
            sink.faults.hold.set()
            await asyncio.gather(*sending)
            await sink.until(lambda: sink.commands.count("QUIT") >= 3)
            assert sink.connections - sink.commands.count("QUIT") == 2
            await hop.send(letter())
            assert sink.connections == 5
        await sink.ended()


async def test_close_hangs_up_on_the_idle_and_lets_the_others_finish() -> None:
    async with Sink() as sink, reach(sink) as hop:
        await hop.send(letter())
        sink.faults.hold = asyncio.Event()
        sending = asyncio.create_task(hop.send(letter()))
        await sink.held.wait()
        await hop.close()
        sink.faults.hold.set()
        assert (await sending)[0].accepted
        await sink.ended()
