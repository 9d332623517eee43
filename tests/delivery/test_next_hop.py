"""What the next hop says is what our peer hears: one verdict a recipient, and nothing accepted that was not."""

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from milter.delivery.next_hop import is_ours
from milter.errors import SmtpReply
from tests.delivery.letters import CONTENT, letter, reach
from tests.doubles.sink import EXTENSIONS, Sink

STEPWISE = tuple(one for one in EXTENSIONS if one != "PIPELINING")
OK_SMTP, OK_LMTP = SmtpReply(250, "2.0.0", "queued"), SmtpReply(250, "2.0.0", "stored")
NO_USER = SmtpReply(550, "5.1.1", "no such user")

both = pytest.mark.parametrize("lmtp", [False, True], ids=["smtp", "lmtp"])
each_way = pytest.mark.parametrize("extensions", [EXTENSIONS, STEPWISE], ids=["pipelined", "stepwise"])


@both
@each_way
async def test_a_message_arrives_as_it_is_and_the_reply_is_relayed(lmtp: bool, extensions: tuple[str, ...]) -> None:
    async with Sink(lmtp=lmtp) as sink, reach(sink) as hop:
        sink.faults.extensions = extensions
        assert await hop.send(letter()) == (OK_LMTP if lmtp else OK_SMTP,)
        (arrived,) = sink.delivered
        assert (arrived.mail_from, arrived.rcpts, arrived.data) == ("eva@y.test", (("ana@x.test", ()),), CONTENT)
        assert sink.pipelined is (extensions is EXTENSIONS)


@both
async def test_the_whole_envelope_goes_out_before_any_reply_where_pipelining_is_offered(lmtp: bool) -> None:
    async with Sink(lmtp=lmtp) as sink, reach(sink) as hop:
        await hop.capabilities()
        sink.faults.mute_until = "DATA"  # MAIL and RCPT stay unanswered until DATA has come
        assert all(one.accepted for one in await hop.send(letter("ana@x.test", "bea@x.test")))


async def test_a_unix_socket_is_a_next_hop_too() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        async with Sink(lmtp=True, path=str(Path(folder, "s"))) as sink, reach(sink) as hop:
            assert await hop.send(letter()) == (OK_LMTP,)
            assert sink.commands[0] == "LHLO mx.test"


async def test_the_null_reverse_path_and_the_edited_header_go_out() -> None:
    outgoing = letter(mail_from="")
    edited = replace(outgoing, header=b"X-New: 1\r\n" + outgoing.header)
    async with Sink() as sink, reach(sink) as hop:
        await hop.send(edited)
        assert sink.delivered[0].mail_from == ""
        assert sink.delivered[0].data == b"X-New: 1\r\n" + CONTENT


@both
@each_way
async def test_each_recipient_has_its_own_verdict_at_rcpt(lmtp: bool, extensions: tuple[str, ...]) -> None:
    said = {"gone@x.test": "550 5.1.1 no such user", "busy@x.test": "450 4.2.0 later"}
    async with Sink(lmtp=lmtp) as sink, reach(sink) as hop:
        sink.faults.extensions, sink.faults.rcpt = extensions, said.get
        verdicts = await hop.send(letter("gone@x.test", "ana@x.test", "busy@x.test"))
        assert verdicts == (NO_USER, OK_LMTP if lmtp else OK_SMTP, SmtpReply(450, "4.2.0", "later"))
        assert [one.accepted for one in sink.delivered] == [("ana@x.test",)]


async def test_lmtp_answers_each_recipient_after_the_dot() -> None:
    said = {"full@x.test": "552 5.2.2 over quota", "slow@x.test": "451 4.2.0 locked"}
    async with Sink(lmtp=True) as sink, reach(sink) as hop:
        sink.faults.rcpt, sink.faults.dot = {"gone@x.test": "550 5.1.1 no such user"}.get, said.get
        verdicts = await hop.send(letter("full@x.test", "gone@x.test", "ana@x.test", "slow@x.test"))
        assert [one.code for one in verdicts] == [552, 550, 250, 451]
        assert verdicts[0] == SmtpReply(552, "5.2.2", "over quota")


async def test_over_smtp_one_reply_to_the_dot_is_for_all_who_were_accepted() -> None:
    async with Sink() as sink, reach(sink) as hop:
        sink.faults.rcpt, sink.faults.dot = {"gone@x.test": "550 5.1.1 no such user"}.get, lambda _: "554 5.7.1 spam"
        spam = SmtpReply(554, "5.7.1", "spam")
        assert await hop.send(letter("ana@x.test", "gone@x.test", "bea@x.test")) == (spam, NO_USER, spam)
        sink.faults.dot = lambda _: ""
        assert await hop.send(letter("ana@x.test", "gone@x.test")) == (OK_SMTP, NO_USER)


