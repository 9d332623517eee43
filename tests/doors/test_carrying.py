"""The promises of a session: mail is carried on without its peer, faults are 451, time is counted by traffic, closing is polite."""

import asyncio
import logging
import socket
import struct
from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest

from milter import logs
from milter.core.envelope import Transaction
from milter.delivery.capabilities import Capabilities
from milter.delivery.replies import UNREACHABLE
from milter.errors import SmtpError, SmtpReply
from tests.doors.visitors import STORED, WAIT, Client, OpenDoor
from tests.doubles.loop_clock import LoopClock

IDLE = 300.0  # seconds by the loop's clock, which the tests put forward
HELLO = {"lmtp": "LHLO client", "smtp": "EHLO client"}


class Gate:
    """A carry that waits to be let through."""

    def __init__(self) -> None:
        self.begun, self.open, self.done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def carry(self, transaction: Transaction) -> tuple[SmtpReply, ...]:
        self.begun.set()
        await self.open.wait()
        self.done.set()
        return (STORED,) * len(transaction.recipients)


async def soon(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), WAIT)


async def until(truth: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT):
        while not truth():  # noqa: ASYNC110 - nothing tells that a session has ended
            await asyncio.sleep(0)


def failing(error: Exception) -> Callable[[Transaction], Awaitable[tuple[SmtpReply, ...]]]:
    async def carry(transaction: Transaction) -> tuple[SmtpReply, ...]:
        raise error

    return carry


@pytest.mark.parametrize("door", ["lmtp", "smtp"])
async def test_a_bug_is_451_without_a_detail_and_logged_once(
    door: str, open_door: OpenDoor, caplog: pytest.LogCaptureFixture
) -> None:
    client = await (await open_door(door, carry=failing(ValueError("secret detail")))).connect()
    await client.begin(hello=HELLO[door])
    assert await client.ask(b".\r\n") == "451 4.3.0 Internal error, try again later (id=000000000001)"
    (record,) = caplog.records
    assert record.name == "milter.doors" and "000000000001" in record.message and record.exc_info
    assert await client.ask("NOOP") == "250 2.0.0 Ok"


async def test_an_smtp_error_is_its_reply(open_door: OpenDoor) -> None:
    error = SmtpError(SmtpReply(450, "4.2.0", "come back"), "secret cause")
    client = await (await open_door(carry=failing(error))).connect()
    await client.begin("ana@estudio.example", "eva@estudio.example")
    assert await client.ask(b".\r\n") == "450 4.2.0 come back"
    assert await client.reply() == "450 4.2.0 come back"


@pytest.mark.parametrize("door", ["lmtp", "smtp"])
async def test_where_the_next_hop_says_nothing_the_reply_names_the_transaction(door: str, open_door: OpenDoor) -> None:
    client = await (await open_door(door, replies=(UNREACHABLE,))).connect()
    await client.begin(hello=HELLO[door])
    assert await client.ask(b".\r\n") == f"{UNREACHABLE} (id=000000000001)"


async def test_a_next_hop_that_is_away_at_rcpt_has_an_id_in_reply_and_log(
    open_door: OpenDoor, caplog: pytest.LogCaptureFixture
) -> None:
    async def admit(*_: object) -> SmtpReply | None:
        logging.getLogger("milter.delivery").warning("away for %s", logs.transaction_id.get())
        return UNREACHABLE

    client = await (await open_door("smtp", admit=admit)).connect()
    await client.reply()
    await client.ask("EHLO c")
    await client.ask("MAIL FROM:<a@b.example>")
    assert await client.ask("RCPT TO:<a@b.example>") == f"{UNREACHABLE} (id=000000000001)"
    assert [one.message for one in caplog.records] == ["away for 000000000001"]


async def test_a_wrong_number_of_replies_is_a_bug(open_door: OpenDoor, caplog: pytest.LogCaptureFixture) -> None:
    client = await (await open_door(replies=(STORED,))).connect()
    await client.begin("ana@estudio.example", "eva@estudio.example")
    assert (await client.ask(b".\r\n")).startswith("451 4.3.0 ")
    assert (await client.reply()).startswith("451 4.3.0 ")
    assert "1 replies to 2 recipients" in caplog.text


