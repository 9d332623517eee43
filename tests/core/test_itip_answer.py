"""Answers to invitations of every shape, read back as a calendar would: valid, and what is proposed lies in the call hours."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar

from milter.core import event, itip_answer
from milter.core.event import Invitation
from milter.core.hours import Schedule
from milter.core.itip_answer import CallHours
from milter.core.message import parse
from milter.core.owner import Invitations
from tests.core.letters_with_events import alone, calendar
from tests.core.studio import MADRID

NOW = datetime(2026, 11, 17, 9, 15, tzinfo=UTC)
CALLS = CallHours(
    Schedule("Tu,Th 17:00-19:00", "Europe/Madrid", "ES", "GA"), Schedule("Mo-Fr 09:00-20:00", "Europe/Madrid")
)
ZONES = ("TZID=Europe/Madrid:", "TZID=America/New_York:", "TZID=Asia/Kolkata:", "")
RULES = (
    "FREQ=DAILY",
    "FREQ=WEEKLY",
    "FREQ=WEEKLY;INTERVAL=2",
    "FREQ=WEEKLY;BYDAY=TU,TH",
    "FREQ=MONTHLY",
    "FREQ=YEARLY",
)


def read(ics: bytes) -> Invitation | None:
    header, body = alone(ics)
    return event.invitation(parse(f"{header}\r\n\r\n".encode() + body), MADRID, NOW)


def some_invitation(seed: int) -> bytes:
    chance = random.Random(seed)
    zone = chance.choice(ZONES)
    start = datetime(2026, 11, 17) + timedelta(minutes=15 * chance.randint(-2000, 20000))
    end = start + timedelta(minutes=chance.choice([0, 15, 30, 60, 90, 180]))
    more = []
    if chance.random() < 0.6:
        more.append(f"RRULE:{chance.choice(RULES)}{chance.choice(['', ';COUNT=9', ';UNTIL=20270301T000000Z'])}")
    if chance.random() < 0.2:
        more.append(f"RDATE:{start + timedelta(days=3):%Y%m%dT%H%M%S}Z")
    if chance.random() < 0.15:
        more.append(f"RECURRENCE-ID{chance.choice(['', ';RANGE=THISANDFUTURE'])}:{start:%Y%m%dT%H%M%S}Z")
    return calendar(*more, DTSTART=f"{zone}{start:%Y%m%dT%H%M%S}", DTEND=f"{zone}{end:%Y%m%dT%H%M%S}")


@pytest.mark.parametrize("hundred", range(3))
def test_what_is_proposed_can_be_taken(hundred: int) -> None:
    methods = []
    for seed in range(100 * hundred, 100 * hundred + 100):
        found = read(some_invitation(seed))
        assert found, seed
        answer = itip_answer.answer(found, "ana@estudio.example", Invitations.COUNTER, CALLS, NOW)
        assert max(len(line.encode()) for line in answer.calendar.split("\r\n")) <= 75  # RFC 5545 section 3.1
        ics = Calendar.from_ical(answer.calendar)
        (one,) = ics.walk("VEVENT")
        assert (one["UID"], one["SEQUENCE"]) == (found.uid, found.sequence)
        methods.append(str(ics["METHOD"]))
        if methods[-1] == "COUNTER":
            back = read(answer.calendar.replace("METHOD:COUNTER", "METHOD:REQUEST").encode())
            assert back and not CALLS.outside(back.spans), seed
            assert back.spans[0][0] > max(NOW, found.spans[0][0])
            assert back.spans[0][1] - back.spans[0][0] == found.spans[0][1] - found.spans[0][0]
            assert back.spans == answer.offered[: len(back.spans)]
        else:
            assert answer.offered == () and "DTSTART" not in one
    assert {"COUNTER", "REPLY"} == set(methods)


WRITTEN = {
    "RECURRENCE-ID;VALUE=DATE:20261124": "RECURRENCE-ID;VALUE=DATE:20261124",
    "RECURRENCE-ID:20261124T090000": "RECURRENCE-ID:20261124T090000",
    "RECURRENCE-ID:20261124T090000Z": "RECURRENCE-ID:20261124T090000Z",
    "RECURRENCE-ID;TZID=Europe/Madrid:20261124T090000": "RECURRENCE-ID:20261124T080000Z",
    "RECURRENCE-ID;TZID=Nowhere:20261124T090000": "RECURRENCE-ID:20261124T080000Z",
}


@pytest.mark.parametrize("line", WRITTEN)
def test_one_of_a_series_is_named_as_the_series_knows_it(line: str) -> None:
    """RFC 5545 section 3.8.4.4: a day stays a day and a floating time one; without a VTIMEZONE no zone may be named."""
    found = read(calendar(line, DTSTART="20261124T090000"))
    assert found
    answer = itip_answer.answer(found, "ana@estudio.example", Invitations.COUNTER, CALLS, NOW)
    assert WRITTEN[line] in answer.calendar.split("\r\n")
    assert answer.offered


def test_an_event_without_an_end_gets_none() -> None:
    found = read(calendar(DTEND=None))
    assert found
    (event,) = Calendar.from_ical(
        itip_answer.answer(found, "ana@estudio.example", Invitations.COUNTER, CALLS, NOW).calendar
    ).walk("VEVENT")
    assert "DTSTART" in event and "DTEND" not in event


def test_a_series_of_which_one_was_changed_is_not_moved_as_one() -> None:
    weekly = calendar("RRULE:FREQ=WEEKLY;COUNT=4")
    changed = calendar("RECURRENCE-ID:20261201T090000Z", DTSTART="20261202T090000Z", DTEND="20261202T093000Z")
    event = changed[changed.index(b"BEGIN:VEVENT") : changed.index(b"END:VCALENDAR")]
    for ics, method in ((weekly, "COUNTER"), (weekly.replace(b"END:VCALENDAR", event + b"END:VCALENDAR"), "REPLY")):
        found = read(ics)
        assert found
        answer = itip_answer.answer(found, "ana@estudio.example", Invitations.COUNTER, CALLS, NOW)
        assert itip_answer.method_of(answer.calendar) == method


def test_who_takes_calls_at_any_hour_proposes_the_return() -> None:
    """A window without an end is one, too."""
    away = (datetime(2026, 11, 23).date(), datetime(2026, 11, 25).date())
    always = CallHours(Schedule("24/7", "Europe/Madrid", vacations=(away,)), None)
    found = read(calendar())
    assert found
    answer = itip_answer.answer(found, "ana@estudio.example", Invitations.COUNTER, always, NOW)
    assert answer.offered[0][0] == datetime(2026, 11, 25, 23, tzinfo=UTC)
