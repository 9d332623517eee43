"""The daemon as a whole: how it starts, what it survives, how it takes new settings, and how it ends."""

import asyncio
import json
import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from milter.daemon import parent, sockets
from milter.doors import listen
from milter.settings.values import DoorSettings, InetAddress, MaildirHop, Problem, SocketAddress, UnixAddress
from tests.daemon.house import HOME, gone, house, refused
from tests.real.processes import free_ports, short_directory
from tests.real.recado import RECADO

# --- starting


async def test_it_says_where_it_listens_and_then_one_line_ready() -> None:
    async with house(doors=("lmtp", "smtp")) as ana:
        await ana.start()
        lines = ana.output.splitlines()
        assert lines.count("ready") == 1
        listening = [number for number, line in enumerate(lines) if "event=listening" in line]
        assert len(listening) == 2
        assert max(listening) < lines.index("ready")
        assert ana.port("lmtp") != 0
        await ana.send(door="lmtp")
        await ana.send("chef@bistro.example", door="smtp")
        assert ana.subjects() == ["laura"]
        assert (await ana.stop(), ana.output.splitlines().count("ready")) == (0, 1)


async def test_a_door_that_is_not_there_yet_closes_no_other() -> None:
    """Its worker died at once, and so did the next."""
    async with house(doors=("lmtp",)) as ana:
        ana.recado.authentication = "[milter]"  # behind the empty table
        await ana.start()
        await ana.send()
        assert (ana.subjects(), "door=milter" in ana.output) == (["laura"], False)
        assert "milter: is not there yet" in ana.output


async def test_both_workers_serve() -> None:
    """Each alone while the other is stopped."""
    async with house() as ana:
        await ana.start()
        for number, stopped in enumerate(ana.workers()):
            os.kill(stopped, signal.SIGSTOP)
            await ana.send(f"p{number}@acme.example")
            os.kill(stopped, signal.SIGCONT)
        assert ana.subjects() == ["p0", "p1"]


async def test_a_second_daemon_on_the_same_state_is_refused() -> None:
    async with house() as ana:
        await ana.start()
        status, said = await asyncio.to_thread(serve, ana.recado.file)
        assert (status, f"another recado serves {ana.recado.directory}/state" in said) == (2, True)
        await ana.send()


def test_a_state_dir_of_somebody_else_is_given_to_the_service(tmp_path: Path) -> None:
    """As after a start as root. For root nothing is forbidden, so the lock is something that nobody can open."""
    (tmp_path / "lock").mkdir()
    with pytest.raises(parent.NotStarted, match=f"give it to the user of the service: chown -R recado {tmp_path}"):
        parent.take_lock(tmp_path)


async def test_a_broken_recado_toml_is_exit_2_and_names_the_line() -> None:
    async with house() as ana:
        ana.recado.configure()
        text = ana.recado.file.read_text().replace("hostname  =", "hostnam  =")
        ana.recado.file.write_text(text)
        status, said = await asyncio.to_thread(serve, ana.recado.file)
        assert (status, f"{ana.recado.file}:2: " in said) == (2, True)
        assert "ready" not in said.splitlines()


async def test_why_it_does_not_start_is_a_log_line_like_any_other() -> None:
    async with house() as ana:
        await ana.start()
        again = [RECADO, "serve", "--log-format", "json", "--config", ana.recado.file]
        ran = await asyncio.to_thread(subprocess.run, again, capture_output=True, text=True, timeout=60, check=False)
        said = json.loads(ran.stderr.splitlines()[-1])
        assert (ran.returncode, said["level"]) == (2, "error")
        assert said["event"].startswith("not started: another recado serves ")


def test_an_address_that_stays_taken_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "TAKEN", 0.2)
    with listen.bind(InetAddress("127.0.0.1", 0), 0o600) as other:
        address = InetAddress("127.0.0.1", other.getsockname()[1])
        door = DoorSettings("lmtp", address, MaildirHop(Path("/nowhere")))
        with pytest.raises(
            sockets.Taken, match=f"door lmtp: {address}: Address already in use; stop who listens there"
        ):
            sockets._bind(door, 0o600)


