"""Events that wait for Redis: one file each, named by time, written whole or not at all. Shared by a node's workers.

Only one worker drains at a time, under a lock that ends with its holder: the files of a worker that died are simply
there for the next one, and settling an event twice changes nothing.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from milter.errors import StoreAway
from milter.store import event_json
from milter.store.api import Event, Settled
from milter.store.layout import milliseconds

log = logging.getLogger("milter.store")

LIMIT = 10_000  # events
FAILURES = 3  # in a row end a drain: the store is away or refuses to write; fewer may be one event's own fault


class Kept(StrEnum):
    """What became of an event. FULL: too many wait. FAILED: the disk took it not. Then it is lost, and mail flows."""

    KEPT = "kept"
    FULL = "full"
    FAILED = "failed"


class Settling(Protocol):
    async def settle(self, event: Event) -> Settled: ...


class Outbox:
    """`directory` is made when needed. Names: `<milliseconds>-<r|c>-<id>.json`, r with replies or wishes, c without."""

    def __init__(self, directory: Path, *, limit: int = LIMIT) -> None:
        self._directory = directory
        self._limit = limit
        self._pending: list[tuple[Event, asyncio.Future[Kept]]] = []
        self._writer: asyncio.Task[None] | None = None

    def put(self, event: Event) -> asyncio.Future[Kept]:
        """Keeps the event; await the answer to know it on disk. Never raises for the disk."""
        answer = asyncio.get_running_loop().create_future()
        self._pending.append((event, answer))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_pending())
        return answer

    async def close(self) -> None:
        """Returns when all that was put is on disk."""
        if self._writer:
            await self._writer

    async def _write_pending(self) -> None:
        # What came while one batch was written shares the syncs of the next: a full house costs few of them.
        while self._pending:
            batch, self._pending = self._pending, []
            kept = await asyncio.to_thread(self._write, [event for event, _ in batch])
            for (_, answer), one in zip(batch, kept, strict=True):
                if not answer.done():
                    answer.set_result(one)

    def _write(self, events: Sequence[Event]) -> list[Kept]:
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            room = self._make_room(len(events))
            kept = [self._write_one(event) if at < room else Kept.FULL for at, event in enumerate(events)]
            _sync_directory(self._directory)
        except OSError as error:
            log.warning("events are lost: the outbox cannot be written", extra={"cause": str(error)})
            return [Kept.FAILED] * len(events)
        if lost := kept.count(Kept.FULL):
            log.warning("events are lost: the outbox is full", extra={"events": lost, "limit": self._limit})
        return kept

    def _make_room(self, wanted: int) -> int:
        """How many may be written, after dropping the oldest events that hold nothing but counts."""
        names = self._names()
        excess = max(0, len(names) + wanted - self._limit)
        dropped = [name for name in names if "-c-" in name][:excess]
        for name in dropped:
            (self._directory / name).unlink(missing_ok=True)
        if dropped:
            log.warning("the outbox is full: the oldest counts of senders are dropped", extra={"events": len(dropped)})
        return wanted - (excess - len(dropped))

    def _write_one(self, event: Event) -> Kept:
        kind = "r" if event.replies or event.opted or event.wrote else "c"
        name = f"{int(milliseconds(event.now)):015}-{kind}-{quote(event.id, safe='')}.json"
        temporary = self._directory / f"{name}.{os.getpid()}.new"
        try:
            with temporary.open("wb") as file:
                file.write(event_json.encode(event))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._directory / name)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            log.warning("an event is lost: the outbox cannot be written", extra={"cause": str(error)})
            return Kept.FAILED
        return Kept.KEPT

    def _names(self) -> list[str]:
        with contextlib.suppress(FileNotFoundError):
            return sorted(file.name for file in self._directory.iterdir() if file.name.endswith(".json"))
        return []

    async def drain(self, store: Settling) -> int:
        """Settles what waits, in order of time; how many were. Stops when the store fails: the rest waits on."""
        if not await asyncio.to_thread(self._names):
            return 0
        with self._sole_drainer() as alone:
            if not alone:
                return 0
            await asyncio.to_thread(self._sweep)
            return await self._drain(store)

    async def _drain(self, store: Settling) -> int:
        settled = failures = 0
        for name in await asyncio.to_thread(self._names):
            event = await asyncio.to_thread(self._read, name)
            if event is None:
                continue
            try:
                await store.settle(event)
            except StoreAway:
                failures += 1
                if failures >= FAILURES:
                    break
                continue
            except Exception:  # a bug of ours met by one event must not keep the others waiting for ever
                log.exception("a waiting event cannot be settled and is set aside", extra={"file": name})
                await asyncio.to_thread((self._directory / name).replace, self._directory / f"{name}.broken")
                continue
            failures = 0
            settled += 1
            await asyncio.to_thread((self._directory / name).unlink, missing_ok=True)
        return settled

    def _read(self, name: str) -> Event | None:
        """None if there is nothing to settle: dropped meanwhile, or broken and set aside."""
        file = self._directory / name
        try:
            return event_json.decode(file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            log.warning("a waiting event cannot be read and is set aside", extra={"file": name, "cause": str(error)})
            with contextlib.suppress(OSError):
                file.replace(file.with_name(f"{name}.broken"))
            return None

    @contextlib.contextmanager
    def _sole_drainer(self) -> Iterator[bool]:
        try:
            lock = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            log.warning("the outbox cannot be drained", extra={"cause": str(error)})
            yield False
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield True
        except BlockingIOError:
            yield False
        finally:
            os.close(lock)

    def _sweep(self) -> None:
        """Half-written files of workers that died."""
        for file in self._directory.glob("*.new"):
            pid = file.name.split(".")[-2]
            if not Path(f"/proc/{pid}").exists():
                file.unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
