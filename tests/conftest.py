"""The one marker: a `real(server, ...)` test without these servers is skipped by name, or failed in CI."""

import os
import shutil
from collections.abc import Iterator

import pytest

from milter.store import link
from tests.doubles.redis_server import RedisServer, redis_server

# A test machine with other work on its cores may keep a good Redis from answering within the product's 250 ms. Where that
# deadline is what is tested (tests/store/test_failures.py), it is the product's own.
link.WAIT = 2.0
INSTALL = "run tests/install-servers"
# Postfix's master and Dovecot change users: only root may start them.
NEED_ROOT = {"postfix", "dovecot"}


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    with redis_server() as one:
        yield one


@pytest.fixture
def redis(shared_redis: RedisServer) -> RedisServer:
    """The shared server, emptied; a test that breaks one starts its own."""
    shared_redis.command("FLUSHALL")
    return shared_redis


def obstacle(server: str) -> str:
    """Why `server` cannot be started here, "" if it can."""
    if shutil.which(server, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin") is None:
        return f"{server} is not installed: {INSTALL}"
    if server in NEED_ROOT and os.geteuid() != 0:
        return f"{server} starts only as root: {INSTALL} and the tests with sudo"
    return ""


def pytest_runtest_setup(item: pytest.Item) -> None:
    servers = {server for mark in item.iter_markers("real") for server in mark.args}
    obstacles = [why for server in sorted(servers) if (why := obstacle(server))]
    if not obstacles:
        return
    if os.environ.get("RECADO_REQUIRE_SERVERS") == "1":
        pytest.fail("; ".join(obstacles), pytrace=False)
    pytest.skip("; ".join(obstacles))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [one for one in terminalreporter.stats.get("skipped", []) if INSTALL in str(one.longrepr)]
    if skipped:
        terminalreporter.section("REAL SERVERS MISSING", red=True, bold=True)
        terminalreporter.line(
            f"{len(skipped)} tests did not run for want of real servers: {INSTALL}, then make test", red=True
        )
