"""`make demo`: the real daemon with its own Redis and a Maildir, real-looking mail over LMTP at a closed hour, and what came of it.

Everything lives in a temporary directory and on loopback; nothing leaves the machine.
"""

import asyncio
import email
import email.policy
import smtplib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel

from milter.core.reasons import REASONS
from tests.doubles.sink import Sink

RECADO = Path(sys.executable).with_name("recado")
MX = "mx.estudio.example"
READY_WITHIN = 30  # seconds
REPLIES_WITHIN = 20  # seconds
ACKNOWLEDGED = 3  # of the letters below: the client, the client at the personal address, the prospect


@dataclass(frozen=True)
class Letter:
    what: str
    mail_from: str
    author: str
    rcpt_to: str
    subject: str
    text: str
    headers: tuple[tuple[str, str], ...] = ()
    signed: bool = True


LETTERS = (
    Letter(
        "a client, out of hours", "laura@acme.example", "Laura Pena <laura@acme.example>", "ana@estudio.example",
        "La tienda no carga", "Hola Ana:\n\nla tienda de productos veterinarios no carga desde hace un rato.\n\nLaura\n",
    ),
    Letter(
        "the same client again", "laura@acme.example", "Laura Pena <laura@acme.example>", "ana@estudio.example",
        "Re: La tienda no carga", "Sigue sin cargar.\n",
    ),
    Letter(
        "a client, to the personal address", "laura.acme@gmail.example", "Laura Pena <laura.acme@gmail.example>",
        "ana@casa.example", "Factura de octubre", "Ana, ¿me mandas la factura de octubre?\n",
    ),
    Letter(
        "a cousin, to the business address", "primo@familia.example", "Primo Xan <primo@familia.example>",
        "ana@estudio.example", "Comida del domingo", "¿Vienes el domingo a comer?\n",
    ),
    Letter(
        "a newsletter", "rebotes@boletin.example", "Boletín <hola@boletin.example>", "ana@estudio.example",
        "Novedades de noviembre", "Esto es un boletín.\n", (("List-Id", "<novedades.boletin.example>"),),
    ),
    Letter(
        "a monitoring alert", "alerts@uptime.example", "Uptime <alerts@uptime.example>", "ana@estudio.example",
        "DOWN: tienda.acme.example", "tienda.acme.example is down.\n",
    ),
    Letter(
        "a spoofed bounce", "", "MAILER-DAEMON <mailer-daemon@acme.example>", "ana@estudio.example",
        "Undelivered Mail Returned to Sender", "Not a real bounce.\n", signed=False,
    ),
    Letter(
        "a prospect", "marta@floristeria.example", "Marta Gil <marta@floristeria.example>", "ana@estudio.example",
        "Presupuesto para una web", "Buenas, querría una web para mi floristería.\n",
    ),
    Letter(
        "a forged client", "laura@acme.example", "Laura Pena <laura@acme.example>", "hola@estudio.example",
        "Cambio de cuenta bancaria", "Usa esta cuenta.\n", signed=False,
    ),
)  # fmt: skip


def main() -> int:
    console = Console()
    now = datetime.now(UTC).astimezone(ZoneInfo("Europe/Madrid"))
    with tempfile.TemporaryDirectory(prefix="recado-demo-") as folder:
        return asyncio.run(_demo(Path(folder), console, now))


async def _demo(folder: Path, console: Console, now: datetime) -> int:
    async with Sink() as sink:
        file = _configure(folder, str(sink.port), now)
        console.print(
            f"[bold]recado serve[/] with a Redis of its own, hours {closed_hours(now)}; it is {now:%a %H:%M}, closed.\n"
        )
        with _serving(file) as lmtp:
            await asyncio.to_thread(_send_all, lmtp, now)
            replies = await asyncio.wait_for(sink.wait(ACKNOWLEDGED), REPLIES_WITHIN)
        _show(console, folder, {one.rcpts[0][0]: one.data for one in replies})
    return 0


def closed_hours(now: datetime) -> str:
    """Hours that are closed at `now` whatever time of day the demo is shown."""
    return "Mo-Fr 16:00-20:00; PH off" if now.hour < 14 else "Mo-Fr 09:00-13:00; PH off"


