"""The command as a whole: what there is, and what every part of it has in common."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from milter import __version__
from milter.cli import main
from milter.cli.main import COMMANDS
from tests.cli.office import LETTER, Office

# What a command cannot do without; the others are typed alone.
NEEDED: dict[str, tuple[str, ...]] = {
    "replay": ("mail.eml",),
    "explain": ("--mail-from", "a@b.example", "--rcpt-to", "ana@estudio.example", "mail.eml"),
    "preview": ("closed",),
}
PROMISED = {"serve", "check", "replay", "explain", "preview", "next-opening"}


def test_every_command_is_listed_and_explains_itself() -> None:
    overview = CliRunner().invoke(main, ["--help"]).stdout
    for name, line in COMMANDS.items():
        assert f"  {name} " in overview and line in " ".join(overview.split())
        told = CliRunner().invoke(main, [name, "-h"])
        assert (told.exit_code, "--config" in told.stdout) == (0, True), name
    assert COMMANDS.keys() >= PROMISED


def test_the_version() -> None:
    assert CliRunner().invoke(main, ["--version"]).stdout == f"recado, version {__version__}\n"


def test_a_command_that_there_is_not() -> None:
    result = CliRunner().invoke(main, ["rehearse"])
    assert (result.exit_code, "No such command 'rehearse'" in result.stderr) == (2, True)


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_a_broken_configuration_is_named_and_exit_2(office: Office, name: str) -> None:
    office.change("hostname   ", "hostnam   ")
    office.write("mail.eml", LETTER)
    arguments = [office.folder / one if one.endswith(".eml") else one for one in NEEDED.get(name, ())]
    result = office.run(name, *arguments)
    assert result.exit_code == 2
    assert f"{office.file}:4: hostnam: " in result.output
    assert not office.state.exists()


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_a_missing_configuration_is_named_and_exit_2(office: Office, name: str) -> None:
    office.file.unlink()
    result = office.run(name, *NEEDED.get(name, ()))
    assert (result.exit_code, f"{office.file}:1: file: cannot be read (No such file" in result.output) == (2, True)


def test_a_small_command_does_not_load_the_daemon() -> None:
    """`recado next-opening` in a prompt or a status bar has to be quick."""
    program = (
        "import sys; from milter.cli import main; main(['next-opening', '--help'], standalone_mode=False);"
        "print(*(one for one in ('aiosmtpd', 'redis', 'dkim', 'asyncio') if one in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == ""


def test_it_stands_beside_the_interpreter() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("recado"), "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("recado, version ")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize("name", ["agenda", "check"])
def test_a_terminal_that_lacks_some_signs_is_no_reason_to_stop(office: Office, name: str, encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from milter.cli import main; main()", name, "--config", office.file],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": f"{encoding}:strict"},
        check=False,
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
