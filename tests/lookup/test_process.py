"""The child process for large bodies: it works, it dies, it hangs; mail goes on."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from mmap import ACCESS_READ, mmap
from pathlib import Path

import pytest

from milter.core import canonical
from milter.core.facts import Missing
from milter.lookup.process import MOST_WAITING, HashProcess
from tests.doubles.redis_process import until

BODY = b"Os  paso el contrato firmado. \t\r\n" * 30_000 + b"\r\n\r\n"
SIMPLE, RELAXED = (sha256(form(BODY)).digest() for form in (canonical.simple, canonical.relaxed))
PATIENCE = 60  # seconds that a good child has on the busiest machine
DEAF = (sys.executable, "-c", "import signal; signal.pause()")  # takes no request, and does not end by itself
FAILS_FIRST = """
import os, signal, socket, sys
from pathlib import Path
from milter.lookup import dkim_child

pair = socket.socket(fileno=int(sys.argv[1]))
if not Path("{flag}").exists():
    Path("{flag}").touch()
    pair.recv(1000)
    {how}
dkim_child.serve(pair)
"""


def soon(seconds: float = PATIENCE) -> float:
    return asyncio.get_running_loop().time() + seconds


@pytest.fixture
async def child() -> AsyncIterator[HashProcess]:
    one = HashProcess()
    yield one
    await one.close()


async def gone(pid: int) -> None:
    """Awaits the end of any process, without asking again and again."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(descriptor, ended.set)
    async with asyncio.timeout(PATIENCE):
        await ended.wait()
    asyncio.get_running_loop().remove_reader(descriptor)
    os.close(descriptor)


async def test_both_forms(child: HashProcess) -> None:
    assert child.pid is None, "it is started at the first need"
    assert await child.hashes(BODY, ["relaxed", "simple"], soon()) == {"relaxed": RELAXED, "simple": SIMPLE}
    pid = child.pid
    assert await child.hashes(BODY, ["simple"], soon()) == {"simple": SIMPLE}
    assert child.pid == pid, "one child serves all"


async def test_a_body_in_a_file(child: HashProcess, tmp_path: Path) -> None:
    file = tmp_path / "body"
    file.write_bytes(BODY)
    with file.open("rb") as opened, mmap(opened.fileno(), 0, access=ACCESS_READ) as body:
        assert await child.hashes(body, ["relaxed"], soon()) == {"relaxed": RELAXED}


async def test_an_empty_body(child: HashProcess) -> None:
    assert await child.hashes(b"", ["relaxed", "simple"], soon()) == {
        "relaxed": sha256(b"").digest(),
        "simple": sha256(b"\r\n").digest(),
    }


async def test_many_at_once_each_get_their_own(child: HashProcess) -> None:
    bodies = [b"%d\r\n" % number * 100_000 for number in range(MOST_WAITING)]
    for _ in range(2):
        answers = await asyncio.gather(*(child.hashes(one, ["simple"], soon()) for one in bodies))
        assert answers == [{"simple": sha256(one).digest()} for one in bodies]


