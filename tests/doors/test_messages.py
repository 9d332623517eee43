"""What is carried is what was sent: byte for byte, small and big, whatever the blocks, on inet and on Unix sockets."""

import asyncio
import mmap
import tracemalloc
from dataclasses import replace
from io import FileIO
from pathlib import Path

import pytest

from milter.core.envelope import Direction, Peer, Recipient
from milter.core.message import Message
from milter.doors import intake
from milter.doors.intake import IN_MEMORY, MAX_HEADER, Intake
from milter.errors import SmtpReply
from tests.doors.visitors import CAN_ALL, NOON, Client, OpenDoor

OPEN_FILES = Path("/proc/self/fd")
HEADER = b"From: <cliente@acme.example>\r\nSubject: =?utf-8?q?presupuesto?=\r\n"

MESSAGES = {
    "plain": (HEADER + b"\r\nHola\r\n", HEADER, b"Hola\r\n", True),
    "empty body": (HEADER + b"\r\n", HEADER, b"", True),
    "no empty line": (HEADER, HEADER, b"", False),
    "no header": (b"\r\nHola\r\n", b"", b"Hola\r\n", True),
    "nothing": (b"", b"", b"", False),
    "no final line end": (HEADER + b"\r\nHola", HEADER, b"Hola\r\n", True),
    "8 bit": (HEADER + "\r\nñandú €\r\n".encode(), HEADER, "ñandú €\r\n".encode(), True),
    "8-bit header": (b"Subject: \xf1\xff\r\n\r\n\0\x01\r\n", b"Subject: \xf1\xff\r\n", b"\0\x01\r\n", True),
    "long lines": (
        b"X: " + b"h" * 5000 + b"\r\n\r\n" + b"b" * 70000,
        b"X: " + b"h" * 5000 + b"\r\n",
        b"b" * 70000 + b"\r\n",
        True,
    ),
    "dots": (HEADER + b"\r\n.\r\n..\r\n.a\r\n", HEADER, b".\r\n..\r\n.a\r\n", True),
    "empty lines around": (HEADER + b"\r\n\r\n\r\nHola\r\n\r\n\r\n", HEADER, b"\r\n\r\nHola\r\n\r\n\r\n", True),
}


def stuffed(content: bytes) -> bytes:
    lines = content.replace(b"\r\n.", b"\r\n..")
    lines = b"." + lines if lines.startswith(b".") else lines
    return lines if lines.endswith(b"\r\n") or not lines else lines + b"\r\n"


def count(folder: Path) -> int:
    return len(list(folder.iterdir()))


async def give(client: Client, content: bytes) -> str:
    await client.send(stuffed(content) + b".\r\n")
    return await client.reply()


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("unix", [False, True], ids=["inet", "unix"])
async def test_byte_for_byte(name: str, unix: bool, open_door: OpenDoor) -> None:
    sent, header, body, has_body = MESSAGES[name]
    opened = await open_door(unix=unix)
    client = await opened.connect()
    await client.begin()
    assert await give(client, sent) == "250 2.0.0 stored"
    assert opened.carried[0].message == Message(header, body, has_body)
    assert await client.ask("NOOP") == "250 2.0.0 Ok"


async def test_the_transaction_says_all_that_was_said(open_door: OpenDoor) -> None:
    opened = await open_door()
    client = await opened.connect()
    await client.reply()
    await client.ask("LHLO mail.example")
    await client.ask("XFORWARD NAME=spike.example ADDR=192.0.2.7 PORT=4711 PROTO=ESMTP")
    await client.ask("XFORWARD HELO=spike+2Eexample IDENT=4bXyZ SOURCE=REMOTE")
    await client.ask("MAIL FROM:<> SIZE=100 RET=Hdrs ENVID=QQ+2B1 AUTH=<> BODY=8BITMIME")
    await client.ask("RCPT TO:<ana@estudio.example> NOTIFY=Success,FAILURE ORCPT=rfc822;Team+2Bweb@Estudio.example")
    await client.ask("RCPT TO:<Eva@Estudio.example>")
    await client.ask("DATA")
    await give(client, b"\r\n")
    got = opened.carried[0]
    assert got.mail_from == ""
    assert got.params == ("SIZE=100", "RET=Hdrs", "ENVID=QQ+2B1", "BODY=8BITMIME")
    assert got.recipients == (
        Recipient(
            "ana@estudio.example",
            "Team+web@Estudio.example",
            ("NOTIFY=Success,FAILURE", "ORCPT=rfc822;Team+2Bweb@Estudio.example"),
        ),
        Recipient("Eva@Estudio.example"),
    )
    assert got.peer == Peer("192.0.2.7", "spike.example", "spike.example", "ESMTP", "REMOTE", "4bXyZ")
    assert (got.id, got.door, got.direction, got.now) == ("000000000001", "lmtp", Direction.INBOUND, NOON)


