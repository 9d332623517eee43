"""What the freelancer reads on her first evening: whole names in 80 columns, a summary, a bar only on a terminal."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from milter.cli import rehearsal
from milter.cli.rehearsal import Patient
from milter.errors import StoreAway
from milter.store import link
from milter.store.redis import RedisStore
from tests.cli.office import CONTRACT, LETTER, Office, letter
from tests.doubles.redis_server import redis_server
from tests.store.stories import KEYS, event, intent, message_ids

RECADO = Path(sys.executable).with_name("recado")

FIRST_EVENING = """\
Fri 20 Nov 2026 23:45  laura@acme.example -> ana@estudio.example
  client ACME Veterinaria; Clientes/ACME Veterinaria
  reply closed (es), Fri 23:45; client-night
Sat 21 Nov 2026 10:00  laura@acme.example -> ana@estudio.example
  client ACME Veterinaria; Clientes/ACME Veterinaria
  no reply: This person was answered in this period already; client-night-again
Sat 21 Nov 2026 11:00  laura@acme.example -> ana@casa.example
  client ACME Veterinaria; Clientes/ACME Veterinaria of ana@estudio.example
  reply wrong-address (es), Sat 11:00; wrong-address
Sat 21 Nov 2026 12:00  primo@familia.example -> ana@estudio.example
  personal; inbox of ana@casa.example
  no reply: Family and friends are not answered automatically; cousin

4 messages, Fri 20 Nov 2026 to Sat 21 Nov 2026. Nothing was sent.

Who wrote
      3  client
      1  personal
      2  of them moved to the other mailbox

Replies: 2, on 2 days
      1  closed (es)
      1  wrong-address (es)

Replies a day
      1  Fri 20 Nov 2026
      1  Sat 21 Nov 2026

No reply: 2
      1  This person was answered in this period already.
         reply-withheld-answered
      1  Family and friends are not answered automatically.
         reply-withheld-personal
"""


def test_the_first_evening(office: Office) -> None:
    result = office.run("replay", CONTRACT / "replay.jsonl")
    assert (result.exit_code, result.stdout, result.stderr) == (0, FIRST_EVENING, "")


def test_long_names_are_never_cut(office: Office) -> None:
    office.change('"ACME Veterinaria"', f'"{"Clínica Veterinaria " * 6}"', "owners/ana.toml")
    sender = "laura." + "x" * 50 + "@acme.example"
    box = office.maildir("Maildir", **{"cur_1795214700.M1P2.mx.estudio.example,S=1234,W=1250:2,S": letter(From=sender)})
    said = office.run("replay", box).stdout
    for whole in (
        sender,
        "Clientes/" + ("Clínica Veterinaria " * 6).strip(),
        "1795214700.M1P2.mx.estudio.example,S=1234,W=1250:2,S",
    ):
        assert any(whole in line for line in said.splitlines()), whole


def test_nothing_to_say(office: Office) -> None:
    assert office.run("replay", office.maildir("Maildir")).stdout == "\nNo messages.\n"
    said = office.run("replay", office.maildir("Maildir", cur_1="")).stdout
    assert said == "skipped 1: is empty\n\nNo messages. 1 file could not be read.\n"


def test_the_busiest_of_many_days(office: Office) -> None:
    evenings = [
        {"at": f"2026-{month:02}-{day:02}T23:45:00+01:00", "fresh": True}
        for month in (1, 2)
        for day in (3, 4, 5, 6, 7, 3)
    ]
    said = office.run("replay", office.manifest(*evenings)).stdout.splitlines()
    first = said.index("The 7 days with most replies")
    assert said[first + 1] == "      2  Sat 3 Jan 2026" and "      2  Tue 3 Feb 2026" in said[first : first + 8]
    assert said[first + 8] == ""
    assert "Replies: 12, on 10 days" in said


def on_a_terminal(command: list[str | Path], file: Path | None) -> tuple[str, str]:
    """What `command` writes to `file` (None: to the terminal too), and what it shows on the terminal."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    with file.open("wb") if file else os.fdopen(os.dup(theirs), "wb") as out:
        child = subprocess.Popen(command, stdout=out, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:
        pass  # EIO: the other end is closed
    finally:
        os.close(ours)
    assert child.wait() == 0, shown
    return file.read_text() if file else "", shown.decode()


def test_a_bar_on_a_terminal_and_the_answers_where_they_were_sent(office: Office, tmp_path: Path) -> None:
    command: list[str | Path] = [RECADO, "replay", "--config", office.file, "--json", CONTRACT / "replay.jsonl"]
    stored, shown = on_a_terminal(command, tmp_path / "answers.jsonl")
    assert [json.loads(line)["id"] for line in stored.splitlines()][-1] == "cousin"
    assert "Rehearsing" in shown and "client-night" not in shown
    _, shown = on_a_terminal(command, None)
    assert "Rehearsing" in shown
    below = [json.loads(line[line.index("{") :])["id"] for line in shown.splitlines() if "{" in line]
    assert len(below) == 4, "whole lines, when the bar is gone"


def test_no_bar_elsewhere(office: Office) -> None:
    done = subprocess.run(
        [RECADO, "replay", "--config", office.file, CONTRACT / "replay.jsonl"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (FIRST_EVENING, "")


async def test_a_busy_machine_does_not_end_a_rehearsal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "WAIT", 0.25)  # the product's own
    with redis_server() as server:
        store = RedisStore(server.url, KEYS)
        try:
            server.pause(400)
            with pytest.raises(StoreAway):
                await store.settle(event("e1", intent("1")))
            settled = await Patient(store).settle(event("e1", intent("1")))
            assert settled.claimed == message_ids("1")
        finally:
            await store.close()


async def test_a_dead_scratch_store_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "PATIENCE", 0.3)
    with redis_server() as server:
        store = RedisStore(server.url, KEYS)
        server.stop()
        try:
            with pytest.raises(StoreAway, match="does not answer"):
                await Patient(store).settle(event("e1", intent("1")))
        finally:
            await store.close()


def test_one_message_shown_with_its_reply(office: Office) -> None:
    said = office.run("replay", "--render", office.write("one.eml", LETTER)).stdout
    assert (
        said.index("Fri 20 Nov 2026 23:44")
        < said.index("    From: Ana Souto <ana@estudio.example>")
        < said.index("1 message,")
    )


def test_mail_that_proves_nothing_is_told_from_mail_that_would_get_nothing(office: Office) -> None:
    """The first rehearsal is of mail that came before Recado, without its results."""
    one = office.write("one.eml", LETTER)
    assert "asks no DNS" not in office.run("replay", one).stdout
    office.change('= "anyone"', '= "authenticated"')
    said = " ".join(office.run("replay", one).stdout.split())
    assert said.endswith(
        "In 1 of them nothing that is believed says who wrote, and a rehearsal asks no DNS: recado serve would. "
        'To see them answered, rehearse with trust = "anyone" in a copy of the files.'
    )
