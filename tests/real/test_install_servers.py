"""tests/install-servers beside stand-ins for dpkg-query, apt-get and id: what it decides, this machine untouched."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "install-servers"
WANTED = ("postfix", "dovecot-core", "dovecot-imapd", "dovecot-lmtpd", "dovecot-sieve", "redis-server")
DPKG_QUERY = """#!/bin/sh
here=$(dirname "$0")
case "$1 $#" in
"-W 3") grep -qx "$3" "$here/installed" && printf installed ;;
"-W 2") sed 's/\\(.*\\)/installed|\\1|/; s/|exim4-daemon-light|/&mail-transport-agent/' "$here/installed" ;;
"-S 2") true ;;
esac
"""


def run(directory: Path, installed: tuple[str, ...], *arguments: str, user: int = 0) -> tuple[int, str]:
    """Exit status and output on a machine with these packages. apt-get fails loudly: nobody may reach it here."""
    (directory / "installed").write_text("\n".join(installed) + "\n")
    stand_ins = {
        "dpkg-query": DPKG_QUERY,
        "apt-get": '#!/bin/sh\necho "APT $*"\nexit 99\n',
        "id": f"#!/bin/sh\necho {user}\n",
    }
    for name, text in stand_ins.items():
        (directory / name).write_text(text)
        (directory / name).chmod(0o755)
    done = subprocess.run(
        [SCRIPT, *arguments], env={"PATH": f"{directory}:/usr/bin:/bin"}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_everything_there_is_quick_and_silent(tmp_path: Path) -> None:
    assert run(tmp_path, WANTED) == (0, "")
    assert run(tmp_path, WANTED, "--check", user=1000) == (0, "")


@pytest.mark.parametrize("user", [0, 1000])
def test_never_beside_another_mail_server(tmp_path: Path, user: int) -> None:
    status, output = run(tmp_path, ("exim4-daemon-light", "redis-server"), user=user)
    assert status == 3
    assert "exim4-daemon-light" in output
    assert "APT" not in output


def test_without_root_it_tells_the_line_to_type(tmp_path: Path) -> None:
    status, output = run(tmp_path, ("postfix", "redis-server"), user=1000)
    assert status == 1
    assert f"run: sudo {SCRIPT}" in output
    assert "dovecot-core" in output
    assert "redis-server" not in output
    assert "APT" not in output


def test_check_only_names_what_is_missing(tmp_path: Path) -> None:
    status, output = run(tmp_path, WANTED[1:], "--check")
    assert (status, output) == (1, "install-servers: not installed: postfix \n")


def test_a_wrong_argument_is_not_an_installation(tmp_path: Path) -> None:
    status, output = run(tmp_path, (), "--dry-run")
    assert status == 2
    assert "usage" in output
