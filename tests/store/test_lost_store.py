"""A store that lost its memory is noticed, and nobody who may have been answered is answered again."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from milter.core.keys import Keys
from milter.store.api import Settled
from milter.store.redis import ForeignStore, RedisStore, StoreState
from tests.doubles.redis_server import RedisServer, redis_server
from tests.store.stories import DAY, EVENING, HOUR, KEYS, MINUTE, event, intent, key, message_ids, query

SATURDAY = EVENING + 12 * HOUR
LOST = Settled(frozenset(), lost=True)
Workers = Callable[..., RedisStore]


@pytest.fixture
async def worker(tmp_path: Path) -> AsyncIterator[Workers]:
    """Starts a worker's store on a server, with the node's state_dir unless another is given."""
    async with AsyncExitStack() as stack:

        def start(server: RedisServer, state_dir: Path = tmp_path, keys: Keys = KEYS) -> RedisStore:
            store = RedisStore(server.url, keys, state_dir=state_dir)
            stack.push_async_callback(store.close)
            return store

        yield start


async def test_a_new_store_is_not_a_lost_one(worker: Workers, server: RedisServer) -> None:
    for _ in range(3):
        state = await worker(server).prepare(EVENING)
        assert (state.lost, state.evicting, state.withhold(EVENING)) == (False, False, None)


async def test_a_server_that_came_back_empty_silences_replies_for_a_day(
    worker: Workers, own_server: RedisServer
) -> None:
    first = worker(own_server)
    await first.prepare(EVENING)
    assert (await first.settle(event("e1", intent("1")))).claimed
    own_server.restart_empty()
    second = worker(own_server)
    state = await second.prepare(SATURDAY)
    assert state.lost_at == SATURDAY
    assert state.withhold(SATURDAY + 23 * HOUR).code == "reply-withheld-store-lost"
    assert await second.settle(event("e2", intent("2"), now=SATURDAY)) == LOST
    assert (await second.facts(query(key(), now=SATURDAY))).lost_at == SATURDAY
    assert [one.entry.code for one in await second.history.journal("ana", EVENING, 9)] == ["reply-withheld-store-lost"]
    third = worker(own_server)
    assert await third.prepare(SATURDAY + HOUR) == state, "a restart does not forget the loss"
    after = SATURDAY + DAY
    assert state.withhold(after) is None
    assert state.withhold(after, opening=after + HOUR).code == "reply-withheld-store-lost"
    assert await third.settle(event("e3", intent("3", now=after), now=after)) == Settled(message_ids("3"))


async def test_a_server_that_kept_its_file_is_not_lost(worker: Workers) -> None:
    with redis_server(lasting=True) as server:
        first = worker(server)
        await first.prepare(EVENING)
        await first.settle(event("e1", intent("1")))
        server.stop()
        server.start()
        second = worker(server)
        assert not (await second.prepare(SATURDAY)).lost
        assert await second.settle(event("e2", intent("2"), now=SATURDAY)) == Settled(frozenset())
        assert (await second.facts(query(key()))).claims[key()].count == 2


async def test_flushed_while_running_noticed_by_the_next_question(store: RedisStore, server: RedisServer) -> None:
    await store.settle(event("e1", intent("1")))
    server.command("FLUSHALL")
    found = await store.facts(query(key(), now=SATURDAY))
    assert (found.claims, found.lost_at) == ({}, SATURDAY)
    assert store.changed
    assert (await store.prepare(SATURDAY)).withhold(SATURDAY) is not None
    assert not store.changed
    assert await store.settle(event("e2", intent("2"), now=SATURDAY)) == LOST


async def test_flushed_between_question_and_claim(store: RedisStore, server: RedisServer) -> None:
    await store.settle(event("e1", intent("1")))
    await store.facts(query(key()))
    server.command("FLUSHALL")
    assert await store.settle(event("e2", intent("2"))) == LOST
    assert store.changed
    assert await store.replies.lease(EVENING + HOUR, 10) == []


async def test_an_event_that_waited_over_the_loss_claims_nothing(store: RedisStore, server: RedisServer) -> None:
    server.command("FLUSHALL")
    await store.facts(query(key(), now=SATURDAY))
    assert await store.settle(event("e1", intent("1"), now=EVENING)) == LOST


async def test_every_worker_and_node_notices_one_loss_as_of_the_same_instant(
    worker: Workers, server: RedisServer, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "another-node"
    elsewhere.mkdir()
    here, beside, far = worker(server), worker(server), worker(server, elsewhere)
    for one in (here, beside, far):
        await one.prepare(EVENING)
    server.command("FLUSHALL")
    assert (await here.facts(query(key(), now=SATURDAY))).lost_at == SATURDAY
    later = SATURDAY + 10 * HOUR
    for one in (beside, far):
        assert (await one.facts(query(key(), now=later))).lost_at == SATURDAY
        assert one.changed
    assert (await here.facts(query(key(), now=later))).lost_at == SATURDAY


async def test_one_lost_shard_is_a_loss(store: RedisStore, server: RedisServer) -> None:
    await store.settle(event("e1", intent("1")))
    (record,) = server.keys("*claim*")
    tag = record.partition(":claim")[0]
    server.command("DEL", record, f"{tag}:store")
    assert await store.settle(event("e2", intent("2"))) == LOST


async def test_one_lost_shard_is_noticed_at_the_start_too(worker: Workers, server: RedisServer) -> None:
    await worker(server).prepare(EVENING)
    server.command("DEL", "recado:{o07}:store")
    assert (await worker(server).prepare(SATURDAY)).lost_at == SATURDAY


async def test_a_start_that_died_half_way_is_no_loss(worker: Workers, server: RedisServer, tmp_path: Path) -> None:
    await worker(server).prepare(EVENING)
    server.command("DEL", "recado:{o07}:store")
    (tmp_path / "store-id").unlink()
    assert not (await worker(server).prepare(EVENING)).lost


async def test_another_redis_than_the_one_we_knew_is_a_loss(
    worker: Workers, own_server: RedisServer, server: RedisServer
) -> None:
    await worker(own_server).prepare(EVENING)
    stranger = RedisStore(server.url, KEYS)
    await stranger.prepare(EVENING)
    await stranger.close()
    assert (await worker(server).prepare(SATURDAY)).lost_at == SATURDAY


async def test_an_instant_of_loss_from_a_clock_that_had_run_ahead_is_healed(
    worker: Workers, server: RedisServer
) -> None:
    await worker(server).prepare(EVENING)
    server.command("FLUSHALL")
    await worker(server).prepare(EVENING + 300 * DAY)
    assert (await worker(server).prepare(EVENING)).lost_at == EVENING
    assert (await worker(server).prepare(EVENING + HOUR)).lost_at == EVENING


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id": 1}', '{"id": "x", "lost": "yesterday"}'])
async def test_a_spoilt_memory_of_the_id_does_not_keep_us_from_starting(
    worker: Workers, server: RedisServer, tmp_path: Path, text: str
) -> None:
    (tmp_path / "store-id").write_text(text)
    assert not (await worker(server).prepare(EVENING)).lost


async def test_another_secret_is_refused_naming_the_file_to_copy(worker: Workers, server: RedisServer) -> None:
    await worker(server).prepare(EVENING)
    with pytest.raises(ForeignStore, match="copy the file `secret`"):
        await worker(server, keys=Keys(b"another secret")).prepare(EVENING)
    await worker(server).prepare(EVENING)


async def test_a_newer_format_is_refused(worker: Workers, server: RedisServer) -> None:
    await worker(server).prepare(EVENING)
    server.command("HSET", "recado:meta", "format", 2)
    with pytest.raises(ForeignStore, match="format 2"):
        await worker(server).prepare(EVENING)


async def test_explaining_neither_claims_the_store_nor_writes(server: RedisServer) -> None:
    reader = RedisStore(server.url, KEYS, read_only=True)
    await reader.facts(query(key(), author="laura@acme.example"))
    await reader.close()
    assert server.keys("*") == []


async def test_a_server_that_evicts_is_noticed_at_the_start_and_while_running(
    own_server: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    seconds = [1000.0]
    store = RedisStore(own_server.url, KEYS, state_dir=tmp_path, clock=lambda: seconds[0])
    assert not (await store.prepare(EVENING)).evicting
    own_server.evict("allkeys-lru")
    await store.replies.lease(EVENING, 10)
    assert not store.changed
    seconds[0] += 60
    await store.replies.lease(EVENING, 10)
    assert store.changed
    state = await store.prepare(EVENING)
    assert state.evicting
    assert state.withhold(EVENING + timedelta(minutes=1)).code == "reply-withheld-store-evicting"
    assert "redis evicts keys" in caplog.text
    own_server.evict("noeviction")
    seconds[0] += 60
    await store.replies.lease(EVENING, 10)
    assert store.changed
    assert (await store.prepare(EVENING)).withhold(EVENING) is None
    await store.close()


@pytest.mark.parametrize("evicts", [True, False])
async def test_what_is_due_is_not_handed_out_when_claims_may_have_gone(
    own_server: RedisServer, tmp_path: Path, evicts: bool
) -> None:
    seconds = [1000.0]
    store = RedisStore(own_server.url, KEYS, state_dir=tmp_path, clock=lambda: seconds[0])
    await store.prepare(EVENING)
    await store.settle(event("e1", intent()))
    if evicts:
        own_server.evict("allkeys-lru")
    seconds[0] += 1
    assert len(await store.replies.lease(EVENING + HOUR, 10)) == (0 if evicts else 1)
    assert store.changed == evicts
    assert (await store.prepare(EVENING)).evicting == evicts
    await store.close()


@pytest.mark.parametrize(("hours", "withheld"), [(-2, True), (0, True), (23, True), (24, False)])
def test_silence_after_a_loss(hours: int, withheld: bool) -> None:
    at: datetime = EVENING + hours * HOUR
    assert (StoreState("id", lost_at=EVENING).withhold(at) is not None) is withheld
    assert StoreState("id", lost_at=EVENING).withhold(at + 48 * HOUR, EVENING + 72 * HOUR + MINUTE) is not None
