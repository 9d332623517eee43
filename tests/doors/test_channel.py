"""One connection's two directions, on a real socket."""

import asyncio
import socket

import pytest

from milter.doors.answers import OK
from milter.doors.channel import Channel


async def said_to_nobody() -> None:
    ours, theirs = socket.socketpair()
    _, writer = await asyncio.open_connection(sock=ours)
    channel = Channel(asyncio.get_running_loop())
    channel.connect(writer.transport, writer)
    channel.say(OK)
    await channel.flush()
    assert theirs.recv(100) == b"250 2.0.0 Ok\r\n"
    channel.say(OK)
    writer.transport.abort()
    await writer.wait_closed()
    with pytest.raises(ConnectionError):
        await channel.flush()
    theirs.close()


async def test_a_reply_to_nobody_is_a_lost_connection() -> None:
    await said_to_nobody()


def test_a_reply_to_nobody_is_a_lost_connection_under_uvloop() -> None:
    """Once they are closed, writing to its transports is a RuntimeError."""
    uvloop = pytest.importorskip("uvloop")
    uvloop.run(said_to_nobody())
