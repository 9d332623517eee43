"""Every byte arrives: dot-stuffing at every cut, odd bodies, big ones, and SIZE that tells the truth."""

import mmap
import tempfile
from dataclasses import replace

import pytest

from milter.core.envelope import Peer
from milter.core.message import Message, parse
from milter.delivery import wire
from milter.delivery.next_hop import Outgoing
from tests.delivery.letters import letter, reach
from tests.doubles.sink import Delivery, Sink

BODIES = {
    "empty": b"",
    "crlf": b"\r\n",
    "dot": b".",
    "dot line": b".\r\n",
    "two dots": b"..\r\n",
    "dots only": b".\r\n..\r\n...\r\n.\r\n",
    "dot first": b".first\r\n",
    "dot in the middle of a line": b"a.b\r\n c. \r\n",
    "smuggler": b"hello\r\n.\r\nMAIL FROM:<evil@x>\r\n",
    "no line end": b"last line",
    "no line end, dot": b"x\r\n.",
    "trailing blank lines": b"text\r\n\r\n\r\n\r\n",
    "eight bit and nul": bytes(range(256)).replace(b"\n", b"").replace(b"\r", b"") + b"\r\n",
    "long line": b"x" * 100_000 + b"\r\n",
}
HEADERS = {"none": b"", "dotty": b".folded: a\r\n .b\r\n", "usual": b"Subject: hi\r\n"}


def received(sent: bytes) -> bytes:
    return sent if sent.endswith(b"\r\n") or not sent else sent + b"\r\n"


def whole(message: Message, block: int) -> bytes:
    return b"".join(wire.stuffed(message.header, message, block))


def unstuffed(sent: bytes) -> bytes:
    return Delivery("", (), (), {}, sent, (), 0).data


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("has_body", [True, False], ids=["body", "header only"])
def test_every_block_size_gives_the_same_bytes(header: bytes, body: bytes, has_body: bool) -> None:
    message = Message(header, body if has_body else b"", has_body)
    plain = header + (b"\r\n" + body if has_body else b"")
    once = whole(message, 1 << 20)
    assert unstuffed(once) == received(plain)
    assert b"\r\n.\r\n" not in b"\r\n" + once
    assert wire.size(header, message) == len(received(plain))
    if len(plain) < 1000:
        assert {whole(message, block) for block in range(1, len(plain) + 3)} == {once}
        assert all(len(one) <= 2 for one in wire.content(header, message, 2))


def test_every_cut_around_the_end_of_a_line() -> None:
    for before in range(6):
        for dots in range(4):
            text = b"x" * before + b"\r\n" + b"." * dots + b"\r\n.tail"
            stuffed = text.replace(b"\r\n.", b"\r\n..") + b"\r\n"
            for block in range(1, len(text) + 2):
                assert whole(Message(b"", text), block) == b"\r\n" + stuffed, (text, block)


@pytest.mark.parametrize("lmtp", [False, True], ids=["smtp", "lmtp"])
async def test_odd_bodies_arrive_byte_for_byte_on_one_connection(lmtp: bool) -> None:
    async with Sink(lmtp=lmtp) as sink, reach(sink) as hop:
        for body in BODIES.values():
            assert (await hop.send(letter(content=b"Subject: odd\r\n\r\n" + body)))[0].accepted
        assert [one.data for one in sink.delivered] == [
            received(b"Subject: odd\r\n\r\n" + one) for one in BODIES.values()
        ]
        assert [one.params[0] for one in sink.delivered] == [f"SIZE={len(one.data)}" for one in sink.delivered]
        assert sink.connections == 1


async def test_a_message_without_a_body_and_one_of_nothing() -> None:
    async with Sink() as sink, reach(sink) as hop:
        for content in (b"Subject: only a header\r\n", b""):
            message = parse(content)
            outgoing = replace(letter(), header=message.header, message=message)
            assert (await hop.send(outgoing))[0].accepted
        assert [one.data for one in sink.delivered] == [b"Subject: only a header\r\n", b""]


async def test_a_body_on_disk_arrives_whole_with_a_dot_at_every_edge_of_a_block() -> None:
    header = b"Subject: big\r\n"
    line = b"." * 62 + b"\r\n"
    with tempfile.TemporaryFile() as file:
        file.write(line * ((5 << 20) // len(line)) + b"..end")
        file.flush()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as body:
            message = Message(header, body)
            async with Sink() as sink, reach(sink) as hop:
                said = await hop.send(Outgoing("a@x.test", (), (("b@x.test", ()),), header, message, Peer()))
                assert said[0].accepted
                assert sink.delivered[0].data == header + b"\r\n" + body[:] + b"\r\n"
