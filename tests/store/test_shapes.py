"""Redis in trouble behind Sentinels and in a Cluster: as on one server (test_failures.py), and applied once afterwards."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from milter.errors import StoreAway
from milter.store import link
from milter.store.outbox import Outbox
from milter.store.redis import RedisStore
from tests.doubles.redis_cluster import RedisCluster, redis_cluster
from tests.doubles.redis_process import RedisProcess
from tests.doubles.redis_sentinel import SentinelSet, sentinel_set
from tests.doubles.redis_server import BINARIES
from tests.store.stories import EVENING, KEYS, event, intent, key, message_ids, query, request
from tests.store.test_failures import impatient
from tests.store.traffic import Traffic, eventually

Shape = SentinelSet | RedisCluster
ABOUT_LAURA = query(key())


@pytest.fixture(scope="module", params=[sentinel_set, redis_cluster], ids=["sentinel", "cluster"])
def shared(request: pytest.FixtureRequest) -> Iterator[Shape]:
    with request.param(BINARIES[0]) as one:
        yield one


@pytest.fixture
def shape(shared: Shape) -> Shape:
    for one in masters(shared):
        one.ask("FLUSHALL")
        one.ask("CONFIG", "SET", "maxmemory", 0)
    return shared


@pytest.fixture
async def store(shape: Shape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RedisStore]:
    monkeypatch.setattr(link, "PROBE", 0.05)
    one = RedisStore(shape.url, KEYS, state_dir=tmp_path)
    await one.prepare(EVENING)
    yield one
    await one.close()


def masters(shape: Shape) -> list[RedisProcess]:
    return [shape.master] if isinstance(shape, SentinelSet) else shape.nodes


def holder(shape: Shape, pattern: str) -> tuple[RedisProcess, str]:
    """The one key like `pattern`, and who has it."""
    ((server, name),) = [(one, name) for one in masters(shape) for name in one.ask("KEYS", pattern)]
    return server, name.decode()


async def fails(store: RedisStore) -> str:
    with pytest.raises(StoreAway) as away:
        await store.settle(event("x", intent("x")))
    return str(away.value)


async def fails_or_not(store: RedisStore) -> str:
    try:
        await store.settle(event("x", intent("x")))
    except StoreAway as away:
        return str(away)
    return ""


async def test_full(store: RedisStore, shape: Shape, tmp_path: Path) -> None:
    traffic = Traffic(store, Outbox(tmp_path / "outbox"))
    await traffic.one()
    for one in masters(shape):
        one.ask("CONFIG", "SET", "maxmemory", 1)
    for _ in range(11):
        await traffic.one()
    assert len(traffic.waited) == 11
    assert (await fails(store)).startswith("OutOfMemoryError")
    assert (await store.facts(ABOUT_LAURA)).claims == {}, "reading goes on"
    for one in masters(shape):
        one.ask("CONFIG", "SET", "maxmemory", 0)
    await traffic.drained()
    assert await traffic.journaled() == {str(number): 1 for number in range(1, 13)}
    assert sorted(traffic.sent) == sorted(message_ids(*map(str, range(1, 13))))


async def test_flushed(store: RedisStore, shape: Shape) -> None:
    assert (await store.settle(event("e1", intent("1")))).claimed
    for one in masters(shape):
        one.ask("FLUSHALL")
    found = await store.facts(ABOUT_LAURA)
    assert (found.claims, found.lost_at) == ({}, EVENING)
    settled = await store.settle(event("e2", intent("2")))
    assert (settled.claimed, settled.lost) == (frozenset(), True)


async def test_wrong_type(store: RedisStore, shape: Shape) -> None:
    await store.settle(event("e1", intent("1")))
    server, name = holder(shape, "*:claim:*")
    server.ask("SET", name, "junk")
    for number in range(2, 7):
        with pytest.raises(StoreAway, match="WRONGTYPE"):
            await store.settle(event(f"e{number}", intent(str(number))))
    marta = request(key("marta@acme.example"))
    assert (await store.settle(event("e9", intent("9", marta)))).claimed == message_ids("9")


async def test_scripts_that_are_not_known(store: RedisStore, shape: Shape) -> None:
    await store.settle(event("e1", intent("1")))
    for number in range(2, 4):
        for one in masters(shape):
            one.ask("SCRIPT", "FLUSH")
        assert not (await store.settle(event(f"e{number}", intent(str(number))))).claimed
    assert (await store.facts(ABOUT_LAURA)).claims[key()].count == 3


async def test_slow_costs_three_waits_and_then_none(store: RedisStore, shape: Shape) -> None:
    await store.settle(event("e1", intent("1")))
    server, _ = holder(shape, "*:claim:*")
    server.freeze()
    with impatient():
        causes = [await fails_or_not(store) for _ in range(8)]
    server.thaw()
    assert causes[0] == "timeout: no answer within 250 ms"
    if isinstance(shape, RedisCluster):  # with Sentinels a replica may have been promoted meanwhile
        assert causes == ["timeout: no answer within 250 ms"] * 3 + ["redis is away"] * 5
    await store.link.back()
    assert not (await eventually(lambda: store.settle(event("x", intent("x"))))).claimed
    assert (await eventually(lambda: store.facts(ABOUT_LAURA))).claims[key()].count == 2