async def test_more_than_may_wait() -> None:
    child = HashProcess(DEAF)
    waiting = [asyncio.create_task(child.hashes(b"x", ["simple"], soon())) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    assert await child.hashes(b"x", ["simple"], soon()) == Missing("too many large bodies are waiting")
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await child.close()


async def test_killed_between_two_bodies(child: HashProcess) -> None:
    await child.hashes(b"x", ["simple"], soon())
    first = child.pid
    assert first
    os.kill(first, signal.SIGKILL)
    await gone(first)
    assert await child.hashes(BODY, ["simple"], soon()) == {"simple": SIMPLE}
    assert child.pid not in (None, first)


async def test_one_that_dies_with_nothing_in_hand_is_no_zombie(child: HashProcess) -> None:
    await child.hashes(b"x", ["simple"], soon())
    pid = child.pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    await gone(pid)
    await asyncio.to_thread(until, lambda: not Path(f"/proc/{pid}").exists(), "nothing is left of it")


@pytest.fixture
def fails_first(tmp_path: Path) -> Callable[[str], HashProcess]:
    """A child that takes its first request, then does what it is told; the next child is a good one."""

    def start(how: str) -> HashProcess:
        script = tmp_path / "child.py"
        script.write_text(FAILS_FIRST.format(flag=tmp_path / "failed", how=how))
        return HashProcess((sys.executable, str(script)))

    return start


@pytest.mark.parametrize(
    "how",
    ["os.kill(os.getpid(), signal.SIGKILL)", "sys.exit(3)", "raise MemoryError", "pair.send(b'short')"],
    ids=["killed", "ended", "out of memory", "nonsense"],
)
async def test_it_dies_with_a_body_in_hand(how: str, fails_first: Callable[[str], HashProcess]) -> None:
    child = fails_first(how)
    lost = asyncio.create_task(child.hashes(BODY, ["simple"], soon()))
    behind = asyncio.create_task(child.hashes(BODY, ["relaxed"], soon()))
    assert await lost == Missing("the process for large bodies ended")
    assert await behind == {"relaxed": RELAXED}
    await child.close()


async def test_it_hangs(child: HashProcess) -> None:
    await hangs(child)


def test_under_the_other_loop() -> None:
    uvloop = pytest.importorskip("uvloop")

    async def dialogue() -> None:
        child = HashProcess()
        await hangs(child)
        await child.close()

    uvloop.run(dialogue())


async def hangs(child: HashProcess) -> None:
    await child.hashes(b"x", ["simple"], soon())
    pid = child.pid
    assert pid
    os.kill(pid, signal.SIGSTOP)
    assert await child.hashes(BODY, ["simple"], soon(0.3)) == Missing("no time was left for a large body")
    await gone(pid)
    assert await child.hashes(BODY, ["simple"], soon()) == {"simple": SIMPLE}


async def test_who_has_no_time_left_leaves_the_child_alone(child: HashProcess) -> None:
    await child.hashes(b"x", ["simple"], soon())
    pid = child.pid
    first = asyncio.create_task(child.hashes(BODY, ["simple"], soon()))
    await asyncio.sleep(0)
    assert await child.hashes(BODY, ["simple"], soon(-1)) == Missing("no time was left for a large body")
    assert await first == {"simple": SIMPLE}
    assert child.pid == pid


@pytest.mark.parametrize("command", [("/nowhere/python",), (sys.executable, "-c", "raise SystemExit(3)")])
async def test_it_cannot_be_started(command: tuple[str, ...]) -> None:
    child = HashProcess(command)
    for _ in range(2):
        assert isinstance(await child.hashes(BODY, ["simple"], soon()), Missing)
    await child.close()


async def test_closing_ends_it(child: HashProcess) -> None:
    await child.hashes(b"x", ["simple"], soon())
    pid = child.pid
    assert pid
    await child.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert isinstance(await child.hashes(b"x", ["simple"], soon()), Missing), "and it does not come back"


async def test_closing_with_a_body_in_hand(fails_first: Callable[[str], HashProcess], tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    os.mkfifo(taken)
    child = fails_first(f"Path({str(taken)!r}).write_text(''); signal.pause()")
    work = asyncio.create_task(child.hashes(BODY, ["simple"], soon()))
    await asyncio.to_thread(taken.read_text)
    await child.close()
    assert isinstance(await work, Missing)


PARENT = """
import asyncio, sys
from milter.lookup.process import HashProcess

async def main():
    child = HashProcess()
    while True:
        assert isinstance(await child.hashes(b"x", ["simple"], asyncio.get_running_loop().time() + 60), dict)
        print(child.pid, flush=True)
        await asyncio.to_thread(sys.stdin.readline)

asyncio.run(main())
"""


async def test_it_ends_with_a_killed_parent() -> None:
    pipe = subprocess.PIPE
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", PARENT, stdin=pipe, stdout=pipe, stderr=pipe)
    assert parent.stdin and parent.stdout and parent.stderr
    pid = int(await parent.stdout.readline())
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(pid, number)  # it waits for its parent's end, whoever says stop
    parent.stdin.write(b"\n")
    assert int(await parent.stdout.readline()) == pid
    parent.kill()
    await parent.wait()
    assert await parent.stderr.read() == b"", "both have gone, without a word"
    await gone(pid)
