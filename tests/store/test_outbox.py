"""Events that wait for Redis: each is settled once, in order, whoever died meanwhile; a full disk costs an event, never mail."""

import asyncio
import errno
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from milter.core.reply_job import Opted, PersonKey
from milter.errors import StoreAway
from milter.store import event_json
from milter.store.api import Event, Settled
from milter.store.outbox import Kept, Outbox
from milter.store.redis import RedisStore
from tests.doubles.redis_server import RedisServer
from tests.store.stories import (
    EVENING,
    HOUR,
    MINUTE,
    event,
    intent,
    key,
    line,
    message_ids,
    remembered,
    request,
    said,
)
from tests.store.test_failures import impatient

FULL = event(
    "full",
    intent("1", request(key("jos\udce9@acme.example")), subject="caf\udce9 ñ 😀"),
    evidence=(said(),),
    done=((remembered("4F1"), "250 2.0.0 ok\nnext", 60),),
    journal=(line(note="ñ\udcff"),),
    counted=(key(shadow=True),),
)


@dataclass
class Ledger:
    """Settles into a list, and is away for the events named."""

    away: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    async def settle(self, event: Event) -> Settled:
        self.asked.append(event.id)
        if event.id in self.away:
            raise StoreAway("away")
        return Settled(frozenset())


def waiting(directory: Path) -> list[str]:
    return sorted(file.name for file in directory.iterdir() if file.name != "lock")


def test_an_event_comes_back_from_its_file_as_it_went() -> None:
    assert event_json.decode(event_json.encode(FULL)) == FULL


def test_what_the_version_before_reputations_left_waiting_is_settled() -> None:
    """Its replies and what it remembers of the mail count; of evidence it knew nothing."""
    left = json.loads(event_json.encode(FULL))
    for name in ("place", "evidence"):
        del left[name]
    left |= {"sender_domain": FULL.place, "author_name": "5d2f"}
    for number, one in enumerate(left["replies"]):
        left["replies"][number] = json.dumps({key: value for key, value in json.loads(one).items() if key != "cause"})
    assert event_json.decode(json.dumps(left).encode()) == replace(FULL, evidence=())


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b'{"format":2}', event_json.encode(FULL)[:-9] + b"}"])
def test_what_is_no_event_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        event_json.decode(text)


async def test_what_waited_is_settled_in_order_of_time_and_gone(tmp_path: Path) -> None:
    outbox, ledger = Outbox(tmp_path / "outbox"), Ledger()
    for hours in (3, 1, 2):
        assert await outbox.put(event(f"e{hours}", now=EVENING + hours * HOUR)) is Kept.KEPT
    assert await outbox.drain(ledger) == 3
    assert ledger.asked == ["e1", "e2", "e3"]
    assert waiting(tmp_path / "outbox") == []
    assert await outbox.drain(ledger) == 0


async def test_many_at_once_are_all_kept_and_close_waits_for_them(tmp_path: Path) -> None:
    outbox, ledger = Outbox(tmp_path), Ledger()
    for number in range(200):
        outbox.put(event(f"e{number:03}"))
    await outbox.close()
    assert await outbox.drain(ledger) == 200


async def test_an_outage_applies_each_event_once_with_its_reply(
    own_store: RedisStore, own_server: RedisServer, tmp_path: Path
) -> None:
    outbox = Outbox(tmp_path / "outbox")
    events = [event(f"e{one}", intent(str(one)), evidence=(said(),), now=EVENING + one * MINUTE) for one in range(5)]
    await own_store.settle(events[0])
    own_server.freeze()
    with impatient():
        for one in events:
            with pytest.raises(StoreAway):
                await own_store.settle(one)
            await outbox.put(one)
        assert await outbox.drain(own_store) == 0
    assert len(waiting(tmp_path / "outbox")) == 5
    own_server.thaw()
    await own_store.link.back()
    assert await outbox.drain(own_store) == 5
    (found,) = await own_store.reputation.read("ana", [said().sender])
    assert found.record and found.record.count == 5
    assert {one.intent.message_id for one in await own_store.replies.lease(EVENING + HOUR, 10)} == message_ids("0")


async def test_a_store_that_is_away_is_asked_three_times_and_everything_waits_on(tmp_path: Path) -> None:
    outbox, ledger = Outbox(tmp_path), Ledger(away={f"e{number}" for number in range(9)})
    for number in range(9):
        await outbox.put(event(f"e{number}", now=EVENING + number * MINUTE))
    assert await outbox.drain(ledger) == 0
    assert ledger.asked == ["e0", "e1", "e2"]
    assert len(waiting(tmp_path)) == 9


