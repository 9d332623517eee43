"""Mail by the hundred through a chain, and what became of each."""

import smtplib
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.real.chain import Chain, mail

SENDERS = 10  # sessions at a time, as many as the shipped transports carry on


def clients(count: int) -> list[str]:
    return [f"c{number:04}@acme.example" for number in range(count)]


class Load:
    """Sends one mail from each of `authors` to `to` in the background; `passed(n)` waits until Postfix took n more."""

    def __init__(self, office: Chain, authors: Sequence[str], to: str) -> None:
        self._office, self._to = office, to
        self._accepted = threading.Semaphore(0)
        self._pool = ThreadPoolExecutor(SENDERS)
        parts = [authors[start::SENDERS] for start in range(SENDERS)]
        self._work = [self._pool.submit(self._session, part) for part in parts]

    def _session(self, authors: Sequence[str]) -> None:
        with smtplib.SMTP("127.0.0.1", self._office.postfix.smtp_port, timeout=120) as client:
            for author in authors:
                client.sendmail(author, self._to, mail(author, self._to, subject=f"De {author}"))
                self._accepted.release()

    def passed(self, count: int) -> None:
        for _ in range(count):
            assert self._accepted.acquire(timeout=120), "Postfix takes no mail"

    def finish(self) -> None:
        for one in self._work:
            one.result(timeout=300)
        self._pool.shutdown()


def copies(office: Chain, user: str, folder: str) -> Counter[str]:
    """How often the mail of each author lies in `folder`."""
    found: Counter[str] = Counter()
    for one in office.dovecot.mails(user, folder):
        head = one.raw.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
        found[field_of(head, "From")] += 1
    return found


def field_of(head: str, name: str) -> str:
    return next(line.partition(":")[2].strip() for line in head.splitlines() if line.startswith(f"{name}:"))


def during(load: Load, total: int, at: Sequence[int], fault: Callable[[], None]) -> None:
    """Runs `fault` each time when so many mails of `total` have been taken, and then lets the load end."""
    seen = 0
    for count in at:
        load.passed(count - seen)
        seen = count
        fault()
    load.passed(total - seen)
    load.finish()