@both
@each_way
async def test_when_nobody_is_accepted_nothing_is_sent_and_the_connection_lives_on(
    lmtp: bool, extensions: tuple[str, ...]
) -> None:
    async with Sink(lmtp=lmtp) as sink, reach(sink) as hop:
        sink.faults.extensions, sink.faults.rcpt = extensions, lambda _: "550 5.1.1 no such user"
        assert await hop.send(letter("a@x.test", "b@x.test")) == (NO_USER, NO_USER)
        assert sink.dotted == []
        sink.faults.rcpt = lambda _: ""
        assert (await hop.send(letter()))[0].accepted
        assert sink.connections == 1


async def test_a_lone_dot_ends_a_data_that_was_let_in_with_nobody_accepted() -> None:
    """RFC 2920 section 3.1. The verdicts stand, whatever the server says to the empty message."""
    async with Sink() as sink, reach(sink) as hop:
        sink.faults.rcpt, sink.faults.data = lambda _: "550 5.1.1 no such user", "354 come on in"
        assert await hop.send(letter()) == (NO_USER,)
        assert [one.wire for one in sink.dotted] == [b""]
        sink.faults.rcpt = lambda _: ""
        assert (await hop.send(letter()))[0].accepted
        assert sink.connections == 1


async def test_over_lmtp_such_a_data_costs_the_connection() -> None:
    async with Sink(lmtp=True) as sink, reach(sink) as hop:
        sink.faults.rcpt, sink.faults.data = lambda _: "550 5.1.1 no such user", "354 come on in"
        assert await hop.send(letter()) == (NO_USER,)
        sink.faults.rcpt = lambda _: ""
        assert (await hop.send(letter()))[0].accepted
        assert sink.connections == 2


@both
@each_way
@pytest.mark.parametrize("point", ["mail", "data"])
@pytest.mark.parametrize("code", [451, 554])
async def test_a_refusal_of_mail_or_data_is_for_everybody(
    lmtp: bool, extensions: tuple[str, ...], point: str, code: int
) -> None:
    async with Sink(lmtp=lmtp) as sink, reach(sink) as hop:
        sink.faults.extensions = extensions
        setattr(sink.faults, point, f"{code} {code // 100}.7.1 not today")
        refused = SmtpReply(code, f"{code // 100}.7.1", "not today")
        assert await hop.send(letter("a@x.test", "b@x.test")) == (refused, refused)
        setattr(sink.faults, point, "")
        assert (await hop.send(letter()))[0].accepted
        assert sink.connections == 1, "after a refusal the transaction is forgotten, not the connection"


RELAYED = [
    ("550 5.1.1 no such user", SmtpReply(550, "5.1.1", "no such user")),
    ("552 over quota", SmtpReply(552, "", "over quota")),
    ("554 5.7.1 no\n5.7.1 and never", SmtpReply(554, "5.7.1", "no\nand never")),
    ("550 4.1.1 contradicts itself", SmtpReply(550, "", "4.1.1 contradicts itself")),
    ("550 5.1.10 null MX", SmtpReply(550, "5.1.10", "null MX")),
    ("550", SmtpReply(550, "", "")),
    (b"550\r\n", SmtpReply(550, "", "")),
    (b"550 5.1.1\r\n", SmtpReply(550, "5.1.1", "")),
    (b"550 5.1.1 bare newline\n", SmtpReply(550, "5.1.1", "bare newline")),
    (b"550 5.1.1 a\xf1o \xff\x1b[31m\r\n", SmtpReply(550, "5.1.1", "a?o ??[31m")),
    ("421 4.3.2 closing", SmtpReply(451, "4.3.2", "closing")),
]


@pytest.mark.parametrize(("said", "heard"), RELAYED, ids=[str(one) for one, _ in RELAYED])
async def test_words_are_relayed_as_they_are_but_safe(said: str | bytes, heard: SmtpReply) -> None:
    async with Sink() as sink, reach(sink) as hop:
        sink.faults.rcpt = lambda _: said
        assert await hop.send(letter()) == (heard,)
        assert not is_ours(heard)


