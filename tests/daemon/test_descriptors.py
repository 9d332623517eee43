"""More peers than a process may have files open: those who find no place are told so, and mail flows."""

import asyncio

from tests.daemon.house import house

WAIT = 60.0  # seconds until a test that hangs fails; nothing waits that long
FEW = ("/bin/sh", "-c", 'ulimit -n 64; exec "$@"', "sh")


async def test_out_of_descriptors_is_421_and_mail_flows() -> None:
    async with house() as here:
        await here.start(launcher=FEW)
        peers = [await asyncio.open_connection("127.0.0.1", here.port()) for _ in range(200)]
        said = [await asyncio.wait_for(reader.readline(), WAIT) for reader, _ in peers]
        assert {one[:4] for one in said} == {b"220 ", b"421 "}
        reader, writer = peers[said.index(next(one for one in said if one.startswith(b"220 ")))]
        dialogue = (
            "LHLO c",
            "MAIL FROM:<a@b.example>",
            "RCPT TO:<info@otra.example>",
            "DATA",
            "Subject: x",
            "",
            "x",
            ".",
        )
        writer.write("".join(f"{one}\r\n" for one in dialogue).encode())
        async with asyncio.timeout(WAIT):
            while (line := await reader.readline()) and line != b"250 2.0.0 stored\r\n":
                assert line[:1] in b"23"
        for _, each in peers:
            each.close()
        assert len(here.sink.delivered) == 1
        assert "system resource" not in here.output and "Too many open files" not in here.output
        assert await here.stop() == 0
