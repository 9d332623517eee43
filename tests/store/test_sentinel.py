"""A master with a replica and three Sentinels: whoever is master is found, before, while and after it changes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from milter.errors import StoreAway
from milter.store import link
from milter.store.outbox import Outbox
from milter.store.redis import RedisStore
from tests.doubles.redis_sentinel import SentinelSet, sentinel_set
from tests.doubles.redis_server import BINARIES
from tests.store.stories import EVENING, KEYS, event, intent, key, message_ids, query
from tests.store.traffic import Traffic


@pytest.fixture(scope="module", params=BINARIES, ids=lambda path: path.name)
def shared(request: pytest.FixtureRequest) -> Iterator[SentinelSet]:
    with sentinel_set(request.param) as one:
        yield one


@pytest.fixture
def sentinels(shared: SentinelSet) -> SentinelSet:
    """Empty and whole: who was killed is started again, as a replica."""
    shared.mend()
    shared.master.ask("FLUSHALL")
    return shared


@pytest.fixture
async def store(sentinels: SentinelSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RedisStore]:
    monkeypatch.setattr(link, "PROBE", 0.05)
    one = RedisStore(sentinels.url, KEYS, state_dir=tmp_path)
    await one.prepare(EVENING)
    yield one
    await one.close()


async def test_a_master_killed_under_load_loses_and_doubles_nothing(
    store: RedisStore, sentinels: SentinelSet, tmp_path: Path
) -> None:
    traffic, stop = Traffic(store, Outbox(tmp_path / "outbox")), asyncio.Event()
    flowing = asyncio.create_task(traffic.flow(stop))
    await traffic.settled_more(50)
    before = sentinels.master
    before.kill()
    await asyncio.to_thread(sentinels.has_another_master_than, before)
    await traffic.settled_more(50)
    stop.set()
    await flowing
    await traffic.drained()
    assert traffic.waited, "the master was away for a while"
    assert await traffic.journaled() == {str(number): 1 for number in traffic.all}
    sent, unknown = traffic.sent, await traffic.unknown()
    assert len(sent) == len(set(sent)), "a reply left twice"
    assert set(sent) <= message_ids(*map(str, traffic.all))
    assert len(sent) + unknown >= len(traffic.all), "a reply got lost"
    assert not (await store.prepare(EVENING)).lost


async def test_a_master_that_was_demoted_is_left_in_the_same_call(store: RedisStore, sentinels: SentinelSet) -> None:
    before = sentinels.master
    await store.settle(event("e1", intent("1")))
    after = await asyncio.to_thread(sentinels.fail_over)
    # It still answers: READONLY.
    assert before.info("replication")["role"] == "slave"
    assert (await store.settle(event("e2", intent("2")))).claimed == frozenset()
    assert (await store.facts(query(key()))).claims[key()].count == 2
    assert after.ask("EXISTS", "recado:meta") == 1


async def test_a_sentinel_that_is_silent_and_one_that_died_do_not_matter(
    sentinels: SentinelSet, tmp_path: Path
) -> None:
    sentinels.sentinels[0].freeze()
    store = RedisStore(sentinels.url, KEYS, state_dir=tmp_path)
    await store.prepare(EVENING)
    assert (await store.settle(event("e1", intent("1")))).claimed == message_ids("1")
    await store.close()
    sentinels.sentinels[1].kill()
    other = RedisStore(sentinels.url, KEYS, read_only=True)
    assert key() in (await other.facts(query(key()))).claims
    await other.close()


async def test_who_asks_the_sentinels_wrongly_is_told_so(sentinels: SentinelSet) -> None:
    wrong = {
        sentinels.url.replace("/mymaster", "/nobody"): "no sentinel knows where nobody is",
        sentinels.url.partition("?")[0]: "Authentication required",
        sentinels.url.replace("open%2Fsesame", "barley"): "invalid username-password pair",
    }
    for url, sentence in wrong.items():
        store = RedisStore(url, KEYS, read_only=True)
        with pytest.raises(StoreAway) as away:
            await store.facts(query(key()))
        await store.close()
        assert sentence in str(away.value)
        assert "barley" not in str(away.value)
        assert "sesame" not in str(away.value)


async def test_without_sentinels_nobody_waits_and_their_return_is_noticed(
    sentinels: SentinelSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "PROBE", 0.05)
    for one in sentinels.sentinels:
        one.kill()
    store = RedisStore(sentinels.url, KEYS, read_only=True)
    for _ in range(4):
        with pytest.raises(StoreAway):
            await store.facts(query(key()))
    assert store.link.open
    sentinels.mend()
    await store.link.back()
    assert (await store.facts(query(key()))).claims == {}
    await store.close()
