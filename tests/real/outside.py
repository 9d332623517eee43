"""The rest of the world: Postfix's own smtp-sink takes whatever leaves for other domains, and keeps it."""

import email
import email.policy
import re
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from tests.real.processes import Process, free_ports, listening, retried_on_clash, wait_until


@dataclass(frozen=True)
class Sent:
    """One mail that left: `mail_from` "" for the null reverse-path, `message` parsed."""

    mail_from: str
    rcpt_to: tuple[str, ...]
    message: EmailMessage

    @property
    def automatic(self) -> bool:
        """An automatic reply of ours, not a bounce of Postfix's."""
        return (
            str(self.message["Auto-Submitted"]) == "auto-replied"
            and self.message.get_content_type() != "multipart/report"
        )


@dataclass
class Outside:
    directory: Path

    def start(self) -> None:
        self.mails = self.directory / "sink"
        self.mails.mkdir()
        self.mails.chmod(0o777)
        retried_on_clash(self._start)

    def _start(self) -> None:
        (self.port,) = free_ports(1)
        command = ["/usr/sbin/smtp-sink", "-u", "postfix", "-d", self.mails / "m.", f"127.0.0.1:{self.port}", "100"]
        self.process = Process(command, self.directory / "sink.log")
        self.process.wait_for(lambda: listening(self.port), "smtp-sink")

    def sent(self) -> list[Sent]:
        return [_parsed(file.read_bytes()) for file in sorted(self.mails.iterdir())]

    def replies(self) -> list[Sent]:
        return [one for one in self.sent() if one.automatic]

    def bounces(self) -> list[Sent]:
        return [one for one in self.sent() if one.message.get_content_type() == "multipart/report"]

    def wait_for_replies(self, count: int, patience: float = 60.0) -> list[Sent]:
        wait_until(lambda: len(self.replies()) >= count, f"{count} automatic replies outside", patience)
        return self.replies()

    def stop(self) -> None:
        self.process.stop()


def _parsed(dump: bytes) -> Sent:
    """smtp-sink writes the envelope as fields above the message."""
    envelope, _, message = dump.partition(b"Received: ")
    (mail_from,) = re.findall(rb"^X-Mail-Args: <([^>]*)>", envelope, re.M) or [b""]
    rcpt_to = re.findall(rb"^X-Rcpt-Args: <([^>]*)>", envelope, re.M)
    return Sent(
        mail_from.decode(),
        tuple(one.decode() for one in rcpt_to),
        email.message_from_bytes(b"Received: " + message, policy=email.policy.default),
    )
