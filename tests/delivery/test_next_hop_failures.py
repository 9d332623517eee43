"""Whatever goes wrong is 451 for those whom it concerns, said once in the log, and the next message finds its way."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from milter.delivery.next_hop import is_ours, outcome_unknown
from milter.errors import SmtpReply
from tests.delivery.letters import BIG, letter, reach
from tests.doubles.loop_clock import LoopClock
from tests.doubles.sink import EXTENSIONS, Faults, Sink

STEPWISE = tuple(one for one in EXTENSIONS if one != "PIPELINING")
both = pytest.mark.parametrize("lmtp", [False, True], ids=["smtp", "lmtp"])
each_way = pytest.mark.parametrize("extensions", [EXTENSIONS, STEPWISE], ids=["pipelined", "stepwise"])


def always(reply: str | bytes) -> Callable[[str], str | bytes]:
    return lambda _: reply


BEFORE_DOT = {
    "banner 421": Faults(banner="421 4.3.2 closed"),
    "banner 554": Faults(banner="554 5.3.2 no mail here"),
    "banner no SMTP": Faults(banner=b"HTTP/1.1 400 Bad Request\r\n"),
    "banner without end": Faults(banner=b"2" * 2_000_000),
    "hangs up at once": Faults(drop="connect"),
    "hangs up at EHLO": Faults(drop="hello"),
    "hangs up at MAIL": Faults(drop="mail"),
    "hangs up at RCPT": Faults(drop="rcpt"),
    "hangs up at DATA": Faults(drop="data"),
    "EHLO no SMTP": Faults(hello=b"hello yourself\r\n"),
    "EHLO 421": Faults(hello="421 4.3.2 closed"),
    "MAIL no SMTP": Faults(mail=b"this is not smtp\r\n"),
    "MAIL 354": Faults(mail="354 what?"),
    "MAIL 421": Faults(mail="421 4.3.2 closed"),
    "RCPT no SMTP": Faults(rcpt=always(b"this is not smtp\r\n")),
    "RCPT 354": Faults(rcpt=always("354 what?")),
    "RCPT 421": Faults(rcpt=always("421 4.3.2 closed")),
    "RCPT 600": Faults(rcpt=always("600 5.1.1 no such user")),
    "RCPT 199": Faults(rcpt=always("199 5.1.1 no such user")),
    "RCPT two codes": Faults(rcpt=always(b"250-2.1.5 ok\r\n550 5.1.1 no such user\r\n")),
    "RCPT code and a half": Faults(rcpt=always(b"2500 ok\r\n")),
    "RCPT a yes too many": Faults(rcpt=always(b"250 2.1.5 ok\r\n250 2.1.5 ok\r\n")),
    "DATA a yes in advance": Faults(data=b"354 go on\r\n250 2.0.0 stored already\r\n"),
    "DATA 250": Faults(data="250 2.0.0 stored, no need to send it"),
    "DATA 421": Faults(data="421 4.3.2 closed"),
    "DATA no SMTP": Faults(data=b"this is not smtp\r\n"),
}
AFTER_DOT = {
    "hangs up in a message whose dot is on its way": Faults(drop="body"),
    "hangs up after the dot": Faults(drop="dot"),
    "dot no SMTP": Faults(dot=always(b"this is not smtp\r\n")),
    "dot 354": Faults(dot=always("354 what?")),
    "dot 600": Faults(dot=always("600 stored")),
    "dot two codes": Faults(dot=always(b"250-2.0.0 stored\r\n451 4.3.0 not stored\r\n")),
}


@both
@each_way
@pytest.mark.parametrize("faults", BEFORE_DOT.values(), ids=BEFORE_DOT)
async def test_trouble_before_the_dot(
    lmtp: bool, extensions: tuple[str, ...], faults: Faults, caplog: pytest.LogCaptureFixture
) -> None:
    faults.extensions = extensions
    async with Sink(lmtp=lmtp, faults=faults) as sink, reach(sink) as hop:
        verdicts = await hop.send(letter("a@x.test", "b@x.test"))
        assert [one.code for one in verdicts] == [451, 451]
        assert all(one.enhanced.startswith("4.") and one.text.isascii() for one in verdicts)
        assert not any(outcome_unknown(one) for one in verdicts)
        assert sink.dotted == []
        assert [one.levelno for one in caplog.records if one.name == "milter.delivery"] == [logging.WARNING]
        sink.faults = Faults(extensions=extensions)
        assert all(one.accepted for one in await hop.send(letter("a@x.test", "b@x.test")))
        assert len(sink.delivered) == 1


@both
@pytest.mark.parametrize("faults", AFTER_DOT.values(), ids=AFTER_DOT)
async def test_trouble_after_the_dot_is_451_and_is_not_tried_again(lmtp: bool, faults: Faults) -> None:
    async with Sink(lmtp=lmtp) as sink, reach(sink) as hop:
        assert all(one.accepted for one in await hop.send(letter()))  # so that the connection comes from the pool
        sink.faults = faults
        verdicts = await hop.send(letter("a@x.test", "b@x.test"))
        assert [(one.code, outcome_unknown(one), is_ours(one)) for one in verdicts] == [(451, True, True)] * 2
        await sink.ended()
        assert sink.connections == 1
        sink.faults = Faults()
        assert (await hop.send(letter()))[0].accepted


@both
async def test_stored_but_not_said_is_451(lmtp: bool) -> None:
    async with Sink(lmtp=lmtp) as sink, reach(sink) as hop:
        sink.faults.drop = "stored"
        (verdict,) = await hop.send(letter())
        assert (verdict.code, outcome_unknown(verdict)) == (451, True)
        assert len(sink.dotted) == 1, "offered once: what it has stored, it has stored once"


async def test_lmtp_verdicts_that_came_before_the_hangup_stand() -> None:
    async with Sink(lmtp=True) as sink, reach(sink) as hop:
        sink.faults.drop = "second"
        first, second, third = await hop.send(letter("a@x.test", "b@x.test", "c@x.test"))
        assert first.accepted
        assert [(one.code, outcome_unknown(one)) for one in (second, third)] == [(451, True)] * 2


@both
async def test_421_to_the_dot_is_a_refusal_and_costs_the_connection(lmtp: bool) -> None:
    async with Sink(lmtp=lmtp) as sink, reach(sink) as hop:
        sink.faults.dot = always("421 4.3.2 closing now")
        assert await hop.send(letter()) == (SmtpReply(451, "4.3.2", "closing now"),)
        sink.faults.dot = always("")
        assert (await hop.send(letter()))[0].accepted
        assert sink.connections == 2


async def test_a_refusal_that_came_before_the_hangup_stands() -> None:
    said = {"gone@x.test": "550 5.1.1 no such user", "c@x.test": "421 4.3.2 closing"}
    async with Sink() as sink, reach(sink) as hop:
        sink.faults.rcpt = said.get
        verdicts = await hop.send(letter("a@x.test", "gone@x.test", "c@x.test", "d@x.test"))
        assert [one.code for one in verdicts] == [451, 550, 451, 451]


LATE = {
    "greeting": Faults(hold_at="hello"),
    "MAIL": Faults(hold_at="mail"),
    "RCPT": Faults(hold_at="rcpt"),
}


@both
@each_way
@pytest.mark.parametrize("faults", LATE.values(), ids=LATE)
async def test_a_late_answer_is_not_waited_for(lmtp: bool, extensions: tuple[str, ...], faults: Faults) -> None:
    faults.hold, faults.extensions = asyncio.Event(), extensions
    async with Sink(lmtp=lmtp, faults=faults) as sink:
        async with reach(sink, command=0.05) as hop:
            (verdict,) = await hop.send(letter())
            assert (verdict.code, verdict.enhanced) == (451, "4.4.2")
            assert not outcome_unknown(verdict)
        faults.hold.set()
        async with reach(sink) as hop:
            assert (await hop.send(letter()))[0].accepted


async def test_the_final_dot_has_a_longer_deadline_than_a_command() -> None:
    clock = LoopClock()
    async with Sink() as sink, reach(sink, command=20) as hop:
        sink.faults.hold = asyncio.Event()
        sending = asyncio.create_task(hop.send(letter()))
        await sink.held.wait()
        await clock.forward(30)
        assert not sending.done(), "a command would be given up by now"
        sink.faults.hold.set()
        assert (await sending)[0].accepted
    async with Sink() as sink, reach(sink, final_dot=0.05) as hop:
        sink.faults.hold = asyncio.Event()
        (verdict,) = await hop.send(letter())
        assert (verdict.code, outcome_unknown(verdict)) == (451, True)


@both
@pytest.mark.parametrize("drop", ["stall", "body"])
async def test_a_reader_that_stops_in_the_middle_is_given_up(lmtp: bool, drop: str) -> None:
    async with Sink(lmtp=lmtp) as sink, reach(sink, block=0.05) as hop:
        sink.faults.drop = drop
        (verdict,) = await hop.send(letter(content=BIG))
        assert (verdict.code, outcome_unknown(verdict)) == (451, False)
        sink.faults.drop = ""
        assert (await hop.send(letter()))[0].accepted


@both
async def test_a_next_hop_that_is_down_is_451_at_once_and_used_again_when_it_is_back(lmtp: bool) -> None:
    async with Sink(lmtp=lmtp) as sink, reach(sink) as hop:
        assert (await hop.send(letter()))[0].accepted
        await sink.close()
        for _ in range(5):
            (verdict,) = await hop.send(letter())
            assert (verdict.code, verdict.enhanced, is_ours(verdict)) == (451, "4.4.1", True)
            (verdict,) = await hop.verify("", (), (("a@x.test", ()),))
            assert (verdict.code, verdict.enhanced) == (451, "4.4.1")
        await sink.open()
        assert (await hop.send(letter()))[0].accepted
        assert len(sink.delivered) == 2


async def test_the_log_names_the_next_hop_and_the_cause(caplog: pytest.LogCaptureFixture) -> None:
    async with Sink() as sink, reach(sink) as hop:
        sink.faults.mail = b"this is not smtp\r\n"
        await hop.send(letter())
        (record,) = (one for one in caplog.records if one.name == "milter.delivery")
        assert vars(record)["next_hop"] == str(sink.hop)
        assert "this is not smtp" in vars(record)["cause"]
