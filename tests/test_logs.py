"""The one formatter of the log: a line a record whatever it holds, the id of the transaction, a kind of warning once a minute."""

import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from milter import logs
from milter.logs import Formatter, OncePerMinute


def record(event: str, *args: object, level: int = logging.INFO, **extra: object) -> logging.LogRecord:
    return logging.getLogger("milter.test").makeRecord("milter.test", level, "file", 1, event, args, None, extra=extra)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", "plain"),
        (3, "3"),
        ("", '""'),
        ("two words", '"two words"'),
        ("a=b", '"a=b"'),
        ('say "hi"', r'"say \"hi\""'),
        ("back\\slash", r'"back\\slash"'),
        ("line\nlevel=error event=forged", r'"line\nlevel=error event=forged"'),
        ("señora", '"señora"'),
        ("next\x85line", r'"next\u0085line"'),
        ("next\u2028line", r'"next\u2028line"'),
        ("not\udc80utf", r'"not\udc80utf"'),
        ("\x1b[31mred", r'"\u001b[31mred"'),
    ],
)
def test_logfmt_keeps_every_value_on_its_line(value: object, written: str) -> None:
    line = Formatter(as_json=False).format(record("done", key=value))
    assert line == f"level=info event=done key={written}"
    assert len(line.splitlines()) == 1


def test_json_is_one_object_a_line() -> None:
    line = Formatter(as_json=True).format(record("reply %s", "sent", count=2, owner="ana", cause="a\u2028b\nc"))
    assert json.loads(line) == {
        "level": "info", "event": "reply sent", "count": 2, "owner": "ana", "cause": "a\u2028b\nc",
    }  # fmt: skip
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize("as_json", [False, True])
def test_lines_of_a_transaction_carry_its_id(as_json: bool) -> None:
    token = logs.transaction_id.set("0123456789ab")
    try:
        inside = Formatter(as_json).format(record("carried"))
    finally:
        logs.transaction_id.reset(token)
    assert "0123456789ab" in inside
    assert "id" not in Formatter(as_json).format(record("carried"))


def failed(error: Exception) -> str:
    try:
        try:
            raise KeyError("laura@acme.example")
        except KeyError:
            raise error from None
    except Exception:  # noqa: BLE001 - whatever the test gave
        broken = record("failed", level=logging.ERROR)
        broken.exc_info = sys.exc_info()
        return Formatter(as_json=False).format(broken)


def test_a_failure_says_where_and_what_but_not_whose_mail() -> None:
    line = failed(ValueError("laura@acme.example: Presupuesto"))
    assert "test_logs.py" in line
    assert "ValueError" in line
    assert "laura" not in line
    assert len(line.splitlines()) == 1


def test_the_words_of_the_system_are_kept() -> None:
    assert "No space left on device" in failed(OSError(28, "No space left on device"))


def test_a_kind_of_warning_is_written_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    filtered = OncePerMinute()

    def written(event: str, level: int = logging.WARNING) -> logging.LogRecord | None:
        one = record(event, level=level)
        return one if filtered.filter(one) else None

    assert written("redis failed")
    assert [written("redis failed") for _ in range(3)] == [None] * 3
    assert written("the next hop failed"), "another kind"
    assert all(written("redis failed", level) for level in (logging.INFO, logging.ERROR))
    now = 1060.0
    again = written("redis failed")
    assert again
    assert again.__dict__["held_back"] == 3
    assert written("redis failed") is None


def test_configure_writes_to_standard_error_from_info_on(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        logs.configure(as_json=True)
        logging.getLogger("milter.test").info("seen")
        logging.getLogger("milter.test").debug("not seen")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    out, err = capsys.readouterr()
    assert (out, [json.loads(line)["event"] for line in err.splitlines()]) == ("", ["seen"])


@pytest.mark.parametrize(
    ("as_json", "line"), [(False, "<4>level=warning event=low"), (True, '<4>{"level": "warning", ')]
)
def test_the_journal_learns_the_level(as_json: bool, line: str) -> None:
    assert Formatter(as_json, for_journal=True).format(record("low", level=logging.WARNING)).startswith(line)


@pytest.mark.parametrize("told", [True, False])
def test_the_mark_is_for_the_journal_alone(tmp_path: Path, told: bool) -> None:
    """A file that a service writes to is not the journal, though the variable is inherited."""
    with (tmp_path / "log").open("w") as log:
        at = os.fstat(log.fileno())
        env = os.environ | {"JOURNAL_STREAM": f"{at.st_dev}:{at.st_ino if told else at.st_ino + 1}"}
        code = "import logging; from milter import logs; logs.configure(); logging.error('seen')"
        subprocess.run([sys.executable, "-c", code], stderr=log, env=env, check=True)
    assert (tmp_path / "log").read_text() == ("<3>" if told else "") + "level=error event=seen\n"
