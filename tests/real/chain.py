"""A whole mail server in a directory: Postfix, Recado, Dovecot and the world outside."""

import smtplib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.utils import make_msgid
from typing import Any

from tests.real.dovecot import Dovecot
from tests.real.outside import Outside
from tests.real.postfix import Postfix
from tests.real.processes import free_ports, short_directory
from tests.real.recado import Recado

ANA, HOME, FULL = "ana@estudio.example", "ana@casa.example", "full@estudio.example"
LAURA = "laura@acme.example"
# Which of Postfix's ports takes the mail back from the SMTP door, by the snippet that opens the door.
REINJECTION = {"after-queue": "after", "before-queue": "before"}


@dataclass
class Chain:
    postfix: Postfix
    recado: Recado
    dovecot: Dovecot
    outside: Outside

    def send(self, mail_from: str, rcpt_to: str | Sequence[str], message: bytes) -> None:
        with smtplib.SMTP("127.0.0.1", self.postfix.smtp_port, timeout=60) as client:
            client.sendmail(mail_from, rcpt_to, message)


def mail(
    author: str,
    to: str,
    subject: str = "La web",
    body: str = "Hola, Ana. ¿Puedes mirar el formulario?",
    fields: str = "",
) -> bytes:
    """A message of a human, with its own Message-ID."""
    text = (
        f"From: {author}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: Sat, 21 Nov 2026 23:47:00 +0100\r\n"
        f"Message-ID: {make_msgid(domain=author.rpartition('@')[2])}\r\n{fields}"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
        f"\r\n{body}\r\n"
    )
    return text.encode()


@contextmanager
def chain(
    door: str = "lmtp",
    dovecot: Mapping[str, Any] | None = None,
    postfix: Mapping[str, Any] | None = None,
    recado: Mapping[str, Any] | None = None,
) -> Iterator[Chain]:
    """Everything started, in the order in which each needs the other's address; stopped in the reverse one.

    `door` is a snippet of config/postfix: lmtp, after-queue or before-queue. The mappings are settings of each class.
    """
    with ExitStack() as stack:
        directories = [stack.enter_context(short_directory(f"r{name}")) for name in "odpr"]
        outside = Outside(directories[0])
        outside.start()
        stack.callback(outside.stop)
        mailbox = Dovecot(directories[1], **{"users": (ANA, HOME, FULL)} | dict(dovecot or {}))
        mailbox.start()
        stack.callback(mailbox.stop)
        (port,) = free_ports(1)
        lmtp = door == "lmtp"
        server = Postfix(
            directories[2],
            snippets=(door, "replies"),
            doors={"lmtp door" if lmtp else "smtp door": port},
            relay_port=outside.port,
            auth_socket=mailbox.auth_socket,
            transport="" if lmtp else f"lmtp:unix:{mailbox.lmtp_socket}",
            **dict(postfix or {}),
        )
        server.start()
        stack.callback(server.stop)
        next_hop = (
            f"lmtp:unix:{mailbox.lmtp_socket}" if lmtp else f"smtp:inet:127.0.0.1:{server.ports[REINJECTION[door]]}"
        )
        daemon = Recado(
            directories[3],
            {"lmtp" if lmtp else "smtp": (f"inet:127.0.0.1:{port}", next_hop)},
            server.ports["replies"],
            **dict(recado or {}),
        )
        daemon.start()
        stack.callback(daemon.stop)
        yield Chain(server, daemon, mailbox, outside)
