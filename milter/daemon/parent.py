"""The parent: takes the lock, loads settings, starts Redis, binds the sockets, forks workers, and hands new settings down.

No asyncio and no threads in here: it forks, and a fork of either is undefined trouble.
"""

import fcntl
import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from milter.daemon import control, notify
from milter.doors import listen
from milter.settings import Fingerprint, fingerprint, load
from milter.settings.values import InetAddress, Problem, Settings, UnixAddress
from milter.store import server

log = logging.getLogger("milter.daemon")

WATCH = 1.0  # seconds between looks at the owners' files: saved, and in force before the owner has changed windows
RESTART_PAUSE = 1.0  # seconds before a worker that died within as many is started again: no fork storm
EXIT_CONFIGURATION = 2
DRAIN = 90.0  # seconds: two more than a door's own patience with a transaction past its dot; then the worker is killed


@dataclass(slots=True)
class Worker:
    pid: int
    pipe: socket.socket
    started: float
    ready: bool = False


class Locked(Exception):
    """Another daemon holds state_dir."""


@dataclass(slots=True)
class Parent:
    """One run of the daemon. `run_worker(settings, sockets, pipe, store_url)` is what a child does; it never returns here."""

    settings: Settings
    run_worker: Callable[[Settings, dict[str, socket.socket], socket.socket, str], int]
    sockets: dict[str, socket.socket] = field(default_factory=dict)
    workers: dict[int, Worker] = field(default_factory=dict)
    redis: server.EmbeddedServer | None = None
    seen: Fingerprint | None = None
    announced: bool = False
    stopping: bool = False
    reload_asked: bool = False
    status: int = 0

    def run(self) -> int:
        """Serves until SIGTERM or SIGINT; the exit status."""
        lock = take_lock(self.settings.state_dir)
        try:
            return self._run()
        finally:
            os.close(lock)

    def _run(self) -> int:
        if os.geteuid() == 0:
            log.warning("running as root: give recado a user of its own (the shipped unit does)")
        wakeup = self._listen_to_signals()
        if self.settings.redis_url == "embedded":
            self.redis = server.start(self.settings.state_dir)
        self.sockets = _bind(self.settings)
        self.seen = fingerprint(self.settings)
        try:
            for _ in range(self.settings.workers):
                self._fork()
            while self.workers and not self.stopping:
                self._turn(wakeup)
            self._drain()
        finally:
            for one in self.sockets.values():
                one.close()
            self._remove_unix_sockets()
            if self.redis:
                self.redis.stop()
        return self.status

    def _listen_to_signals(self) -> int:
        reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, self._on_signal)
        return reader

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number in (signal.SIGTERM, signal.SIGINT):
            self.stopping = True
        elif number == signal.SIGHUP:
            self.reload_asked = True

    def _fork(self) -> None:
        ours, theirs = control.pair()
        pid = os.fork()
        if pid == 0:
            # The child leaves by os._exit alone: nothing of the parent's stack, handlers or clean-up may run twice.
            status = 70
            try:
                ours.close()
                for other in self.workers.values():
                    other.pipe.close()
                signal.set_wakeup_fd(-1)
                status = self.run_worker(self.settings, self.sockets, theirs, self.store_url)
            except BaseException:  # noqa: BLE001 - outermost: logged, and the exit status tells the parent
                log.exception("a worker failed")
            finally:
                logging.shutdown()
                os._exit(status)
        theirs.close()
        self.workers[pid] = Worker(pid, ours, time.monotonic())

    @property
    def store_url(self) -> str:
        return self.redis.url if self.redis else self.settings.redis_url

    def _turn(self, wakeup: int) -> None:
        pipes = {worker.pipe.fileno(): worker for worker in self.workers.values()}
        redis = self.redis.fileno() if self.redis else wakeup
        readable, _, _ = select.select([wakeup, redis, *pipes], [], [], WATCH)
        for one in set(readable):
            if one == wakeup:
                os.read(wakeup, 512)
            elif one == redis:
                self._restart_redis()
            elif pipes[one].pipe.recv(1) == control.READY:
                pipes[one].ready = True
        self._reap()
        if not self.announced and self.workers and all(one.ready for one in self.workers.values()):
            self._announce()
        if self.reload_asked or fingerprint(self.settings) != self.seen:
            self._reload()

    def _restart_redis(self) -> None:
        """Mail flows without it, so a server that will not start is tried again with the next turn, not given up for."""
        assert self.redis is not None
        log.error("the embedded redis ended by itself: starting another")
        self.redis.stop()
        try:
            self.redis = server.start(self.settings.state_dir)
        except (OSError, server.ServerProblem) as error:
            log.error("the embedded redis does not start", extra={"cause": str(error)})
            select.select([], [], [], RESTART_PAUSE)

    def _reap(self) -> None:
        while self.workers:
            pid, raw = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            worker = self.workers.pop(pid, None)
            if worker is None:
                continue
            worker.pipe.close()
            status = os.waitstatus_to_exitcode(raw)
            if self.stopping:
                continue
            if status == EXIT_CONFIGURATION:
                self.status, self.stopping = status, True
                return
            log.error("a worker ended by itself: starting another", extra={"pid": pid, "status": status})
            if time.monotonic() - worker.started < RESTART_PAUSE:
                select.select([], [], [], RESTART_PAUSE)
            self._fork()

    def _announce(self) -> None:
        for name, one in self.sockets.items():
            log.info("listening", extra={"door": name, "address": _shown(one)})
        self.announced = True
        notify.tell("READY=1")
        print("ready", file=sys.stderr, flush=True)  # noqa: T201 - a line that scripts wait for (contract), not a log entry

    def _reload(self) -> None:
        """Good files are handed to every worker as one value; a broken recado.toml changes nothing, loudly."""
        self.reload_asked = False
        self.seen = fingerprint(self.settings)
        notify.tell("RELOADING=1")
        loaded = load(self.settings.file, previous=self.settings)
        report(loaded.problems)
        if loaded.settings is None:
            log.error("not reloaded: the configuration in force stays", extra={"file": str(self.settings.file)})
        else:
            self.settings = loaded.settings
            self.seen = fingerprint(self.settings)
            frame = control.encode(self.settings)
            for worker in self.workers.values():
                worker.pipe.sendall(frame)
            log.info("reloaded", extra={"owners": len(self.settings.policy.owners)})
        notify.tell("READY=1")

    def _drain(self) -> None:
        """The end of file on its pipe tells a worker to finish what is in hand."""
        notify.tell("STOPPING=1")
        for worker in self.workers.values():
            worker.pipe.close()
        deadline = time.monotonic() + DRAIN
        while self.workers:
            self._reap_stopped()
            if self.workers and time.monotonic() > deadline:
                log.error("workers did not finish in time: killed", extra={"pids": ",".join(map(str, self.workers))})
                for pid in self.workers:
                    os.kill(pid, signal.SIGKILL)
                deadline += DRAIN
            if self.workers:
                select.select([], [], [], 0.02)

    def _reap_stopped(self) -> None:
        for pid in list(self.workers):
            done, _ = os.waitpid(pid, os.WNOHANG)
            if done:
                del self.workers[pid]

    def _remove_unix_sockets(self) -> None:
        inherited = notify.inherited_sockets()
        for door in self.settings.doors:
            if isinstance(door.listen, UnixAddress) and door.name not in inherited:
                Path(door.listen.path).unlink(missing_ok=True)


def _shown(sock: socket.socket) -> str:
    """As in the configuration, with the real port."""
    name = sock.getsockname()
    return str(UnixAddress(name)) if isinstance(name, str) else str(InetAddress(*name[:2]))


def take_lock(state_dir: Path) -> int:
    """Two daemons on one state_dir would both own the outbox and the embedded Redis. Locked while the descriptor is open."""
    state_dir.mkdir(mode=0o750, parents=True, exist_ok=True)
    descriptor = os.open(state_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise Locked(
            f"another recado serves {state_dir}; stop it first, or give this one a state_dir of its own"
        ) from error
    return descriptor


def _bind(settings: Settings) -> dict[str, socket.socket]:
    inherited = notify.inherited_sockets()
    return {
        door.name: inherited.get(door.name) or listen.bind(door.listen, settings.socket_mode) for door in settings.doors
    }


def report(problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        log.log(logging.INFO if problem.warning else logging.ERROR, "%s", problem)