WHAT_INSTEAD: list[tuple[SocketAddress, str]] = [
    (InetAddress("192.0.2.1", 10024), "write an address of this host"),
    (InetAddress("nowhere.invalid", 10024), "write an address of this host"),
    (UnixAddress("/nowhere/lmtp"), "make its folder, for the user of the service: install -d -o recado /nowhere"),
    (UnixAddress("/dev/null/lmtp"), "write one in a folder of the service's own"),
    (UnixAddress("/dev/null"), "that is no socket: remove it"),
]


@pytest.mark.parametrize(("address", "instead"), WHAT_INSTEAD)
def test_an_address_that_cannot_be_bound(monkeypatch: pytest.MonkeyPatch, address: SocketAddress, instead: str) -> None:
    monkeypatch.setattr(sockets, "TAKEN", 0.0)
    with pytest.raises(sockets.Taken, match=f"door lmtp: .+; {instead}"):
        sockets._bind(DoorSettings("lmtp", address, MaildirHop(Path("/nowhere"))), 0o600)


def serve(file: Path) -> tuple[int, str]:
    ran = subprocess.run([RECADO, "serve", "--config", file], capture_output=True, text=True, timeout=60, check=False)
    return ran.returncode, ran.stderr


async def test_without_a_redis_that_starts_mail_flows() -> None:
    """As after a power cut that spoilt its file."""
    async with house(workers=1) as ana:
        spoilt = ana.recado.directory / "state" / "redis" / "appendonlydir"
        spoilt.mkdir(parents=True)
        (spoilt / "appendonly.aof.manifest").write_text("spoilt\n")
        await ana.start()
        assert 'level=warning event="the embedded redis does not start' in ana.output
        await ana.send()
        assert ana.subjects() == ["laura"]
        (spoilt / "appendonly.aof.manifest").unlink()
        await ana.replies.wait(1)
        assert (ana.answered, await ana.stop()) == (["laura@acme.example"], 0)


# --- stopping


async def test_sigterm_finishes_the_transaction_in_flight_and_exits_0() -> None:
    async with house() as ana:
        await ana.start()
        port, redis = ana.port(), ana.redis_pid
        idle_reader, idle_writer = await asyncio.open_connection("127.0.0.1", port)
        assert (await idle_reader.readline()).startswith(b"220 ")
        ana.sink.faults.hold = asyncio.Event()
        sending = asyncio.create_task(ana.send())
        await ana.sink.held.wait()
        ana.signal(signal.SIGTERM)
        assert (await idle_reader.readline()).startswith(b"421 4.3.2 ")
        assert refused(port), "nobody new is let in while it drains"
        assert not sending.done()
        ana.sink.faults.hold.set()
        await sending
        assert (await ana.ended(), ana.subjects()) == (0, ["laura"])
        assert gone(redis), "the embedded Redis ends last"
        idle_writer.close()


# --- new settings


async def test_saved_files_are_in_force_and_broken_ones_change_nothing() -> None:
    async with house() as ana:
        await ana.start()

        async def sender_class(sender: str) -> str:
            await ana.send(f"{sender}@nueva.example")
            (mail,) = [one.data for one in ana.sink.delivered if f"Subject: {sender}\r\n".encode() in one.data]
            found = re.search(rb"Recado-Class: (\w+)", mail)
            return found[1].decode() if found else ""

        assert await sender_class("eva") == "prospect"
        owner = ana.recado.directory / "owners" / "ana.toml"
        good = owner.read_text() + '[client.nueva]\nname = "Nueva"\naddresses = ["@nueva.example"]\n'

        owner.write_text(good)
        await ana.logged("event=reloaded")
        # The line says that the workers were given the settings; they take them when they come to it.
        assert "client" in [await sender_class(f"eva{number}") for number in range(20)]

        owner.write_text(good + "[client.nueva]\n")
        await ana.logged(f'level=error event="{owner}:{good.count(chr(10)) + 1}: ')
        await ana.logged("an owner's file is broken: his last good version stays in force\" owner=ana")
        assert await sender_class("evas") == "client"

        toml = ana.recado.file.read_text()
        ana.recado.file.write_text(toml.replace("workers", "wrokers"))
        ana.signal(signal.SIGHUP)
        await ana.logged('event="not reloaded')
        assert re.search(rf"level=error event=\"{ana.recado.file}:\d+: wrokers: ", ana.output)
        assert await sender_class("evita") == "client"
        assert await ana.stop() == 0
        assert "level=info event=stopping\n" in ana.output


