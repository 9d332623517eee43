"""A real Redis for every test: a shared one, emptied, or one of its own for tests that break it."""

from collections.abc import Iterator

import pytest

from milter.store import link
from tests.doubles.redis_server import RedisServer, redis_server


@pytest.fixture
def own_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    """Probed more often than once a second, so that a test that waits for its return need not."""
    monkeypatch.setattr(link, "PROBE", 0.05)
    with redis_server(lasting=True) as one:
        yield one
