"""The marker `real`: what a missing server does to a test, by hand and in CI."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TESTS = """
import pytest

@pytest.mark.real("no-such-server")
def test_needs_it(): ...

@pytest.mark.real("sh")
def test_has_it(): ...
"""


def run(directory: Path, required: str) -> tuple[int, str]:
    (directory / "test_it.py").write_text(TESTS)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "tests.conftest",
            "-p",
            "no:cacheprovider",
            "-c",
            ROOT / "pyproject.toml",
            directory,
        ],
        cwd=ROOT,
        env=os.environ | {"RECADO_REQUIRE_SERVERS": required},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_without_the_server_it_is_skipped_by_name_and_the_summary_says_so(tmp_path: Path) -> None:
    status, output = run(tmp_path, "")
    assert status == 0, output
    assert "no-such-server is not installed: run tests/install-servers" in output
    assert "1 tests did not run for want of real servers" in output
    assert "1 passed, 1 skipped" in output


def test_where_servers_are_required_it_fails(tmp_path: Path) -> None:
    status, output = run(tmp_path, "1")
    assert status == 1, output
    assert "no-such-server is not installed" in output
    assert "1 passed, 1 error" in output