def test_a_warning_is_logged_once_and_an_error_each_time(caplog: pytest.LogCaptureFixture) -> None:
    """The lines move while the owner edits."""

    def problem(line: int, what: str, *, warning: bool) -> Problem:
        return Problem(Path("ana.toml"), line, "hours", what, "write another", warning)

    caplog.set_level("INFO")
    said = parent.report((problem(3, "odd", warning=True), problem(4, "wrong", warning=False)))
    said = parent.report((problem(5, "odd", warning=True), problem(6, "wrong", warning=False)), said)
    said = parent.report((problem(5, "odder", warning=True),), said)
    said = parent.report((problem(5, "odd", warning=True),), said)
    assert [one.split(": ")[0::2] for one in caplog.messages] == [
        ["ana.toml:3", "odd; write another"],
        ["ana.toml:4", "wrong; write another"],
        ["ana.toml:6", "wrong; write another"],
        ["ana.toml:5", "odder; write another"],
        ["ana.toml:5", "odd; write another"],
    ]


async def test_what_cannot_change_in_a_running_daemon_is_said() -> None:
    async with house() as ana:
        await ana.start()
        ana.recado.file.write_text(ana.recado.file.read_text().replace("workers   = 2", "workers   = 1"))
        ana.signal(signal.SIGHUP)
        await ana.logged("settings=workers")
        await ana.logged("event=reloaded")
        assert len(ana.workers()) == 2


async def test_twenty_reloads_under_load_refuse_nothing() -> None:
    async with house() as ana:
        await ana.start()
        port, total, going = ana.port(), 200, True

        def some(first: int) -> None:
            for number in range(first, total, 4):
                ana.send_now(port, f"p{number}@acme.example")

        async def reload() -> int:
            done = 0
            while going or done < 20:
                ana.signal(signal.SIGHUP)
                done += 1
                await ana.logged("event=reloaded", done)
            return done

        reloading = asyncio.create_task(reload())
        await asyncio.gather(*(asyncio.to_thread(some, first) for first in range(4)))
        going = False
        assert await reloading >= 20
        assert sorted(ana.subjects()) == sorted(f"p{number}" for number in range(total))
        assert "event=refused" not in ana.output
        assert await ana.stop() == 0


# --- crashes


async def test_a_worker_that_is_killed_is_replaced() -> None:
    async with house() as ana:
        await ana.start()
        before = ana.workers()
        ana.signal(signal.SIGHUP)  # new settings on their way to a worker that is no more
        for one in before:
            os.kill(one, signal.SIGKILL)
        await ana.until(lambda: len(ana.workers()) == 2 and not set(before) & set(ana.workers()), "two new workers")
        await ana.send()
        assert (ana.subjects(), ana.output.splitlines().count("ready"), await ana.stop()) == (["laura"], 1, 0)


async def test_a_worker_that_takes_no_settings_is_replaced() -> None:
    """Stopped for good; its pipe fills with settings nobody reads."""
    async with house() as ana:
        await ana.start()
        stuck, other = ana.workers()
        os.kill(stuck, signal.SIGSTOP)
        for number in range(1, 11):
            ana.signal(signal.SIGHUP)
            await ana.logged("event=reloaded", number)
        await ana.until(lambda: gone(stuck), "the end of the stuck worker")
        await ana.until(lambda: len(ana.workers()) == 2, "another worker")
        assert other in ana.workers()
        await ana.send()
        assert await ana.stop() == 0


