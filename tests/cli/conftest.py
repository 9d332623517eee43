from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.office import SECRET, Office
from tests.doubles.redis_server import RedisServer, redis_server


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "etc")


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as one:
        yield one


@pytest.fixture
def ana(office: Office, server: RedisServer) -> Office:
    """Ana's office on a Redis of its own, with the daemon's secret."""
    server.command("FLUSHALL")
    office.change('"embedded"', f'"{server.url}"')
    office.state.mkdir()
    (office.state / "secret").write_text(SECRET.hex())
    return office
