"""The Redis part of `recado check`: one line if all is well, warnings that fail nothing, and no password anywhere."""

import re
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from milter.cli import main
from tests.doubles.redis_server import redis_server
from tests.real.processes import short_directory
from tests.settings.samples import HOST, OWNER, House

LINE = re.compile(r"warning: [^:]+:\d+: redis\.url: [^;]+; .+")


@pytest.fixture
def house(tmp_path: Path) -> House:
    one = House(tmp_path / "etc")
    one.owner(OWNER)
    return one


def check(house: House, url: str, *arguments: str, mode: int = 0o640) -> Result:
    state = f'state_dir = "{house.folder}/state"\n[lmtp]'
    house.host(HOST.replace("[lmtp]", state) + f'\n[redis]\nurl = "{url}"\n')
    house.file.chmod(mode)
    return CliRunner().invoke(main, ["check", "--config", str(house.file), *arguments])


def about_redis(result: Result) -> list[str]:
    # Other lines may name this test's folder.
    return [one for one in result.output.splitlines() if re.search(r"\bredis(\.url)?: ", one)]


def test_all_is_well(house: House) -> None:
    with redis_server(lasting=True) as server:
        (line,) = about_redis(check(house, server.url))
        assert re.fullmatch(r"info: redis: one server, (Redis|Valkey) [0-9.]+", line)
        assert about_redis(check(house, server.url, "--quiet")) == []


def test_what_hurts_is_a_warning_and_fails_nothing(house: House) -> None:
    with redis_server() as server:
        server.evict()
        found = check(house, server.url, "--quiet")
    warnings = about_redis(found)
    assert found.exit_code == 0
    assert len(warnings) == 2
    assert all(LINE.fullmatch(one) for one in warnings)
    assert "maxmemory-policy allkeys-lru" in warnings[0]
    assert "keeps nothing over a restart" in warnings[1]


def test_a_redis_that_is_not_reached_is_a_warning_without_its_password(house: House) -> None:
    found = check(house, "redis://recado:hunter2@127.0.0.1:1/0")
    (line,) = about_redis(found)
    assert found.exit_code == 0
    assert LINE.fullmatch(line)
    assert "does not answer: " in line
    assert "hunter2" not in found.output


def test_a_file_with_a_password_is_not_for_everybody(house: House) -> None:
    with redis_server(lasting=True) as server:
        (warning,) = about_redis(check(house, f"{server.url}?db=0&password=hunter2", "--quiet", mode=0o644))[:1]
    assert "holds a password, and everybody may read this file; let root and the service alone" in warning
    assert "hunter2" not in warning


def test_an_embedded_server_that_does_not_run_is_no_problem(house: House) -> None:
    assert about_redis(check(house, "embedded")) == []


def test_an_embedded_server_that_runs_and_does_not_answer_is_a_warning() -> None:
    """As one that hangs on its disk."""
    with short_directory("recado-check") as folder, socket.socket(socket.AF_UNIX) as hanging:
        house = House(folder)
        (folder / "state").mkdir()
        hanging.bind(str(folder / "state/redis.sock"))
        hanging.listen()
        (line,) = about_redis(check(house, "embedded"))
    assert LINE.fullmatch(line)
    assert "redis.url: does not answer: " in line
