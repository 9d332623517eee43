"""The unit and the sockets as systemd reads them, and what they promise the daemon."""

import configparser
import shutil
import smtplib
import subprocess
import sys
from pathlib import Path

import pytest

from milter.daemon import parent
from tests.real.processes import Process, free_ports, short_directory, wait_until
from tests.real.recado import RECADO, Recado

FOLDER = Path(__file__).parent.parent.parent / "systemd"
UNITS = ["recado.service", "recado-lmtp.socket", "recado-smtp.socket"]


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(FOLDER / name)
    return parser


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd-analyze")
def test_systemd_finds_nothing_to_complain_about(tmp_path: Path) -> None:
    for name in UNITS:
        text = (FOLDER / name).read_text().replace("/opt/recado/.venv/bin/recado", shutil.which("true") or "/bin/true")
        (tmp_path / name).write_text(text)
    verified = subprocess.run(
        ["systemd-analyze", "verify", *(tmp_path / name for name in UNITS)], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


def test_stopping_waits_for_the_drain() -> None:
    service = unit("recado.service")["Service"]
    assert int(service["TimeoutStopSec"]) > parent.DRAIN
    assert service["KillMode"] == "mixed", "workers are drained by the parent, and the embedded Redis ends last"
    assert int(service["RestartPreventExitStatus"]) == parent.EXIT_CONFIGURATION


@pytest.mark.parametrize("door", ["lmtp", "smtp"])
def test_each_socket_names_its_door(door: str) -> None:
    socket = unit(f"recado-{door}.socket")["Socket"]
    assert socket["FileDescriptorName"] == door
    assert socket["Service"] == "recado.service"


@pytest.mark.skipif(
    shutil.which("systemd-socket-activate") is None, reason="this machine has no systemd-socket-activate"
)
def test_a_door_is_taken_over_from_its_socket_unit() -> None:
    """The port is systemd's: what the configuration says of it is not bound again, and a second start finds it open."""
    with short_directory("rs") as directory:
        (port,) = free_ports(1)
        recado = Recado(directory, {"lmtp": ("inet:127.0.0.1:0", f"maildir:{directory}/mail")}, replies=9)
        recado.configure()
        activate = ["systemd-socket-activate", "--listen", f"127.0.0.1:{port}", "--fdname", "lmtp", "--"]
        process = Process([*activate, RECADO, "serve", "--config", recado.file], recado.log)
        try:
            wait_until(lambda: f"127.0.0.1:{port}" in process.output(), "systemd-socket-activate to listen")
            with smtplib.LMTP("127.0.0.1", port, timeout=60) as client:  # starts it
                assert client.ehlo()[0] == 250
                client.sendmail("laura@acme.example", ["ana@estudio.example"], b"Subject: Web\r\n\r\nHola\r\n")
            assert f"door=lmtp address=inet:127.0.0.1:{port}" in process.output()
        finally:
            recado.process = process
            status = recado.stop()
        assert status == 0, process.output()
        assert len(list((directory / "mail").rglob("new/*"))) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="prctl")
def test_serves_without_memory_that_is_writable_and_executable() -> None:
    """MemoryDenyWriteExecute and NoNewPrivileges of the unit, by prctl(2): embedded Redis, workers and OpenSSL live with it."""
    with short_directory("rs") as directory:
        recado = Recado(directory, {"lmtp": ("inet:127.0.0.1:0", f"maildir:{directory}/mail")}, replies=9)
        recado.configure()
        hardened = (
            "import ctypes, os, sys; prctl = ctypes.CDLL(None).prctl; prctl(65, 1, 0, 0, 0); prctl(38, 1, 0, 0, 0); "
            "os.execv(sys.argv[1], sys.argv[1:])"
        )
        process = Process([sys.executable, "-c", hardened, RECADO, "serve", "--config", recado.file], recado.log)
        process.wait_for(lambda: "ready" in process.output().splitlines(), "recado's line `ready`")
        recado.process = process
        assert recado.stop() == 0
