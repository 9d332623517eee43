"""A real server for every test, on each kind of server that this machine has."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from milter.store import link
from milter.store.redis import RedisStore
from tests.doubles.redis_server import BINARIES, RedisServer, redis_server
from tests.store.stories import EVENING, KEYS


@pytest.fixture(scope="module", params=BINARIES, ids=lambda path: path.name)
def shared_server(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    with redis_server(request.param) as one:
        yield one


@pytest.fixture
def server(shared_server: RedisServer) -> RedisServer:
    """Empty, for tests that leave it running as they found it."""
    shared_server.command("FLUSHALL")
    return shared_server


@pytest.fixture(params=BINARIES, ids=lambda path: path.name)
def own_server(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """For tests that break it."""
    with redis_server(request.param) as one:
        yield one


@pytest.fixture
async def store(server: RedisServer, tmp_path: Path) -> AsyncIterator[RedisStore]:
    one = RedisStore(server.url, KEYS, state_dir=tmp_path)
    await one.prepare(EVENING)
    yield one
    await one.close()


@pytest.fixture
async def own_store(
    own_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RedisStore]:
    """Probes more often than once a second, so that the tests that wait for its return need not."""
    monkeypatch.setattr(link, "PROBE", 0.05)
    one = RedisStore(own_server.url, KEYS, state_dir=tmp_path)
    await one.prepare(EVENING)
    yield one
    await one.close()