async def test_one_event_that_cannot_be_settled_does_not_hold_up_the_others(tmp_path: Path) -> None:
    outbox, ledger = Outbox(tmp_path), Ledger(away={"e1"})
    for number in range(5):
        await outbox.put(event(f"e{number}", now=EVENING + number * MINUTE))
    assert await outbox.drain(ledger) == 4
    assert len(waiting(tmp_path)) == 1
    ledger.away.clear()
    assert await outbox.drain(ledger) == 1


async def test_a_broken_file_is_set_aside_and_the_others_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outbox, ledger = Outbox(tmp_path), Ledger()
    await outbox.put(event("e1"))
    (tmp_path / "000000000000001-r-bad.json").write_text('{"format":1,')
    assert await outbox.drain(ledger) == 1
    assert waiting(tmp_path) == ["000000000000001-r-bad.json.broken"]
    assert "set aside" in caplog.text
    assert await outbox.drain(ledger) == 0


async def test_when_full_the_oldest_counts_go_first_and_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outbox, ledger = Outbox(tmp_path, limit=4), Ledger()
    await outbox.put(event("wish", opted=(Opted(PersonKey("ana", "laura@acme.example"), out=True),)))
    for number in (1, 2, 3):
        await outbox.put(event(f"count{number}", now=EVENING + number * HOUR))
    assert caplog.text == ""
    assert await outbox.put(event("reply2", intent("2"), now=EVENING + 4 * HOUR)) is Kept.KEPT
    assert "dropped" in caplog.text
    await outbox.drain(ledger)
    assert ledger.asked == ["wish", "count2", "count3", "reply2"]


async def test_when_full_of_replies_the_newcomer_is_refused_and_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outbox, ledger = Outbox(tmp_path, limit=2), Ledger()
    kept = [await outbox.put(event(f"e{one}", intent(str(one)), now=EVENING + one * HOUR)) for one in range(3)]
    assert kept == [Kept.KEPT, Kept.KEPT, Kept.FULL]
    assert "full" in caplog.text
    await outbox.drain(ledger)
    assert ledger.asked == ["e0", "e1"]
    assert await outbox.put(event("e4", intent("4"))) is Kept.KEPT


async def test_a_full_disk_is_said_and_kept_again_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    outbox, ledger = Outbox(tmp_path), Ledger()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        assert await outbox.put(event("e1", intent("1"))) is Kept.FAILED
    assert "No space left" in caplog.records[0].cause
    assert waiting(tmp_path) == []
    assert await outbox.put(event("e2", intent("2"))) is Kept.KEPT
    await outbox.drain(ledger)
    assert ledger.asked == ["e2"]


async def test_a_place_that_cannot_be_written_is_a_value_and_no_exception(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file, not a directory")
    outbox = Outbox(tmp_path / "outbox")
    assert await outbox.put(event("e1")) is Kept.FAILED


async def test_several_workers_settle_each_event_once(tmp_path: Path) -> None:
    ledger = Ledger()
    workers = [Outbox(tmp_path) for _ in range(4)]
    for number in range(20):
        await workers[number % 4].put(event(f"e{number}", now=EVENING + number * MINUTE))
    assert sum(await asyncio.gather(*(one.drain(ledger) for one in workers))) == 20
    assert len(ledger.asked) == len(set(ledger.asked)) == 20


DRAIN_AND_DIE = """
import asyncio, os, signal, sys
from pathlib import Path
from milter.store.outbox import Outbox

class Deadly:
    async def settle(self, event):
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(Outbox(Path(sys.argv[1])).drain(Deadly()))
"""


async def test_what_a_worker_held_when_it_died_is_there_for_the_next(tmp_path: Path) -> None:
    outbox, ledger = Outbox(tmp_path), Ledger()
    await outbox.put(event("e1", intent("1")))
    dead = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", DRAIN_AND_DIE, tmp_path], check=False)
    assert dead.returncode == -9
    assert await outbox.drain(ledger) == 1


async def test_half_written_files_of_the_dead_are_swept_and_those_of_the_living_left(tmp_path: Path) -> None:
    outbox, ledger = Outbox(tmp_path), Ledger()
    await outbox.put(event("e1"))
    dead = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await dead.wait()
    (tmp_path / f"a.json.{dead.pid}.new").write_text("half")
    (tmp_path / f"b.json.{os.getpid()}.new").write_text("half")
    assert await outbox.drain(ledger) == 1
    assert waiting(tmp_path) == [f"b.json.{os.getpid()}.new"]
