"""The answer to an invitation, from the door to the reply queue, while the owner's hours change under it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar

from milter.core.hours import Schedule
from milter.core.overrides import Override, Said
from milter.core.owner import Invitations
from milter.errors import SmtpReply
from milter.service import Service
from tests.core.letters_with_events import alone, calendar
from tests.delivery.test_reply_queue import Desk, desk
from tests.doubles.redis_server import RedisServer
from tests.service.office import LAURA, NIGHT, STUDIO, Office

TUESDAY = datetime(2026, 3, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
CALLS = Schedule("Tu 15:00-16:00", "UTC")
ASKED = {"DTSTART": "20260310T090000Z", "DTEND": "20260310T093000Z"}  # on Tuesday morning


def taking_calls(ana: Desk, choice: Invitations, windows: Schedule = CALLS) -> None:
    (owner,) = ana.settings.policy.owners
    first, *others = owner.identities
    owner = replace(owner, identities=(replace(first, call_schedule=windows, invitations=choice), *others))
    ana.settings = replace(ana.settings, policy=replace(ana.settings.policy, owners=(owner,)))


async def invite(ana: Desk, number: int = 1, **changed: str) -> int:
    """How many replies are due now."""
    header, body = alone(calendar(**(ASKED | changed)))
    head = f"From: {LAURA}\nTo: {STUDIO}\nSubject: Revisión\nMessage-ID: <{number}@acme.example>\n{header}\n\n"
    content = head.replace("\n", "\r\n").encode() + body
    service = Service(ana.settings, ana.store, keep=lambda event: pytest.fail("the store is away"))
    there = Office(ana.settings, None, ana.store, ana.sink, ana.hop, None, service)  # type: ignore[arg-type]
    mail = there.transaction(STUDIO, content=content, now=ana.now)
    return len((await service.settle(await service.examine(mail, "test"), [SmtpReply(250, "2.0.0", "stored")])).claimed)


def answer(ana: Desk) -> Any:
    parts = message_from_bytes(ana.sink.delivered[-1].data, policy=policy.default).walk()
    (part,) = [one for one in parts if one.get_content_type() == "text/calendar"]
    return Calendar.from_ical(part.get_content())


async def test_it_leaves_once_a_sequence(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        taking_calls(ana, Invitations.COUNTER)
        assert [await invite(ana, 1), await invite(ana, 2), await invite(ana, 3, SEQUENCE="3")] == [1, 0, 1]
        await ana.turn()
        assert ana.left == [LAURA, LAURA]
        found = answer(ana)
        assert found["METHOD"] == "COUNTER"
        (event,) = found.walk("VEVENT")
        assert event["DTSTART"].dt == TUESDAY + 15 * HOUR
        assert b"Vuelvo a atender" in ana.sink.delivered[0].data


AWAY = Override(NIGHT, TUESDAY + 24 * HOUR, is_open=False, said=Said.AWAY)
OPEN = Override(NIGHT, NIGHT + HOUR, is_open=True)
WITHHELD = [
    (Invitations.DECLINE, AWAY, "reply-sent"),
    (Invitations.COUNTER, AWAY, "reply-withheld-call-taken"),
    (Invitations.DECLINE, OPEN, "reply-sent"),
]


@pytest.mark.parametrize(("choice", "change", "code"), WITHHELD)
async def test_it_is_decided_again_by_what_changed_for_today(
    redis: RedisServer, tmp_path: Path, choice: Invitations, change: Override, code: str
) -> None:
    async with desk(tmp_path, redis) as ana:
        taking_calls(ana, choice)
        assert await invite(ana) == 1
        await ana.store.today.change("ana", change, NIGHT)
        await ana.turn()
        assert (await ana.codes())[-1] == code


async def test_opened_meanwhile_it_does_not_say_that_it_is_closed(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        taking_calls(ana, Invitations.DECLINE)
        assert await invite(ana) == 1
        await ana.store.today.change("ana", OPEN, NIGHT)
        await ana.turn()
        assert b"Vuelvo a atender" not in ana.sink.delivered[0].data


async def test_other_call_hours_hold_by_then(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        taking_calls(ana, Invitations.DECLINE)
        assert await invite(ana) == 1
        taking_calls(ana, Invitations.DECLINE, Schedule("Tu 09:00-10:00", "UTC"))
        await ana.turn()
        assert (ana.left, (await ana.codes())[-1]) == ([], "reply-withheld-call-hours")