def _configure(folder: Path, reply_port: str, now: datetime) -> Path:
    shipped = Path(__file__).parent.parent / "config"
    (folder / "owners").mkdir()
    owner = (shipped / "owners" / "ana.toml").read_text()
    owner = owner.replace('"Mo-Fr 16:00-23:30; PH off"', f'"{closed_hours(now)}"').replace('"4m-12m"', '"0s"')
    (folder / "owners" / "ana.toml").write_text(owner)
    file = folder / "recado.toml"
    file.write_text(
        f"""hostname = "{MX}"
state_dir = "{folder}/state"
[lmtp]
listen = "unix:{folder}/lmtp.sock"
next_hop = "maildir:{folder}/mail"
[replies]
mode = "live"
delay = "0s"
next_hop = "smtp:inet:127.0.0.1:{reply_port}"
[authentication]
trusted_authserv_ids = ["{MX}"]
"""
    )
    return file


@contextmanager
def _serving(file: Path) -> Iterator[str]:
    with subprocess.Popen([RECADO, "serve", "--config", file], stderr=subprocess.PIPE, text=True) as daemon:
        assert daemon.stderr is not None
        said = []
        try:
            for line in daemon.stderr:
                said.append(line)
                if line.strip() == "ready":
                    break
            else:
                raise SystemExit("recado did not start:\n" + "".join(said))
            yield str(file.parent / "lmtp.sock")
        finally:
            daemon.terminate()
            daemon.stderr.read()
    if daemon.returncode != 0:
        raise SystemExit(f"recado ended with {daemon.returncode}")


def _send_all(lmtp: str, now: datetime) -> None:
    with smtplib.LMTP(lmtp) as client:
        for number, letter in enumerate(LETTERS, 1):
            client.sendmail(letter.mail_from, [letter.rcpt_to], _written(letter, number, now))


def _message_id(letter: Letter, number: int) -> str:
    return f"<demo-{number}@{letter.mail_from.partition('@')[2] or MX}>"


def _written(letter: Letter, number: int, now: datetime) -> bytes:
    """As the own mail server hands it over: its verdict on top when the mail was signed."""
    message = EmailMessage(policy=email.policy.SMTP)
    domain = letter.mail_from.partition("@")[2]
    if letter.signed:
        message["Authentication-Results"] = (
            f"{MX}; dkim=pass header.d={domain}; spf=pass smtp.mailfrom={letter.mail_from}"
        )
    message["Received"] = f"from client.example (client.example [192.0.2.{number}]) by {MX}; {format_datetime(now)}"
    message["From"], message["To"], message["Subject"] = letter.author, letter.rcpt_to, letter.subject
    message["Date"], message["Message-ID"] = format_datetime(now), _message_id(letter, number)
    for name, value in letter.headers:
        message[name] = value
    message.set_content(letter.text)
    return message.as_bytes()


def _show(console: Console, folder: Path, replies: dict[str, bytes]) -> None:
    delivered = {}
    for stored in folder.glob("mail/**/new/*"):
        message = email.message_from_bytes(stored.read_bytes(), policy=email.policy.default)
        delivered[str(message["Message-ID"])] = stored.relative_to(folder / "mail").parts[0], message
    for number, letter in enumerate(LETTERS, 1):
        mailbox, message = delivered[_message_id(letter, number)]
        codes = str(message["Recado-Reason"]).split()
        reply = replies.get(letter.mail_from) if any(one.startswith("reply-due") for one in codes) else None
        console.print(f"[bold]{number}. {letter.what}[/]  {escape(letter.mail_from or '<>')} to {letter.rcpt_to}")
        console.print(f"   went to  {escape(mailbox)}, {escape(str(message['Recado-Folder'] or 'inbox'))}")
        console.print(f"   tagged   {escape(str(message['Recado-Keywords'] or ''))}")
        for code in codes:
            console.print(f"   why      {escape(REASONS[code])} [dim]{code}[/]", soft_wrap=True)
        console.print(f"   reply    [green]{escape(_subject(reply))}[/]\n" if reply else "   reply    none\n")
    for client, content in replies.items():
        console.print(Panel(escape(_as_read(content)), title=f"what {client} reads", title_align="left"))


def _subject(content: bytes) -> str:
    return str(email.message_from_bytes(content, policy=email.policy.default)["Subject"])


def _as_read(content: bytes) -> str:
    message = email.message_from_bytes(content, policy=email.policy.default)
    body = message.get_body(("plain",))
    lines = [f"{name}: {message[name]}" for name in ("From", "To", "Subject", "Date")]
    return "\n".join(lines) + "\n\n" + (body.get_content() if body else "").strip()


if __name__ == "__main__":
    sys.exit(main())