async def test_a_bug_in_admitting_refuses_one_recipient(open_door: OpenDoor, caplog: pytest.LogCaptureFixture) -> None:
    async def admit(*_: object) -> SmtpReply | None:
        raise ZeroDivisionError("secret detail")

    client = await (await open_door(admit=admit)).connect()
    await client.reply()
    await client.ask("LHLO c")
    await client.ask("MAIL FROM:<a@b.example>")
    assert await client.ask("RCPT TO:<a@b.example>") == "451 4.3.0 Internal error, try again later (id=000000000001)"
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("leaving", ["closes", "half-closes", "resets"])
async def test_who_leaves_behind_the_dot_does_not_stop_the_mail(leaving: str, open_door: OpenDoor) -> None:
    gate = Gate()
    opened = await open_door(carry=gate.carry)
    client = await opened.connect()
    await client.begin()
    await client.send(b"Subject: x\r\n\r\nx\r\n.\r\n")
    await soon(gate.begun)
    match leaving:
        case "closes":
            client.writer.close()
        case "half-closes":
            client.writer.write_eof()
        case "resets":
            linger = struct.pack("ii", 1, 0)  # close() sends RST: the door learns at once that nobody is there
            client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            client.writer.transport.abort()
    # A second client's whole conversation: the door has surely seen that the first one left.
    other = await opened.connect()
    await other.reply()
    await other.ask("NOOP")
    gate.open.set()
    await soon(gate.done)
    if leaving == "half-closes":
        assert await client.reply() == "250 2.0.0 stored"
        assert await client.line() == ""
    await until(lambda: opened.door.sessions == 1)


async def test_who_leaves_before_the_dot_leaves_nothing(open_door: OpenDoor) -> None:
    opened = await open_door()
    for leave in (asyncio.StreamWriter.close, asyncio.StreamWriter.write_eof):
        client = await opened.connect()
        await client.begin()
        await client.send(b"Subject: x\r\n\r\nhalf a mess")
        leave(client.writer)
        await until(lambda: opened.door.sessions == 0)
    assert opened.carried == []


async def test_a_half_closed_client_is_answered_to_the_end(open_door: OpenDoor) -> None:
    opened = await open_door()
    client = await opened.connect()
    await client.reply()
    lines = ["LHLO c", "MAIL FROM:<a@b.example>", "RCPT TO:<ana@estudio.example>", "DATA", ".", "NOO"]
    await client.send(*lines[:-1], b"NOO")
    client.writer.write_eof()
    assert [(await client.reply())[:3] for _ in range(5)] == ["250", "250", "250", "354", "250"]
    assert await client.line() == ""


async def test_idle_is_421(open_door: OpenDoor) -> None:
    clock, client = LoopClock(), await (await open_door(idle_timeout=IDLE)).connect()
    await client.reply()
    await clock.forward(IDLE)
    assert await client.line() == "421 4.4.2 Idle for too long, closing the connection"
    assert await client.line() == ""


async def test_idle_within_data_is_421_and_leaves_nothing(open_door: OpenDoor) -> None:
    clock, opened = LoopClock(), await open_door(idle_timeout=IDLE)
    client = await opened.connect()
    await client.begin()
    await client.send(b"Subject: half")
    await clock.forward(IDLE)
    assert await client.line() == "421 4.4.2 Idle for too long, closing the connection"
    assert opened.carried == []


async def test_carrying_is_not_idling(open_door: OpenDoor) -> None:
    clock, gate = LoopClock(), Gate()
    opened = await open_door(carry=gate.carry, idle_timeout=IDLE)
    client, other = await opened.connect(), await opened.connect()
    await client.begin()
    await client.send(b".\r\n")
    await soon(gate.begun)
    await other.reply()
    await clock.forward(3 * IDLE)
    assert (await other.line()).startswith("421 4.4.2")
    gate.open.set()
    assert await client.reply() == "250 2.0.0 stored"


async def test_slow_is_not_idle(open_door: OpenDoor) -> None:
    clock, opened = LoopClock(), await open_door(idle_timeout=IDLE)
    client = await opened.connect()
    await client.begin()
    for _ in range(5):  # three times as long as one may be idle: every byte begins anew
        await clock.forward(0.6 * IDLE)
        await client.send(b"x")
    assert await client.ask(b"\r\n.\r\n") == "250 2.0.0 stored"
    assert opened.carried[0].message.header == b"xxxxx\r\n"