async def test_an_endless_hello_of_a_stranger_does_not_cost_the_queue_id(open_door: OpenDoor) -> None:
    opened = await open_door()
    client = await opened.connect()
    await client.reply()
    await client.ask("LHLO mail.example")
    assert await client.ask(f"XFORWARD PROTO=ESMTP HELO={'h' * 2000} IDENT=4bXyZ SOURCE=REMOTE") == "250 2.0.0 Ok"
    await client.ask("MAIL FROM:<a@b.example>")
    await client.ask("RCPT TO:<ana@estudio.example>")
    await client.ask("DATA")
    await give(client, b"\r\n")
    assert opened.carried[0].peer == Peer("", "", "h" * 255, "ESMTP", "REMOTE", "4bXyZ")


async def test_xforward_ends_with_its_transaction(open_door: OpenDoor) -> None:
    opened = await open_door()
    client = await opened.connect()
    await client.reply()
    await client.ask("LHLO mail.example")
    await client.ask("XFORWARD ADDR=IPV6:2001:db8::7 IDENT=[UNAVAILABLE]")
    for _ in range(2):
        await client.ask("MAIL FROM:<a@b.example>")
        await client.ask("RCPT TO:<ana@estudio.example>")
        await client.ask("DATA")
        await give(client, b"\r\n")
    assert opened.carried[0].peer == Peer(address="2001:db8::7")
    assert opened.carried[1].peer == Peer(address="127.0.0.1", helo="mail.example", protocol="LMTP")


@pytest.mark.parametrize("name", MESSAGES)
def test_one_byte_a_block(name: str) -> None:
    sent, header, body, has_body = MESSAGES[name]
    taken = Intake(0, Path())
    behind = [taken.feed(bytes([one])) for one in stuffed(sent) + b".\r\n"]
    assert behind[-1] == b""
    assert set(behind[:-1]) == {None}
    assert taken.finish() == Message(header, body, has_body)


async def test_one_byte_a_write(open_door: OpenDoor) -> None:
    opened = await open_door()
    client = await opened.connect()
    await client.reply()
    stream = (
        b"LHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<ana@estudio.example>\r\nDATA\r\n" + HEADER + b"\r\n..\r\n.\r\n"
    )
    for one in stream:
        await client.send(bytes([one]))
        await asyncio.sleep(0)
    assert [(await client.reply())[:3] for _ in range(5)] == ["250", "250", "250", "354", "250"]
    assert opened.carried[0].message == Message(HEADER, b".\r\n")


@pytest.mark.parametrize("over", [0, 1], ids=["just in memory", "just in the file"])
async def test_a_big_body_lies_in_a_file_without_a_name(over: int, open_door: OpenDoor, tmp_path: Path) -> None:
    body = b".\r\n" * 1000 + b"x" * (IN_MEMORY - 3002 + over) + b"\r\n"
    opened = await open_door()
    client = await opened.connect()
    await client.begin()
    assert await give(client, HEADER + b"\r\n" + body) == "250 2.0.0 stored"
    kept = opened.carried[0].message
    assert isinstance(kept.body, mmap.mmap) is bool(over)
    assert (kept.header, bytes(kept.body)) == (HEADER, body)
    assert kept.size == len(HEADER) + 2 + len(body)
    assert count(tmp_path) == 0


async def test_over_the_limit_is_read_to_its_dot_and_refused(open_door: OpenDoor) -> None:
    opened = await open_door(message_size_limit=2_000_000)
    client = await opened.connect()
    await client.begin()
    assert await give(client, HEADER + b"\r\n" + b"x" * 3_000_000) == "552 5.3.4 Message size exceeds the limit"
    assert opened.carried == []
    assert await client.ask("MAIL FROM:<a@b.example>") == "250 2.1.0 Ok"


