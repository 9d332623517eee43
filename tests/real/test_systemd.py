"""The unit and the sockets as systemd reads them, and what they promise the daemon."""

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

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
    from milter.daemon import parent

    service = unit("recado.service")["Service"]
    assert int(service["TimeoutStopSec"]) > parent.DRAIN
    assert service["KillMode"] == "mixed", "workers are drained by the parent, and the embedded Redis ends last"
    assert int(service["RestartPreventExitStatus"]) == parent.EXIT_CONFIGURATION


@pytest.mark.parametrize("door", ["lmtp", "smtp"])
def test_each_socket_names_its_door(door: str) -> None:
    socket = unit(f"recado-{door}.socket")["Socket"]
    assert socket["FileDescriptorName"] == door
    assert socket["Service"] == "recado.service"
