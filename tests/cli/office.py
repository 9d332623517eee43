"""Ana's office with the shipped configuration, and mail as it lies in her mailbox."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from milter import shipped
from milter.cli import main

CONTRACT = Path(__file__).parent.parent / "cases" / "contract"
NIGHT = "2026-11-20T23:45:00+01:00"
MX = "mx.estudio.example"
SECRET = bytes(range(32))  # the daemon's
LETTER = (CONTRACT / "mail" / "client-night.eml").read_bytes()
# As Dovecot's LMTP server writes it on top of what it is handed.
DELIVERED = (
    "Return-Path: <laura@acme.example>\n"
    "Delivered-To: ana@estudio.example\n"
    f"Received: from {MX} by {MX} with LMTP id abc for <ana@estudio.example>; Fri, 20 Nov 2026 23:45:00 +0100\n"
)
POSTFIX = f"Received: from mail.acme.example by {MX} (Postfix) with ESMTPS id 4Zk; Fri, 20 Nov 2026 23:44:59 +0100\n"
RESULTS = f"Authentication-Results: {MX}; dkim=pass header.d=acme.example; spf=pass smtp.mailfrom=laura@acme.example\n"


class Office:
    """The shipped files with trust "anyone" (test mail is unsigned), without the delay, and a state_dir that nobody made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "recado.toml"
        self.state = folder / "state"
        (folder / "owners").mkdir(parents=True)
        host = (shipped("config") / "recado.toml").read_text()
        self.write("recado.toml", host.replace("/var/lib/recado", str(self.state)))
        self.write("owners/ana.toml", (shipped("config") / "owners" / "ana.toml").read_text())
        self.change('= "authenticated"', '= "anyone"')
        self.change("4m-12m", "0s", "owners/ana.toml")

    def write(self, name: str, text: str | bytes) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def change(self, before: str, after: str, name: str = "recado.toml") -> None:
        text = (self.folder / name).read_text()
        assert before in text, before
        self.write(name, text.replace(before, after))

    def run(self, command: str, *arguments: str | Path, given: bytes | None = None) -> Result:
        parts = [command, "--config", str(self.file), *map(str, arguments)]
        return CliRunner().invoke(main, parts, input=given)

    def replay(self, *arguments: str | Path) -> list[dict[str, Any]]:
        result = self.run("replay", "--json", *arguments)
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]

    def explain(self, *arguments: str | Path, given: bytes = LETTER) -> Result:
        envelope = ("--mail-from", "laura@acme.example", "--rcpt-to", "ana@estudio.example", "--at", NIGHT)
        return self.run("explain", *envelope, *arguments, "-", given=given)

    def maildir(self, name: str, **messages: str | bytes) -> Path:
        """`new_1=...` lies in new/1, `_Sent_cur_1=...` in .Sent/cur/1."""
        for half in ("cur", "new", "tmp"):
            (self.folder / name / half).mkdir(parents=True, exist_ok=True)
        for place, content in messages.items():
            self.write(f"{name}/{place.replace('_Sent_', '.Sent/').replace('_', '/')}", content)
        return self.folder / name

    def manifest(self, *lines: dict[str, Any] | str) -> Path:
        """Each line is what differs from: Laura writes to the studio at night."""
        self.write("letter.eml", LETTER)
        usual = {
            "id": "1",
            "file": "letter.eml",
            "mail_from": "laura@acme.example",
            "rcpt_to": ["ana@estudio.example"],
            "at": NIGHT,
        }
        text = "\n".join(one if isinstance(one, str) else json.dumps(usual | one) for one in lines)
        return self.write("cases.jsonl", text + "\n")


def letter(head: str = "", *, body: str = "Hola\n", **fields: str) -> str:
    """Laura's mail, LF line ends, with `head` on top; `fields` replace its own ("" leaves one out)."""
    usual = {
        "From": "Laura Pena <laura@acme.example>",
        "To": "ana@estudio.example",
        "Subject": "La tienda no carga",
        "Date": "Fri, 20 Nov 2026 23:44:51 +0100",
        "Message-ID": "<a1@acme.example>",
    }
    usual |= {name.replace("_", "-"): value for name, value in fields.items()}
    return head + "".join(f"{name}: {value}\n" for name, value in usual.items() if value) + "\n" + body


def codes(answer: dict[str, Any]) -> list[str]:
    return [one["code"] for one in answer["reasons"]]