async def test_after_a_parent_that_was_killed_the_next_one_takes_over() -> None:
    """The same port at once, the same Redis, and the reply that was due leaves once."""
    (port,) = free_ports(1)
    async with house(listen=f"inet:127.0.0.1:{port}", delay="3s") as ana:
        await ana.start()
        workers, redis = ana.workers(), ana.redis_pid
        await ana.send()
        ana.signal(signal.SIGKILL)
        await ana.ended()
        await ana.start()
        await ana.until(lambda: all(gone(one) for one in workers), "the end of the old workers")
        await ana.send("otra@acme.example")
        await ana.replies.wait(2)
        assert ana.redis_pid == redis
        assert not gone(redis)
        assert (await ana.stop(), sorted(ana.answered)) == (0, ["laura@acme.example", "otra@acme.example"])
        assert gone(redis)


async def test_an_embedded_redis_that_is_killed_comes_back_and_replies_go_out() -> None:
    async with house(workers=1) as ana:
        await ana.start()
        await ana.send()
        await ana.replies.wait(1)
        killed = ana.redis_pid
        os.kill(killed, signal.SIGKILL)
        await ana.until(lambda: gone(killed), "the end of Redis")
        await ana.send("otra@acme.example")
        assert ana.subjects() == ["laura", "otra"]
        await ana.replies.wait(2)
        assert ana.answered == ["laura@acme.example", "otra@acme.example"]
        await ana.send()
        assert ana.subjects() == ["laura", "otra"], "what was remembered survived"
        assert await ana.stop() == 0


async def test_killed_between_the_next_hops_250_and_ours_the_peer_comes_again() -> None:
    async with house() as ana:
        await ana.start()

        def kill_once(_: str) -> str:
            ana.sink.faults.dot = lambda address: ""
            ana.recado.kill()
            return ""

        ana.sink.faults.dot = kill_once
        with pytest.raises((smtplib.SMTPException, ConnectionError)):
            await ana.send()
        await ana.start()
        await ana.send()
        assert ana.subjects() in (["laura"], ["laura", "laura"]), "never lost; doubled only by the crash itself"
        await ana.replies.wait(1)
        await ana.send("otra@acme.example")
        await ana.replies.wait(2)
        assert ana.answered == ["laura@acme.example", "otra@acme.example"]


async def test_killed_at_the_dot_of_a_reply_it_is_never_sent_again() -> None:
    async with house() as ana:
        await ana.start()

        def kill_once(_: str) -> str:
            ana.replies.faults.dot = lambda address: ""
            ana.recado.kill()
            return ""

        ana.replies.faults.dot = kill_once
        await ana.send()
        await ana.replies.wait(1)
        await ana.start()
        await ana.send("otra@acme.example")
        await ana.replies.wait(2)
        assert (await ana.stop(), ana.answered) == (0, ["laura@acme.example", "otra@acme.example"])


# --- under systemd

ACTIVATE = """
import os, socket, sys
opened = socket.create_server(("127.0.0.1", int(sys.argv[1])))
os.dup2(opened.fileno(), 3)
os.set_inheritable(3, True)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "lmtp"}
os.execv(sys.argv[2], sys.argv[2:])
"""


async def test_the_service_manager_gives_the_sockets_and_is_told() -> None:
    (port,) = free_ports(1)
    with short_directory("rn") as directory, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(directory / "notify"))
        manager.setblocking(False)
        loop = asyncio.get_running_loop()

        async def told() -> bytes:
            return await asyncio.wait_for(loop.sock_recv(manager, 4096), 60)

        async with house(workers=1) as ana:
            launcher = (sys.executable, "-c", ACTIVATE, str(port))
            await ana.start(launcher=launcher, env={"NOTIFY_SOCKET": str(directory / "notify")})
            assert await told() == b"READY=1"
            assert ana.port() == port, "not the one of recado.toml"
            await ana.send()
            ana.signal(signal.SIGHUP)
            assert [await told(), await told()] == [b"RELOADING=1", b"READY=1"]
            status = await ana.stop()
            assert (await told(), status) == (b"STOPPING=1", 0)


async def test_a_manager_that_does_not_listen_stops_nobody() -> None:
    async with house(workers=1) as ana:
        await ana.start(env={"NOTIFY_SOCKET": "/nowhere/notify"})
        await ana.send(to=HOME)
        assert await ana.stop() == 0