async def test_who_talks_on_while_we_carry_is_made_to_wait(open_door: OpenDoor) -> None:
    gate = Gate()
    opened = await open_door(carry=gate.carry, unix=True)
    client, other = await opened.connect(), await opened.connect()
    await client.begin()
    await client.send(b".\r\n")
    await soon(gate.begun)
    lines = 1000
    client.writer.write((b"NOOP " + b"x" * 2000 + b"\r\n") * lines)
    await other.reply()
    await other.ask("NOOP")
    assert client.writer.transport.get_write_buffer_size() > 1_000_000, "the door reads what it cannot use yet"
    gate.open.set()
    assert await client.reply() == "250 2.0.0 stored"
    assert {await client.reply() for _ in range(lines)} == {"250 2.0.0 Ok"}


async def test_who_does_not_read_is_cut_off(open_door: OpenDoor) -> None:
    opened = await open_door(unix=True, idle_timeout=0.1)
    client = await opened.connect()
    client.writer.write(b"HELP\r\n" * 20_000)
    await until(lambda: opened.door.sessions == 1)
    await until(lambda: opened.door.sessions == 0)


async def test_closing_lets_go_whom_it_may(open_door: OpenDoor) -> None:
    gate = Gate()
    opened = await open_door(carry=gate.carry)
    idle, halfway, carried, sending = [await opened.connect() for _ in range(4)]
    await idle.reply()
    await halfway.reply()
    await halfway.ask("LHLO c")
    await halfway.ask("MAIL FROM:<a@b.example>")
    await carried.begin()
    await carried.send(b"Subject: 1\r\n\r\n.\r\n")
    await soon(gate.begun)
    await sending.begin()
    closing = asyncio.create_task(opened.door.close())
    assert await idle.line() == "421 4.3.2 Stopping, try again later"
    assert await halfway.line() == "421 4.3.2 Stopping, try again later"
    with pytest.raises(OSError):
        await opened.connect()
    await sending.send(b"Subject: 2\r\n\r\n.\r\nMAIL FROM:<a@b.example>\r\n")
    assert not closing.done()
    gate.open.set()
    for one in (carried, sending):
        assert await one.reply() == "250 2.0.0 stored"
        assert await one.line() == "421 4.3.2 Stopping, try again later"
        assert await one.line() == ""
    await asyncio.wait_for(closing, WAIT)
    assert opened.door.sessions == 0


