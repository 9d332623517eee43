"""Messages that wait to be learned: the header of each in a file of state_dir/learn, named by time, lesson and mailbox."""

import contextlib
import fcntl
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

FOLDER = "learn"
LOCK = "lock"
MOST = 10_000  # messages: more wait only where nothing is ever learned
LONGEST = 1 << 20  # bytes of a header
_CALL = "from milter.cli import main; main()"


@dataclass(frozen=True, slots=True)
class Waiting:
    """`at` in nanoseconds since 1970; `user` "" if it was not said."""

    path: Path
    at: int
    lesson: str
    user: str


def directory(file: Path) -> Path:
    """Where they wait, by that recado.toml. OSError, ValueError if it cannot be read: here nothing else of it matters."""
    with file.open("rb") as source:
        state_dir = tomllib.load(source).get("state_dir", "/var/lib/recado")
    return file.parent / str(state_dir) / FOLDER


def make(folder: Path) -> None:
    """A folder of state_dir, owned as that is: also if root makes it, the service can use it."""
    above = folder.parent.stat()
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(folder, above.st_uid, above.st_gid)


def put(folder: Path, lesson: str, user: str | None, content: bytes, at: int) -> None:
    make(folder)
    if sum(1 for _ in folder.iterdir()) >= MOST:
        raise ValueError(f"{folder} is full: run recado learn --waiting, and read what it says")
    name = f"{at:020}-{lesson}-{quote(user or '', safe='')[:180]}"
    draft = folder / f"{name}.{os.getpid()}.new"
    draft.write_bytes(_header(content))
    draft.replace(folder / f"{name}.{os.getpid()}.eml")


def start(file: Path, folder: Path) -> None:
    """Learns what waits in a process of its own, which outlives us and holds on to nothing but standard error.

    It is given the lock from the beginning: of a whole folder that is moved, each message finds the first one's process at work.
    """
    handle = _lock(folder)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                _CALL,
                "learn",
                "--waiting",
                "--held",
                str(handle),
                "--config",
                str(file.absolute()),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(handle,),
        )
    except BlockingIOError:
        return  # whoever holds the lock looks once more after letting go of it
    finally:
        os.close(handle)


def listed(folder: Path) -> list[Waiting]:
    """The oldest first."""
    with contextlib.suppress(FileNotFoundError):
        names = sorted(one.name for one in folder.iterdir() if one.suffix == ".eml")
        return [_named(folder, one) for one in names]
    return []


@contextlib.contextmanager
def alone(folder: Path, held: int | None = None) -> Iterator[bool]:
    """Whether nobody else learns what waits here; until the end of the block nobody will. `held`: the lock as `start` gave it."""
    handle = _lock(folder) if held is None else held
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(handle)


def _lock(folder: Path) -> int:
    """Open, and owned as the folder is: one that root makes would keep the service from learning ever again."""
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if os.geteuid() == 0:
        there = folder.stat()
        os.fchown(handle, there.st_uid, there.st_gid)
    return handle


def _named(folder: Path, name: str) -> Waiting:
    at, lesson, rest = name.split("-", 2)
    return Waiting(folder / name, int(at), lesson, unquote(rest.rsplit(".", 2)[0]))


def _header(content: bytes) -> bytes:
    """What stands above the empty line; nothing below it is needed."""
    for end in (b"\r\n\r\n", b"\n\n"):
        head, found, _ = content.partition(end)
        if found:
            return (head + end[: len(end) // 2])[:LONGEST]
    return content[:LONGEST]
