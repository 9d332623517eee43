"""What `recado check` says about Redis, in each shape: each warning with what to do, and its silent twin."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from milter.store import health
from milter.store.address import Address, Shape, parse
from tests.doubles.redis_cluster import redis_cluster
from tests.doubles.redis_process import until
from tests.doubles.redis_sentinel import sentinel_set
from tests.doubles.redis_server import BINARIES, RedisServer, redis_server

HURTS = {
    ("maxmemory-policy", "allkeys-lru"): (
        "may throw away who was answered (maxmemory-policy allkeys-lru): no reply leaves",
        "set `maxmemory-policy noeviction`",
    ),
    ("appendonly", "no"): (
        "keeps nothing over a restart: replies then stop for a day",
        "set `appendonly yes` or `save 300 1`",
    ),
    ("hash-max-listpack-entries", "128"): (
        "stores reputations in five times the memory (hash-max-listpack-entries 128)",
        "set `hash-max-listpack-entries 256`",
    ),
    ("hash-max-listpack-value", "32"): (
        "stores reputations in five times the memory (hash-max-listpack-value 32)",
        "set `hash-max-listpack-value 64`",
    ),
}


@pytest.fixture(scope="module", params=BINARIES, ids=lambda path: path.name)
def kept(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    with redis_server(request.param, lasting=True) as one:
        yield one


def said(found: health.Health) -> list[tuple[str, str]]:
    return [(one.what, one.instead) for one in found.findings]


@pytest.mark.parametrize("setting", HURTS, ids=" ".join)
async def test_one_server(kept: RedisServer, setting: tuple[str, str]) -> None:
    well = await health.health(kept.url)
    assert well.findings == ()
    assert well.about.startswith("one server, ")
    before = kept.command("CONFIG", "GET", setting[0]).decode().split("\r\n")[4]
    kept.command("CONFIG", "SET", "save", "")
    kept.command("CONFIG", "SET", *setting)
    assert said(await health.health(kept.url)) == [HURTS[setting]]
    kept.command("CONFIG", "SET", setting[0], before)
    written(kept)


async def test_a_server_that_keeps_snapshots_is_well(kept: RedisServer) -> None:
    kept.command("CONFIG", "SET", "appendonly", "no")
    kept.command("CONFIG", "SET", "save", "300 1")
    assert said(await health.health(kept.url)) == []
    kept.command("CONFIG", "SET", "appendonly", "yes")
    written(kept)


@pytest.mark.parametrize("file", ["aof_last_write_status", "rdb_last_bgsave_status"])
def test_a_disk_that_is_full(file: str) -> None:
    where = parse("redis://127.0.0.1:6379")
    assert isinstance(where, Address)
    told = {status: [one.what for one in health._of_server(health._Server("it", {file: status}), where, several=False)]
            for status in ("ok", "err")}  # fmt: skip
    assert [one for one in told["err"] if one not in told["ok"]] == [
        "cannot write to its disk, so it takes no changes: replies wait"
    ]


def written(server: RedisServer) -> None:
    """A server that writes its first append-only file takes ten seconds to stop."""
    until(lambda: b"aof_rewrite_in_progress:0" in server.command("INFO", "persistence"), "the file is written")
    until(lambda: b"aof_rewrite_scheduled:0" in server.command("INFO", "persistence"), "the file is written")


async def test_a_server_that_is_away_is_a_warning_with_its_cause(tmp_path: Path) -> None:
    found = await health.health(f"unix://{tmp_path}/none")
    (what, instead), = said(found)  # fmt: skip
    assert found.about == ""
    assert what.startswith("does not answer: ")
    assert "none" in what or "No such file" in what
    assert instead == "start it, or correct address or password; until then mail passes without replies"


async def test_a_replica_is_told_from_a_master(own_server: RedisServer) -> None:
    own_server.command("CONFIG", "SET", "save", "300 1")
    own_server.make_read_only()
    assert said(await health.health(own_server.url)) == [
        ("is a replica, which takes no writes", "write the address of its master, or of its Sentinels")
    ]


async def test_a_server_that_wants_a_password_says_so_and_nothing_is_shown(own_server: RedisServer) -> None:
    own_server.command("CONFIG", "SET", "requirepass", "open sesame")
    for url in (own_server.url, f"unix://:barley@{own_server.socket}"):
        ((what, _),) = said(await health.health(url))
        assert "uthentication" in what or "password" in what
        assert "barley" not in what


async def test_sentinels() -> None:
    with sentinel_set(BINARIES[0]) as one:
        found = await health.health(one.url)
        assert found.about.startswith("the master mymaster of 3 Sentinels, Redis ")
        assert found.about.endswith(", 1 replica")
        assert said(found) == [HURTS["appendonly", "no"]]


async def test_a_cluster() -> None:
    with redis_cluster(BINARIES[0], full_coverage=True) as one:
        found = await health.health(one.url)
        assert found.about.startswith("a Cluster of 3 masters, Redis ")
        name = one.nodes[0].name
        assert said(found)[:3] == [
            (
                f"{name} stops altogether when one slot has no master",
                "set `cluster-require-full-coverage no` on every node",
            ),
            (f"{name} {HURTS['appendonly', 'no'][0]}", HURTS["appendonly", "no"][1]),
            (f"{name} has no replica: what it holds is away when it is", "give each master of the Cluster one"),
        ]
        assert len(found.findings) == 9
        assert ("is part of a Cluster", 'begin it with "redis+cluster://"') in said(
            await health.health(f"redis://{name}")
        )


EXPOSED = {
    "redis://127.0.0.1": [],
    "redis://localhost": [],
    "unix:///run/redis.sock": [],
    "rediss://recado:secret@db.example": [],
    "rediss://db.example": ["needs no password at db.example: who reaches it reads with whom the owners write"],
    "redis://recado:secret@10.0.0.1": ["sends addresses and the password to 10.0.0.1 in the clear"],
    "redis+cluster://127.0.0.1,10.0.0.1": [
        "needs no password at 10.0.0.1: who reaches it reads with whom the owners write",
        "sends addresses and the password to 10.0.0.1 in the clear",
    ],
}


@pytest.mark.parametrize("url, sentences", EXPOSED.items(), ids=EXPOSED)
def test_an_open_door_is_named(url: str, sentences: list[str]) -> None:
    where = parse(url)
    assert isinstance(where, Address)
    assert [one.what for one in health._exposed(where, [])] == sentences


def test_what_a_server_tells_of_itself() -> None:
    where = Address(Shape.SERVER, (("/run/redis.sock", 0),))
    info = {"redis_version": "6.0.16", "aof_enabled": "1"}
    lagging = {"redis_version": "7.2.4", "slave0": "ip=10.0.0.2,port=6379,state=online,offset=7,lag=40"}
    loading = {"redis_version": "7.2.4", "slave0": "ip=10.0.0.2,port=6379,state=wait_bgsave,offset=0,lag=0"}
    open_to_all = {"bind": "* -::*", "protected-mode": "no"}
    assert sentences(where, info) == ["is too old (Redis 6.0.16)"]
    assert sentences(where, lagging) == ["has not heard of its replica 10.0.0.2:6379 for 40 s"]
    assert sentences(where, loading) == ["has a replica that is not in step yet, 10.0.0.2:6379"]
    server = health._Server("127.0.0.1:6379", {}, open_to_all)
    assert [one.what for one in health._exposed(where, [server])] == [
        "127.0.0.1:6379 listens at * and needs no password"
    ]


def sentences(where: Address, info: dict[str, str]) -> list[str]:
    return [one.what for one in health._of_server(health._Server("x", info), where, several=False)]