async def test_closing_has_an_end(open_door: OpenDoor, caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate()
    opened = await open_door(carry=gate.carry)
    client = await opened.connect()
    await client.begin()
    await client.send(b".\r\n")
    await soon(gate.begun)
    await asyncio.wait_for(opened.door.close(grace=0, patience=0), WAIT)
    assert opened.door.sessions == 0
    assert await client.line() == ""
    assert "gave up waiting for 1 sessions" in caplog.text


async def test_too_many_connections(open_door: OpenDoor) -> None:
    opened = await open_door(max_connections=2)
    first, second = await opened.connect(), await opened.connect()
    await first.reply()
    await second.reply()
    third = await opened.connect()
    assert await third.line() == "421 4.3.2 Too many connections, try again later"
    assert await third.line() == ""
    await first.ask("QUIT")
    await until(lambda: opened.door.sessions == 1)
    assert (await (await opened.connect()).reply()).startswith("220 ")


async def test_a_next_hop_that_went_away_is_offered_as_it_was(open_door: OpenDoor) -> None:
    answers: list[Capabilities | Exception] = [
        SmtpError(SmtpReply(451, "4.4.1", "away")),
        Capabilities(size=0, eight_bit=True, dsn=True),
        ConnectionRefusedError(),
    ]

    async def capabilities() -> Capabilities:
        match answers.pop(0):
            case Exception() as error:
                raise error
            case found:
                return found

    client = await (await open_door(capabilities=capabilities, message_size_limit=5000)).connect()
    await client.reply()
    offered = [(await client.ask("LHLO c")).split("\n")[1:-1] for _ in range(3)]
    conservative = ["250-PIPELINING", "250-SIZE 5000", "250-8BITMIME", "250-ENHANCEDSTATUSCODES"]
    with_dsn = ["250-PIPELINING", "250-SIZE 5000", "250-8BITMIME", "250-DSN", "250-ENHANCEDSTATUSCODES"]
    assert offered == [conservative, with_dsn, with_dsn]


async def noops(client: Client, count: int) -> None:
    await client.send(*["NOOP"] * count)
    for _ in range(count):
        assert await client.reply() == "250 2.0.0 Ok"


async def test_noops_and_resets_are_no_faults(open_door: OpenDoor) -> None:
    client = await (await open_door()).connect()
    await client.reply()
    await noops(client, 500)
    await client.send(*["RSET"] * 150)
    assert {await client.reply() for _ in range(150)} == {"250 2.0.0 Ok"}


async def test_faults_are_forgotten_with_a_message_carried(open_door: OpenDoor) -> None:
    client = await (await open_door()).connect()
    await client.reply()
    await client.ask("LHLO c")
    for _ in range(3):
        for _ in range(15):
            assert (await client.ask("FOO")).startswith("500 ")
        for line in ("MAIL FROM:<a@b.example>", "RCPT TO:<ana@estudio.example>", "DATA"):
            await client.ask(line)
        assert await client.ask(".") == "250 2.0.0 stored"


@pytest.mark.parametrize("length", [2048 - 5, 2048 - 4], ids=["fits", "too long"])
async def test_the_length_of_a_command(length: int, open_door: OpenDoor) -> None:
    client = await (await open_door()).connect()
    await client.reply()
    expected = "250 2.0.0 Ok" if length == 2048 - 5 else "500 5.5.2 Line too long"
    assert await client.ask("NOOP " + "x" * length) == expected
    assert await client.ask("NOOP " + "x" * 70000) == "500 5.5.2 Line too long"
    assert await client.ask("NOOP") == "250 2.0.0 Ok"


async def test_the_limit_of_one_connection_is_not_changed_by_another(open_door: OpenDoor) -> None:
    opened = await open_door()
    command = "MAIL FROM:<a@b.example> SIZE=1 ENVID=" + "e" * 100 + " " * 3000
    first = await opened.connect()
    await first.reply()
    await first.ask("LHLO c")
    assert await first.ask(command) == "250 2.1.0 Ok"
    await first.ask("RSET")
    second = await opened.connect()
    await second.reply()
    await second.ask("LHLO c")
    assert await first.ask(command) == "250 2.1.0 Ok"


async def test_a_line_without_end_is_closed(open_door: OpenDoor) -> None:
    client = await (await open_door()).connect()
    await client.reply()
    for _ in range(5):
        client.writer.write(b"A" * 60_000)
    assert await client.line() == "421 4.7.0 This is not SMTP, closing the connection"


async def test_a_stranger_is_told_to_the_log(open_door: OpenDoor, caplog: pytest.LogCaptureFixture) -> None:
    client = await (await open_door(mynetworks=())).connect()
    assert await client.reply() == "554 5.7.1 Access denied"
    assert [(one.levelno, one.message) for one in caplog.records] == [
        (logging.WARNING, "refused a peer outside mynetworks: 127.0.0.1")
    ]


async def test_who_may_open_the_unix_socket_is_no_stranger(open_door: OpenDoor) -> None:
    client = await (await open_door(mynetworks=(), unix=True)).connect()
    assert await client.reply() == "220 mx.example LMTP Recado"


async def test_a_broken_clock_answers_every_recipient(open_door: OpenDoor, caplog: pytest.LogCaptureFixture) -> None:
    def now() -> datetime:
        raise OSError("secret detail")

    client = await (await open_door(now=now)).connect()
    await client.begin("ana@estudio.example", "eva@estudio.example")
    assert [(await client.ask(b".\r\n"))[:9], (await client.reply())[:9]] == ["451 4.3.0", "451 4.3.0"]
    assert await client.ask("MAIL FROM:<a@b.example>") == "250 2.1.0 Ok"
    assert "secret detail" in caplog.text