async def test_long_replies_are_read_whole_and_relayed_short() -> None:
    long = "\n".join(f"line {number} " + "x" * 600 for number in range(60))
    async with Sink() as sink, reach(sink) as hop:
        sink.faults.hello = "250 sink.test\n" + "\n".join(f"X-{number}" for number in range(200)) + "\nPIPELINING\nDSN"
        assert (await hop.capabilities()).dsn
        sink.faults.rcpt = lambda address: f"250 {long}" if address == "ana@x.test" else f"550 {long}"
        good, bad = await hop.send(letter("ana@x.test", "gone@x.test"))
        assert good == OK_SMTP
        assert len(bad.text) < 4100
        assert bad.text.startswith("line 0 xxx")
        assert bad.text.count("\n") == 9


@both
@each_way
async def test_verify_asks_and_sends_nothing(lmtp: bool, extensions: tuple[str, ...]) -> None:
    async with Sink(lmtp=lmtp) as sink, reach(sink) as hop:
        sink.faults.extensions, sink.faults.rcpt = extensions, {"gone@x.test": "550 5.1.1 no such user"}.get
        verdicts = await hop.verify("eva@y.test", (), (("ana@x.test", ()), ("gone@x.test", ())))
        assert verdicts == (SmtpReply(250, "2.1.5", "recipient ok"), NO_USER)
        assert await hop.verify("eva@y.test", (), (("gone@x.test", ()),)) == (NO_USER,)
        assert sink.dotted == []
        assert "DATA" not in sink.commands
        assert (await hop.send(letter()))[0].accepted
        assert sink.connections == 1


async def test_verify_is_refused_where_the_sender_is() -> None:
    async with Sink() as sink, reach(sink) as hop:
        sink.faults.mail = "553 5.7.1 not you"
        refused = SmtpReply(553, "5.7.1", "not you")
        assert await hop.verify("eva@y.test", (), (("a@x.test", ()), ("b@x.test", ()))) == (refused, refused)


@both
async def test_before_dot_is_asked_when_all_but_the_dot_has_arrived(lmtp: bool) -> None:
    asked: list[int] = []
    async with Sink(lmtp=lmtp) as sink, reach(sink) as hop:

        async def go_on() -> bool:
            asked.append(len(sink.dotted))
            return True

        assert (await hop.send(letter(), before_dot=go_on))[0].accepted
        assert asked == [0]
        assert sink.delivered[0].data == CONTENT


@both
async def test_before_dot_can_stop_the_message(lmtp: bool) -> None:
    async with Sink(lmtp=lmtp) as sink, reach(sink) as hop:

        async def stop() -> bool:
            return False

        (verdict,) = await hop.send(letter(), before_dot=stop)
        assert (verdict.code, is_ours(verdict)) == (451, True)
        await sink.ended()
        assert (sink.dotted, sink.undotted) == ([], [CONTENT])


async def test_before_dot_that_raises_stops_the_message_too() -> None:
    async with Sink() as sink, reach(sink) as hop:

        async def broken() -> bool:
            raise LookupError("the store is away")

        with pytest.raises(LookupError):
            await hop.send(letter(), before_dot=broken)
        await sink.ended()
        assert sink.dotted == []


async def test_nobody_is_asked_before_the_dot_of_a_message_that_nobody_takes() -> None:
    async with Sink() as sink, reach(sink) as hop:
        sink.faults.rcpt = lambda _: "550 5.1.1 no such user"

        async def never() -> bool:
            raise AssertionError("asked although nothing will be sent")

        assert await hop.send(letter(), before_dot=never) == (NO_USER,)


async def test_cancelled_before_the_dot_nothing_is_delivered() -> None:
    async with Sink() as sink, reach(sink) as hop:
        reached = asyncio.Event()

        async def wait_for_ever() -> bool:
            reached.set()
            await asyncio.Event().wait()
            return True

        sending = asyncio.create_task(hop.send(letter(), before_dot=wait_for_ever))
        await reached.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await sink.ended()
        assert sink.dotted == []
        assert (await hop.send(letter()))[0].accepted, "the turn is free again"


async def test_it_works_on_uvloop_too() -> None:
    """Its transports are none of asyncio's classes and write later."""
    uvloop = pytest.importorskip("uvloop")

    async def carry() -> tuple[SmtpReply, ...]:
        async with Sink() as sink, reach(sink) as hop:
            body = b"." * 3_000_000 + b"\r\n"
            said = await hop.send(letter(content=CONTENT + body))
            assert sink.delivered[0].data == CONTENT + body
            return said

    def in_its_own_loop() -> tuple[SmtpReply, ...]:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(carry())

    assert await asyncio.to_thread(in_its_own_loop) == (OK_SMTP,)
