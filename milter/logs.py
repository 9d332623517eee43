"""One formatter for every log line: logfmt, or JSON. The id of the transaction in hand is added to each line by itself."""

import json
import logging
import os
import sys
import time
import traceback
from contextvars import ContextVar

transaction_id: ContextVar[str] = ContextVar("transaction_id", default="")

_PRIORITIES = {"CRITICAL": 2, "ERROR": 3, "WARNING": 4, "INFO": 6, "DEBUG": 7}  # as syslog numbers them
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
QUIET_SECONDS = 60  # one warning of a kind a minute: a broken Redis must not fill the disk with one line a message


class Formatter(logging.Formatter):
    """`level=info event="..." id=... key=value`, or the same as a JSON object. Values given with `extra=` become keys."""

    def __init__(self, as_json: bool, for_journal: bool = False) -> None:
        super().__init__()
        self.as_json = as_json
        self.for_journal = for_journal

    def format(self, record: logging.LogRecord) -> str:
        values: dict[str, object] = {"level": record.levelname.lower(), "event": record.getMessage()}
        if current := transaction_id.get():
            values["id"] = current
        values |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info and record.exc_info[1]:
            values["trace"] = _trace(record.exc_info[1])
        # systemd takes this mark off again: `journalctl -p warning` then shows what needs somebody (sd-daemon(3)).
        mark = f"<{_PRIORITIES.get(record.levelname, 6)}>" if self.for_journal else ""
        if self.as_json:
            return mark + json.dumps(values, default=str)
        return mark + " ".join(f"{name}={_quoted(value)}" for name, value in values.items())


def _trace(error: BaseException) -> str:
    """Where it happened, and what. The words of an error may quote the mail, so only the system's own are repeated."""
    places = (f"{one.filename}:{one.lineno} {one.name}" for one in traceback.extract_tb(error.__traceback__))
    what = f"{type(error).__name__}: {error}" if isinstance(error, OSError) else type(error).__name__
    chain = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    said = "\n".join((*places, what))
    return f"{_trace(chain)}\n{said}" if chain else said


def _quoted(value: object) -> str:
    text = str(value)
    plain = text.isascii() and text.isprintable() and text and not set(text) & set(' "=\\')
    # What cannot be printed is escaped whatever it is: a line end of Unicode's would make a second line for some readers.
    return text if plain else json.dumps(text, ensure_ascii=not text.isprintable())


class OncePerMinute(logging.Filter):
    """Lets the first warning of a kind (logger and unformatted message) through and counts the rest until a minute has passed."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno != logging.WARNING:
            return True
        kind, now = (record.name, str(record.msg)), time.monotonic()
        since, held = self._seen.get(kind, (now - QUIET_SECONDS, 0))
        if now - since < QUIET_SECONDS:
            self._seen[kind] = (since, held + 1)
            return False
        if held:
            record.held_back = held
        self._seen[kind] = (now, 0)
        return True


def _is_journal() -> bool:
    """Whether standard error is. Whatever a service starts inherits the variable, but perhaps not the stream (systemd.exec(5))."""
    told = os.environ.get("JOURNAL_STREAM")
    if not told:
        return False
    found = os.fstat(sys.stderr.fileno())
    return told == f"{found.st_dev}:{found.st_ino}"


def configure(as_json: bool = False) -> None:
    """Sends everything of ours to standard error. The level is INFO: what is below is for tests and debuggers."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter(as_json, _is_journal()))
    handler.addFilter(OncePerMinute())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd's own, a line a command
