"""Presets, and half days among the days off."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from milter.core.hours import Cause, Closed, Open, state_at
from tests.settings.samples import OWNER, House

PRESETS = {
    "morning": "Mo-Fr 09:00-14:00",
    "afternoon": "Mo-Fr 16:00-20:00",
    "night": "Mo-Fr 20:00-24:00",
    "split": "Mo-Fr 09:00-14:00,16:00-19:00",
}


@pytest.mark.parametrize(("preset", "expression"), PRESETS.items())
def test_a_preset_wherever_hours_are_written(house: House, preset: str, expression: str) -> None:
    house.owner(
        f'{OWNER}hours = "{preset}"\ncall_hours = "{preset}"\nholidays = "ES-GA"\n[plan.gold]\nhours = "{preset}"\n'
        f'[client.acme]\naddresses = ["@acme.example"]\nhours = "{preset}"\n'
    )
    assert house.lines() == []
    owner = house.settings().policy.owners[0]
    studio = owner.identities[0]
    plan, client = owner.plans["gold"].schedules["studio"], owner.clients["acme"].schedules["studio"]
    assert [one and one.expression for one in (studio.schedule, studio.call_schedule, plan, client)] == [expression] * 4
    christmas = state_at(plan, datetime(2026, 12, 25, 10, tzinfo=ZoneInfo("Europe/Madrid")))
    assert isinstance(christmas, Closed) and christmas.cause is Cause.HOLIDAY


@pytest.mark.parametrize(
    ("written", "preset"), [("Mornings", "morning"), ("tarde", "afternoon"), ("noches", "night"), ("splitt", "split")]
)
def test_a_preset_that_is_nearly_one(house: House, written: str, preset: str) -> None:
    house.owner(f'{OWNER}hours = "{written}"\n')
    assert house.lines() == [
        f'owners/ana.toml:7: identity.studio.hours: "{written}" is not understood; write "{preset}"'
    ]


# days_off, an instant of 2026 on Madrid's wall -> open, or the cause and the opening. Monday to Friday 09:00-18:00.
HALF_DAYS = [
    ('"2026-12-24 14:00-24:00"', "12-24T13:59", "open until 12-24T14:00"),
    ('"2026-12-24 14:00-24:00"', "12-24T14:00", "busy 12-25T09:00"),
    ('"2026-12-24 14:00-24:00"', "12-24T17:59", "busy 12-25T09:00"),
    ('"2026-12-24 14:00-24:00"', "12-24T18:00", "hours 12-25T09:00"),
    ('"2026-12-24 00:00-12:00"', "12-24T10:00", "busy 12-24T12:00"),
    ('"2026-12-24 00:00-12:00"', "12-24T12:00", "open until 12-24T18:00"),
    ('"2026-12-24 10:00-11:00", "2026-12-24 11:00-12:00"', "12-24T10:30", "busy 12-24T12:00"),
    ('2026-12-23, "2026-12-24 09:00-10:00"', "12-23T12:00", "day-off 12-24T10:00"),
    ('"2026-12-23 17:00-33:30"', "12-23T17:30", "busy 12-24T09:30"),
]


@pytest.mark.parametrize(("days", "instant", "expected"), HALF_DAYS)
def test_half_days(house: House, days: str, instant: str, expected: str) -> None:
    house.owner(f'{OWNER}hours = "Mo-Fr 09:00-18:00"\ndays_off = [{days}]\n')
    schedule = house.settings().policy.owners[0].identities[0].schedule
    assert schedule
    match state_at(schedule, datetime.fromisoformat(f"2026-{instant}").replace(tzinfo=ZoneInfo("Europe/Madrid"))):
        case Open(until):
            assert f"open until {until:%m-%dT%H:%M}" == expected
        case Closed(cause, _, opens):
            assert f"{cause} {opens:%m-%dT%H:%M}" == expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ('"2026-12-24 14:00-13:00"', '"2026-12-24 14:00-13:00" ends before it begins; write "2026-12-24 13:00-14:00"'),
        ('"2026-12-24 22:00-02:00"', '"2026-12-24 22:00-02:00" ends before it begins; write "2026-12-24 22:00-26:00"'),
        ('"2026-12-24 14-20"', '"2026-12-24 14-20" is neither a day nor a half day; write days as 2026-12-24, half'),
        ('"2026-02-30 14:00-20:00"', '"2026-02-30" is no day of any year; write a day that exists'),
        ('"9999-12-31 14:00-20:00"', '"9999-12-31" is no day of any year; write a day that exists'),
        ('"0001-01-01 00:00-14:00"', '"0001-01-01" is no day of any year; write a day that exists'),
        ('"2026-12-24 25:00-26:00"', "is neither a day nor a half day"),
        ('"2026-12-24"', '"2026-12-24" is a text; write days without quotes, as 2026-12-24'),
    ],
)
def test_what_is_no_half_day(house: House, days: str, expected: str) -> None:
    house.owner(f'{OWNER}days_off = [{days}]\nhours = "split"\n')
    (line,) = house.lines()
    assert line.startswith("owners/ana.toml:7: identity.studio.days_off: ") and expected in line