@pytest.mark.parametrize(("room", "code"), [(0, "250"), (-1, "552")], ids=["at the limit", "one over"])
async def test_the_limit_is_exact(room: int, code: str, open_door: OpenDoor) -> None:
    content = HEADER + b"\r\n..stuffed, which does not count\r\n"
    client = await (await open_door(message_size_limit=len(content) + room)).connect()
    await client.begin()
    assert (await give(client, content))[:3] == code


def test_what_is_refused_is_kept_nowhere(tmp_path: Path) -> None:
    taken, before = Intake(100_000, tmp_path), count(OPEN_FILES)
    taken.feed(b"Subject: x\r\n\r\n")
    tracemalloc.start()
    for _ in range(40):
        taken.feed(b"x" * 65536)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 65536
    assert count(OPEN_FILES) == before
    taken.feed(b"\r\n.\r\n")
    assert taken.finish() == intake.TOO_BIG


def test_what_a_vanished_peer_sent_is_kept_nowhere(tmp_path: Path) -> None:
    """Its session goes with the garbage collector, which may take hundreds of them to come."""
    taken, before = Intake(0, tmp_path), count(OPEN_FILES)
    for begun in (b"Subject: ", b"x\r\n\r\n"):
        taken.feed(begun)
        tracemalloc.start()
        for _ in range(10):
            taken.feed(b"x" * 65536)
        taken.close()
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert kept < 65536
    assert count(OPEN_FILES) == before


@pytest.mark.parametrize(("offered", "limit"), [(100_000, 83_616), (20_000, 15_000), (1000, 750), (1, 1), (0, 0)])
async def test_the_limit_leaves_room_for_our_fields(offered: int, limit: int, open_door: OpenDoor) -> None:
    client = await (await open_door(offers=replace(CAN_ALL, size=offered))).connect()
    await client.reply()
    assert f"250-SIZE {limit}" in (await client.ask("LHLO c")).split("\n")


def test_a_header_without_end_is_refused() -> None:
    taken = Intake(0, Path())
    for _ in range(MAX_HEADER // 65536 + 1):
        taken.feed(b"X: y\r\n" * 10922 + b"X: y")
    taken.feed(b"\r\n.\r\n")
    assert taken.finish() == intake.HEADER_TOO_BIG


@pytest.mark.parametrize("where", ["missing", "/dev/full"], ids=["no directory", "disk full"])
async def test_no_space_is_452_and_the_session_goes_on(
    where: str, open_door: OpenDoor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if where == "/dev/full":  # the kernel's own full disk
        monkeypatch.setattr(intake.tempfile, "TemporaryFile", lambda **_: FileIO("/dev/full", "r+b"))
    opened = await open_door(spool_dir=tmp_path / "missing")
    client = await opened.connect()
    await client.begin("ana@estudio.example", "eva@estudio.example")
    await client.send(HEADER + b"\r\n" + b"x" * (IN_MEMORY + 1) + b"\r\n.\r\n")
    assert await client.reply() == "452 4.3.1 Insufficient system storage, try again later"
    assert await client.reply() == "452 4.3.1 Insufficient system storage, try again later"
    assert [one.message.split(":")[0] for one in caplog.records] == [
        f"cannot spool a message in {tmp_path / 'missing'}"
    ]
    await client.ask("MAIL FROM:<a@b.example>")
    await client.ask("RCPT TO:<ana@estudio.example>")
    await client.ask("DATA")
    assert await give(client, HEADER + b"\r\nsmall\r\n") == "250 2.0.0 stored"


async def test_files_are_given_back(open_door: OpenDoor) -> None:
    opened = await open_door()
    client = await opened.connect()
    await client.begin()
    before = count(OPEN_FILES)
    assert await give(client, HEADER + b"\r\n" + b"x" * 2 * IN_MEMORY) == "250 2.0.0 stored"
    opened.carried.clear()
    assert count(OPEN_FILES) == before


async def test_a_reply_of_the_next_hop_cannot_write_lines_of_its_own(open_door: OpenDoor) -> None:
    opened = await open_door(replies=(SmtpReply(550, "5.1.1", "no\r\n250 yes\x00ñ" + "x" * 900),))
    client = await opened.connect()
    await client.begin()
    first, second = (await give(client, b"\r\n")).split("\n")
    assert first == "550-5.1.1 no?"
    assert second.startswith("550 5.1.1 250 yes??xxx") and len(second) <= 510
