"""`recado today`, `recado away`, `recado promises`: from the command line, against a real store."""

import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from milter.core.keys import Keys
from milter.core.reply_job import State
from milter.core.today_mail import token_of
from milter.store.api import Event
from milter.store.redis import RedisStore
from tests.cli.office import SECRET, Office
from tests.cli.test_replies import NOW, reply
from tests.core.studio import MADRID
from tests.doubles.redis_server import RedisServer

NOON = "2026-11-20T12:00"  # a Friday; Ana opens at 16:00


def said(ana: Office, line: str, at: str = NOON) -> str:
    command, *words = line.split()
    result = ana.run(command, *words, "--at", at)
    assert result.exit_code == 0, result.output
    return result.stdout


def opens(ana: Office, at: str = NOON) -> str:
    return ana.run("next-opening", "--at", at).stdout.splitlines()[0]


def test_today_is_different_and_next_opening_says_so(ana: Office) -> None:
    assert opens(ana) == "2026-11-20T16:00:00+01:00"
    assert "opens Monday 23 November 2026 16:00" in said(ana, "today close 15:00")
    assert opens(ana) == "2026-11-23T16:00:00+01:00"
    assert "open Fri 20 Nov 13:00 to Fri 20 Nov 14:00" in said(ana, "today open 13:00-14:00")
    assert opens(ana) == "2026-11-20T13:00:00+01:00"
    assert "nothing was changed" in said(ana, "today clear")
    assert opens(ana) == "2026-11-20T16:00:00+01:00"


def test_away_until_a_day(ana: Office) -> None:
    assert "opens Tuesday 24 November 2026 16:00" in said(ana, "away until martes")
    assert "closed Fri 20 Nov 12:00 to Tue 24 Nov 00:00 (until `recado away clear`)" in said(ana, "today")
    assert opens(ana, "2026-11-23T17:00") == "2026-11-24T16:00:00+01:00"
    assert opens(ana, "2026-11-24T17:00") == "2026-11-24T17:00:00+01:00"  # over by itself
    said(ana, "away clear")
    assert opens(ana, "2026-11-23T17:00") == "2026-11-23T17:00:00+01:00"


def test_preview_and_explain_honour_it(ana: Office) -> None:
    said(ana, "away until tuesday")
    preview = ana.run("preview", "closed", "--at", "2026-11-20T12:30").stdout
    assert "martes 24 de noviembre a las 16:00" in preview
    explained = json.loads(ana.explain("--json").stdout)
    assert explained["reply"]["opens"] == "2026-11-24T16:00:00+01:00"


def test_while_it_is_closed_for_today_mail_is_answered(ana: Office) -> None:
    """At 17:00 on Friday it would be open."""
    envelope = (
        "--mail-from",
        "laura@acme.example",
        "--rcpt-to",
        "ana@estudio.example",
        "--at",
        "2026-11-20T17:00+01:00",
    )
    content = ana.folder / "l.eml"
    content.write_bytes(b"From: laura@acme.example\r\nTo: ana@estudio.example\r\nSubject: Hola\r\n\r\nHola\r\n")
    assert json.loads(ana.run("explain", *envelope, "--json", content).stdout)["reply"]["send"] is False
    said(ana, "today close 16:30")
    answer = json.loads(ana.run("explain", *envelope, "--json", content).stdout)["reply"]
    assert (answer["send"], answer["opens"]) == (True, "2026-11-23T16:00:00+01:00")


def test_for_a_script(ana: Office) -> None:
    result = ana.run("today", "close", "15:00", "--at", NOON, "--json")
    answer = json.loads(result.stdout)
    assert answer["changes"] == [
        {
            "from": "2026-11-20T15:00:00+01:00",
            "to": "2026-11-21T00:00:00+01:00",
            "state": "closed",
            "said": "today",
        }
    ]
    assert (answer["owner"], answer["opens"]) == ("ana", "2026-11-23T16:00:00+01:00")


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("today cierro 13:00", "today close 13:00"),
        ("today cierra a las 13:00", "today close 13:00"),
        ("today abro 13:00-14:00", "today open 13:00-14:00"),
        ("today abre de 13:00 a 14:00", "today open 13:00-14:00"),
        ("today normal", "today clear"),
        ("away lunes", "away until monday"),
        ("away hasta el lunes", "away until monday"),
        ("away until the monday", ""),
    ],
)
def test_spanish_will_do(ana: Office, line: str, same: str) -> None:
    """As in a mail to himself."""
    assert ana.run(*(same or "today clear").split(), "--at", NOON).exit_code == 0
    there = ana.run("today", "--at", NOON).output
    result = ana.run(*line.split(), "--at", NOON)
    assert result.exit_code == (0 if same else 2)
    assert ana.run("today", "--at", NOON).output == there


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("today close 11:00", "11:00 has passed: it is 12:00"),
        ("today close soon", "'soon' is no time of day"),
        ("today open 10:00-11:00", "10:00-11:00 has passed"),
        ("today open", "'open' is no change"),
        ("today shut", "'shut' is no change"),
        ("away until yesterday", "'yesterday' is no day"),
        ("away until 2026-11-19", "2026-11-19 has passed"),
        ("away", ""),
    ],
)
def test_what_cannot_be(ana: Office, line: str, why: str) -> None:
    result = ana.run(*line.split(), "--at", NOON)
    assert (result.exit_code, why in result.output) == (2 if why else 0, True)
    assert "nothing was changed" in said(ana, "today")


