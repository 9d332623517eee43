"""A Cluster of three masters: each command goes to who owns its slot, and who is away takes only his slots with him."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from milter.core import sender
from milter.core.facts import Missing
from milter.errors import StoreAway
from milter.store import link, senders
from milter.store.cluster import slot
from milter.store.layout import Layout, shard_tag
from milter.store.link import Command
from milter.store.outbox import Outbox
from milter.store.redis import RedisStore
from tests.doubles.redis_cluster import RedisCluster, redis_cluster
from tests.doubles.redis_process import until
from tests.doubles.redis_server import BINARIES
from tests.store.stories import EVENING, KEYS, event, intent, key, message_ids, query, request
from tests.store.test_failures import impatient
from tests.store.traffic import OWNERS, Traffic, eventually


@pytest.fixture(scope="module", params=BINARIES, ids=lambda path: path.name)
def shared(request: pytest.FixtureRequest) -> Iterator[RedisCluster]:
    with redis_cluster(request.param) as one:
        yield one


@pytest.fixture
def cluster(shared: RedisCluster) -> RedisCluster:
    """Without replicas; empty, for tests that leave it whole."""
    shared.flush()
    return shared


@pytest.fixture
async def store(cluster: RedisCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RedisStore]:
    monkeypatch.setattr(link, "PROBE", 0.05)
    one = RedisStore(cluster.url, KEYS, state_dir=tmp_path)
    await one.prepare(EVENING)
    yield one
    await one.close()


def tag(owner: str = "ana") -> str:
    return shard_tag(Layout(KEYS).shard(owner))


async def test_the_map_is_the_servers_own(cluster: RedisCluster) -> None:
    for name in ("recado:meta", "recado:{o00}:due", "recado:{s12}:rep", "{}x", "a{b}c{d}"):
        assert slot(name) == cluster.nodes[0].ask("CLUSTER", "KEYSLOT", name)


async def test_every_call_of_the_store_finds_its_slots(store: RedisStore, cluster: RedisCluster) -> None:
    traffic = Traffic(store, Outbox(Path("/nowhere")))
    for _ in range(12):
        await traffic.one()
    await traffic.drained()
    assert sorted(traffic.sent) == sorted(message_ids(*map(str, range(1, 13))))
    assert await traffic.journaled() == {str(number): 1 for number in range(1, 13)}
    assert {cluster.owner(f"{tag(one)}:due").port for one in OWNERS} == {one.port for one in cluster.nodes}
    many = [request(key(f"p{n}@acme.example", owner=owner)) for n, owner in enumerate(OWNERS)]
    assert (await store.settle(event("many", *(intent(f"m{n}", one) for n, one in enumerate(many))))).claimed
    found = await store.facts(query(*(one.key for one in many)))
    assert {one.owner for one in found.claims} == set(OWNERS)


async def test_a_slot_that_moved_and_one_that_is_moving_are_followed(store: RedisStore, cluster: RedisCluster) -> None:
    await store.settle(event("e1", intent("1")))
    number, source = slot(f"{tag()}:due"), cluster.owner(f"{tag()}:due")
    target = next(one for one in cluster.nodes if one is not source)
    cluster.begin_move(number, source, target)
    # ASK: what the source has not is at the target. TRYAGAIN: of several keys some are here and some there.
    await store.link.run("test", [Command(("SET", f"{tag()}:new", "here"))])
    assert target.process
    assert target.ask("--asking", "GET", f"{tag()}:new") == b"here"
    with pytest.raises(StoreAway, match="TryAgainError"):
        await store.settle(event("e2", intent("2")))
    cluster.end_move(number, source, target)
    assert (await store.facts(query(key()))).claims[key()].count == 1
    assert not (await store.settle(event("e2", intent("2")))).claimed
    assert (await store.facts(query(key()))).claims[key()].count == 2
    assert cluster.owner(f"{tag()}:due") is target
    for one in cluster.nodes:
        one.ask("SCRIPT", "FLUSH")
    assert not (await store.settle(event("e3", intent("3")))).claimed


async def test_a_frozen_node_keeps_only_its_own_waiting_and_that_not_for_long(
    store: RedisStore, cluster: RedisCluster
) -> None:
    away = cluster.owner(f"{tag('ana')}:due")
    others = [one for one in OWNERS if cluster.owner(f"{tag(one)}:due") is not away]
    assert 0 < len(others) < len(OWNERS)
    mine = [Command(("GET", f"{tag('ana')}:store"))]
    away.freeze()
    with impatient():
        causes = []
        for _ in range(6):
            with pytest.raises(StoreAway) as failed:
                await store.link.run("test", mine)
            causes.append(str(failed.value))
    assert causes == ["timeout: no answer within 250 ms"] * 3 + ["redis is away"] * 3
    assert not store.link.open
    for owner in others:
        (found,) = await store.link.run("test", [Command(("GET", f"{tag(owner)}:store"))])
        assert found
    assert await store.link.some("test", [*mine, Command(("EXISTS", f"{tag(others[0])}:store"))], missing=7) == [7, 1]
    away.thaw()
    await store.link.back()
    (found,) = await eventually(lambda: store.link.run("test", mine))
    assert found


async def test_who_was_answered_is_known_where_only_the_sender_s_slot_is_away(
    store: RedisStore, cluster: RedisCluster
) -> None:
    mine = cluster.owner(f"{tag()}:due")
    names = (f"laura@c{number}.example" for number in range(1000))
    layout = Layout(KEYS)
    elsewhere = next(one for one in names if cluster.owner(senders.hash_key(layout, sender.place(one))) is not mine)
    neighbour = next(one for one in names if cluster.owner(senders.hash_key(layout, sender.place(one))) is mine)
    await store.settle(event("e1", intent("1")))
    away = cluster.owner(senders.hash_key(layout, sender.place(elsewhere)))
    away.freeze()
    with impatient():
        found = await store.facts(query(key(), author=elsewhere))
        assert found.claims[key()].count == 1
        assert isinstance(found.standing, Missing)
        assert not isinstance((await store.facts(query(key(), author=neighbour))).standing, Missing)
    away.thaw()
    await store.link.back()
    mine.freeze()
    with impatient(), pytest.raises(StoreAway):
        await store.facts(query(key(), author=elsewhere))  # nobody may be answered of whom it is not known
    mine.thaw()
    await store.link.back()


async def test_a_killed_node_takes_only_its_slots_with_it(
    store: RedisStore, cluster: RedisCluster, tmp_path: Path
) -> None:
    traffic, stop = Traffic(store, Outbox(tmp_path / "outbox")), asyncio.Event()
    away = cluster.owner(f"{tag('ana')}:due")
    lost = {one for one in OWNERS if cluster.owner(f"{tag(one)}:due") is away}
    flowing = asyncio.create_task(traffic.flow(stop))
    await traffic.settled_more(60)
    away.kill()
    await traffic.settled_more(120)
    await traffic.sent_more(20)  # replies of the others go on
    stop.set()
    await flowing
    assert traffic.waited
    living = [one for one in OWNERS if one not in lost]
    for number in traffic.settled[-60:]:
        assert OWNERS[number % len(OWNERS)] in living
    # It comes back empty: its slots were lost, and say so.
    away.start()
    until(lambda: b"cluster_state:ok" in away.ask("CLUSTER", "INFO"), "the node is back")
    await store.link.back()
    await traffic.drained()
    assert store.state
    assert store.state.lost
    sent = traffic.sent
    assert len(sent) == len(set(sent)), "a reply left twice"


async def test_where_nobody_serves_a_slot_is_told(shared: RedisCluster) -> None:
    store = RedisStore(shared.url, KEYS, read_only=True)
    number = slot("recado:meta")
    owner = shared.owner("recado:meta")
    for each in shared.nodes:
        each.ask("CLUSTER", "DELSLOTS", number)
    with pytest.raises(StoreAway) as away:
        await store.link.run("test", [Command(("GET", "recado:meta"))])
    assert "slot" in str(away.value).lower()
    owner.ask("CLUSTER", "ADDSLOTS", number)
    until(lambda: all(b"cluster_slots_assigned:16384" in each.ask("CLUSTER", "INFO") for each in shared.nodes), "whole")
    await store.close()


@pytest.mark.parametrize("binary", BINARIES, ids=lambda path: path.name)
async def test_a_node_with_a_replica_is_replaced_under_load(
    binary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "PROBE", 0.05)
    with redis_cluster(binary, replicas=True) as cluster:
        store = RedisStore(cluster.url, KEYS, state_dir=tmp_path)
        await store.prepare(EVENING)
        traffic, stop = Traffic(store, Outbox(tmp_path / "outbox")), asyncio.Event()
        flowing = asyncio.create_task(traffic.flow(stop))
        await traffic.settled_more(60)
        away = cluster.owner(f"{tag('ana')}:due")
        away.kill()
        await asyncio.to_thread(until, lambda: cluster.owner(f"{tag('ana')}:due") is not away, "a replica is promoted")
        await store.link.back()
        await traffic.settled_more(60)
        stop.set()
        await flowing
        await traffic.drained()
        assert not (await store.prepare(EVENING)).lost
        assert await traffic.journaled() == {str(number): 1 for number in traffic.all}
        sent, unknown = traffic.sent, await traffic.unknown()
        await store.close()
    assert traffic.waited, "the node was away for a while"
    assert len(sent) == len(set(sent)), "a reply left twice"
    assert len(sent) + unknown >= len(traffic.all), "a reply got lost"


async def test_a_cluster_that_is_not_there_is_named() -> None:
    store = RedisStore("redis+cluster://127.0.0.1:1", KEYS, read_only=True)
    with pytest.raises(StoreAway, match=r"no node tells the map of the cluster: 127\.0\.0\.1:1 "):
        await store.facts(query(key()))
    await store.close()
