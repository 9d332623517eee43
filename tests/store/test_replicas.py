"""A server with a replica, and no Sentinels: what must outlive a failover is not done before the replica has it."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from milter.core.reply_job import State
from milter.errors import StoreAway
from milter.store import node
from milter.store.health import health
from milter.store.redis import RedisStore
from tests.doubles.redis_process import RedisProcess, free_ports, until
from tests.doubles.redis_server import BINARIES
from tests.store.stories import EVENING, HOUR, KEYS, event, intent, key, message_ids, query
from tests.store.traffic import eventually

NOT_YET = "UNCONFIRMED: no replica has it yet, so a failover might forget it"


@dataclass
class Pair:
    master: RedisProcess
    replica: RedisProcess

    def in_step(self) -> None:
        until(lambda: "state=online" in self.master.info("replication").get("slave0", ""), "the replica is in step")


@pytest.fixture(params=BINARIES, ids=lambda path: path.name)
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    options = ("--save", "", "--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1")
    one, other = (RedisProcess(request.param, port, ("--port", str(port), *options)) for port in free_ports(2))
    try:
        one.start()
        other.start("--replicaof", f"127.0.0.1 {one.port}")
        found = Pair(one, other)
        found.in_step()
        yield found
    finally:
        one.remove()
        other.remove()


@pytest.fixture
async def store(pair: Pair, tmp_path: Path) -> AsyncIterator[RedisStore]:
    one = RedisStore(f"redis://{pair.master.name}", KEYS, state_dir=tmp_path)
    await one.prepare(EVENING)
    yield one
    await one.close()


async def test_nothing_is_settled_and_no_reply_leaves_that_no_replica_knows_of(store: RedisStore, pair: Pair) -> None:
    assert (await store.settle(event("e1", intent("1")))).claimed == message_ids("1")
    (job,) = await store.replies.lease(EVENING + HOUR, 5)
    pair.replica.freeze()
    for number in range(2, 7):
        with pytest.raises(StoreAway, match=NOT_YET):
            await store.settle(event(f"e{number}", intent(str(number))))
    with pytest.raises(StoreAway, match=NOT_YET):
        await store.replies.handed(job, EVENING + HOUR)
    assert (await store.facts(query(key()))).claims[key()].count == 6, "reading goes on, and the breaker stays closed"
    pair.replica.thaw()
    assert await store.replies.retry(job, EVENING + HOUR, EVENING + HOUR, "")
    (again,) = await store.replies.lease(EVENING + HOUR, 5)
    assert await store.replies.handed(again, EVENING + HOUR)
    assert await store.replies.finish(again, State.SENT, EVENING + HOUR, "reply-sent")
    assert not (await store.settle(event("e6", intent("6")))).claimed, "the same event again: nothing is done twice"
    assert (await store.facts(query(key()))).claims[key()].count == 6


async def test_an_event_settled_again_by_another_worker_waits_for_the_replica_too(
    store: RedisStore, pair: Pair, tmp_path: Path
) -> None:
    pair.replica.freeze()
    with pytest.raises(StoreAway, match=NOT_YET):
        await store.settle(event("e1", intent("1")))
    other = RedisStore(f"redis://{pair.master.name}", KEYS, state_dir=tmp_path)
    try:
        await other.prepare(EVENING)
        with pytest.raises(StoreAway, match=NOT_YET):
            await other.settle(event("e1", intent("1")))
        pair.replica.thaw()
        # A replica that wakes up takes its time on a busy machine; until it has the event, the answer stays NOT_YET.
        settled = await eventually(lambda: other.settle(event("e1", intent("1"))))
        assert settled.claimed == message_ids("1")
    finally:
        await other.close()


async def test_a_replica_that_is_gone_is_not_waited_for(
    store: RedisStore, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.settle(event("e1", intent("1")))
    pair.replica.kill()
    until(lambda: pair.master.info("replication")["connected_slaves"] == "0", "the master has noticed")
    with pytest.raises(StoreAway, match=NOT_YET):
        await store.settle(event("e2", intent("2")))
    # One failure, and the server is asked again what replicas it has.
    assert not (await store.settle(event("e2", intent("2")))).claimed
    monkeypatch.setattr(node, "LOOK", 0.0)
    pair.replica.start("--replicaof", f"127.0.0.1 {pair.master.port}")
    pair.in_step()
    assert not (await store.settle(event("e3", intent("3")))).claimed
    assert (await health(f"redis://{pair.master.name}")).about.endswith(", 1 replica")


async def test_without_the_right_to_look_no_replica_is_waited_for_and_the_log_says_so(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    pair.master.ask("ACL", "SETUSER", "recado", "on", ">x", "~recado:*", "+@all", "-info")
    store = RedisStore(f"redis://recado:x@{pair.master.name}", KEYS)
    await store.settle(event("e1", intent("1")))
    await store.close()
    assert "redis does not tell of its replicas: allow INFO" in caplog.messages