def test_redis_away(office: Office) -> None:
    office.state.mkdir()
    (office.state / "secret").write_text(SECRET.hex())
    for line in ("today", "today close", "away until monday", "promises"):
        result = office.run(*line.split())
        assert (result.exit_code, "does not answer" in result.output) == (1, True)
    by_the_files = office.run("next-opening", "--at", NOON)
    assert by_the_files.stdout.startswith("2026-11-20T16:00:00+01:00")
    assert "what changed today is not known" in by_the_files.stderr


def test_nothing_has_run_here(office: Office) -> None:
    result = office.run("today", "close")
    assert (result.exit_code, "recado serve has not run here" in result.output) == (1, True)


def test_the_token(ana: Office) -> None:
    assert ana.run("today", "--token").stdout.strip() == token_of(Keys(SECRET), "ana")
    assert token_of(Keys(SECRET), "ana") not in (token_of(Keys(SECRET), "bea"), token_of(Keys(bytes(32)), "ana"))


def test_whose_must_be_said_if_there_are_two(ana: Office) -> None:
    other = (ana.folder / "owners" / "ana.toml").read_text().replace(".example", ".test")
    ana.write("owners/bea.toml", other)
    assert "there are: ana, bea" in ana.run("today", "close").output
    assert said(ana, "today close 15:00 --owner bea").startswith("bea: closed")
    assert "ana: closed: outside working hours" in said(ana, "today")


# --- promises


def promised(server: RedisServer, **due: timedelta) -> None:
    """Replies to these people left now, with a promise for then."""

    async def tell() -> None:
        store = RedisStore(server.url, Keys(SECRET))
        replies = tuple(
            replace(reply(f"{name}@acme.example"), due=NOW + span, parent_id=f"<{name}@mail>")
            for name, span in due.items()
        )
        await store.settle(Event("e1", NOW, "acme.example", "", replies=replies))
        for job in await store.replies.lease(NOW + timedelta(hours=2), 100):
            await store.replies.handed(job, NOW)
            await store.replies.finish(job, State.SENT, NOW, "reply-sent")
        await store.close()

    asyncio.run(tell())


def names(ana: Office, *options: str) -> list[str]:
    result = ana.run("promises", "--json", *options)
    assert result.exit_code == 0, result.output
    return [json.loads(line)["to"].partition("@")[0] for line in result.stdout.splitlines()]


def test_who_closes_is_told_what_was_promised_for_then(ana: Office, server: RedisServer) -> None:
    promised(server, laura=timedelta(hours=4), marta=timedelta(days=4))
    at, back = f"{NOW.astimezone(MADRID):%Y-%m-%dT%H:%M}", f"{NOW.astimezone(MADRID) + timedelta(days=2):%Y-%m-%d}"
    assert "promised for then: 1; recado promises --due lists who waits" in said(ana, f"away until {back}", at)
    assert "promised" not in said(ana, "away clear", at)


def test_promises(ana: Office, server: RedisServer) -> None:
    assert ana.run("promises").stdout == "ana: nothing is promised.\n"
    promised(server, laura=timedelta(hours=4), marta=timedelta(hours=-1))
    assert names(ana) == ["marta", "laura"]
    assert (names(ana, "--due"), names(ana, "--overdue"), names(ana, "--kept")) == (["laura"], ["marta"], [])
    one = json.loads(ana.run("promises", "--json", "--due").stdout)
    due = datetime.fromisoformat(one["due"])
    assert (due, one["message_id"], one["client"]) == (NOW + timedelta(hours=4), "<laura@mail>", "acme")
    assert due.utcoffset() == (NOW + timedelta(hours=4)).astimezone(MADRID).utcoffset()
    assert ana.run("promises", "kept", one["id"]).stdout == f"{one['id']} is kept.\n"
    assert (names(ana, "--due"), names(ana, "--kept")) == ([], ["laura"])
    again = ana.run("promises", "kept", one["id"])
    assert (again.exit_code, "no open promise" in again.output) == (1, True)
    shown = ana.run("promises").stdout
    assert "overdue" in shown and "ACME" in shown and "<marta@mail>" in shown
