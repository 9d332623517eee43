"""Calendars as programs export them: what their events take from the hours, and what is wrong with them, by line."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from milter.core.hours import Cause, Closed, Open, Schedule, state_at
from milter.settings import fingerprint
from milter.settings.ics import taken
from milter.settings.values import Settings
from tests.settings.samples import OWNER, House

MADRID = "Europe/Madrid"
YEARS = (date(2024, 1, 1), date(2031, 1, 1))
# A zone that only this file knows: Madrid's clock under a name of its own.
CASA = """\
BEGIN:VTIMEZONE
TZID:Casa
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE"""


def calendar(*events: str, more: str = "") -> str:
    """Events as lines with | between; the file has CRLF as most have."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//"]
    for number, event in enumerate(events):
        lines += ["BEGIN:VEVENT", *([] if "UID:" in event else [f"UID:{number}"]), *event.split("|"), "END:VEVENT"]
    return "\r\n".join([*lines, *more.splitlines(), "END:VCALENDAR", ""])


def said(*events: str, more: str = "") -> str:
    """What is taken, on Madrid's wall: whole days, then times."""
    found = taken(calendar(*events, more=more).encode(), MADRID, *YEARS)
    assert found.flaws == ()
    zone = ZoneInfo(MADRID)
    times = [tuple(datetime.fromtimestamp(one, zone) for one in span) for span in found.spans]
    days = [f"{one:%m-%d}" for one in sorted(found.days) if one.year == 2026]
    return " ".join([*days, *(f"{start:%m-%dT%H:%M}/{end:%m-%dT%H:%M}" for start, end in times if start.year == 2026)])


TAKEN = {
    "one day": ("DTSTART;VALUE=DATE:20261102|DTEND;VALUE=DATE:20261103", "11-02"),
    "a day without an end": ("DTSTART;VALUE=DATE:20261102", "11-02"),
    "an end that is the day itself": ("DTSTART;VALUE=DATE:20261102|DTEND;VALUE=DATE:20261102", "11-02"),
    "some days": ("DTSTART;VALUE=DATE:20261102|DTEND;VALUE=DATE:20261105", "11-02 11-03 11-04"),
    "days by duration": ("DTSTART;VALUE=DATE:20261102|DURATION:P2D", "11-02 11-03"),
    "in UTC": ("DTSTART:20261102T100000Z|DTEND:20261102T113000Z", "11-02T11:00/11-02T12:30"),
    "floating: the owner's own clock": ("DTSTART:20261102T100000|DURATION:PT1H", "11-02T10:00/11-02T11:00"),
    "in another zone": (
        "DTSTART;TZID=America/New_York:20261102T100000|DTEND;TZID=America/New_York:20261102T110000",
        "11-02T16:00/11-02T17:00"),
    "in the name Windows gives a zone": (
        "DTSTART;TZID=Romance Standard Time:20261102T100000|DURATION:PT30M", "11-02T10:00/11-02T10:30"),
    "from one zone into another": (
        "DTSTART;TZID=Europe/Madrid:20261102T100000|DTEND;TZID=Europe/London:20261102T110000",
        "11-02T10:00/11-02T12:00"),
    "no time at all": ("DTSTART:20261102T100000Z", ""),
    "over midnight": ("DTSTART:20261102T220000|DTEND:20261103T020000", "11-02T22:00/11-03T02:00"),
    "transparent": ("DTSTART;VALUE=DATE:20261102|TRANSP:TRANSPARENT", ""),
    "opaque": ("DTSTART;VALUE=DATE:20261102|TRANSP:OPAQUE", "11-02"),
    "cancelled": ("DTSTART;VALUE=DATE:20261102|STATUS:CANCELLED", ""),
    "tentative counts": ("DTSTART;VALUE=DATE:20261102|STATUS:TENTATIVE", "11-02"),
    "every week, counted": ("DTSTART;VALUE=DATE:20261102|RRULE:FREQ=WEEKLY;COUNT=3", "11-02 11-09 11-16"),
    "every week until a day, included": (
        "DTSTART;VALUE=DATE:20261102|RRULE:FREQ=WEEKLY;UNTIL=20261116", "11-02 11-09 11-16"),
    "until an instant": (
        "DTSTART:20261102T100000|DURATION:PT1H|RRULE:FREQ=DAILY;UNTIL=20261103T090000Z",
        "11-02T10:00/11-02T11:00 11-03T10:00/11-03T11:00"),
    "without one": ("DTSTART;VALUE=DATE:20261102|RRULE:FREQ=WEEKLY;COUNT=3|EXDATE;VALUE=DATE:20261109", "11-02 11-16"),
    "without one of them, said in UTC": (
        "DTSTART;TZID=Europe/Madrid:20261102T100000|DURATION:PT1H|RRULE:FREQ=DAILY;COUNT=2|EXDATE:20261103T090000Z",
        "11-02T10:00/11-02T11:00"),
    "with one more": ("DTSTART;VALUE=DATE:20261102|RDATE;VALUE=DATE:20261110,20261112", "11-02 11-10 11-12"),
    "with one more that lasts longer": (
        "DTSTART:20261102T100000|DURATION:PT1H|RDATE;VALUE=PERIOD:20261103T100000/PT3H,20261104T090000Z/20261104T093000Z",
        "11-02T10:00/11-02T11:00 11-03T10:00/11-03T13:00 11-04T10:00/11-04T10:30"),
    "the same hour on both sides of the change of clocks": (
        "DTSTART;TZID=Europe/Madrid:20261019T100000|DURATION:PT1H|RRULE:FREQ=WEEKLY;COUNT=2",
        "10-19T10:00/10-19T11:00 10-26T10:00/10-26T11:00"),
    "every year since long ago": ("DTSTART;VALUE=DATE:19800817|RRULE:FREQ=YEARLY", "08-17"),
    "until the end of the calendar": ("DTSTART;VALUE=DATE:20261230|DTEND;VALUE=DATE:99991231", "12-30 12-31"),
    "on the last day of the calendar": ("DTSTART;VALUE=DATE:99991231", ""),
    "in the year 1": ("DTSTART;TZID=Europe/Madrid:00010101T000000|DURATION:PT1H", ""),
    "the last Friday": ("DTSTART;VALUE=DATE:20261030|RRULE:FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", "10-30 11-27"),
}  # fmt: skip


@pytest.mark.parametrize(("event", "expected"), TAKEN.values(), ids=TAKEN)
def test_what_an_event_takes(event: str, expected: str) -> None:
    assert said(event) == expected


def test_a_zone_that_only_the_file_defines_wherever_it_stands() -> None:
    weekly = "DTSTART;TZID=Casa:20261019T100000|DURATION:PT1H|RRULE:FREQ=WEEKLY;COUNT=2"
    assert said(weekly, more=CASA) == "10-19T10:00/10-19T11:00 10-26T10:00/10-26T11:00"


def test_two_files_may_give_one_name_to_two_zones() -> None:
    event = "DTSTART;TZID=Casa:20261102T100000|DURATION:PT1H"
    assert said(event, more=CASA) == "11-02T10:00/11-02T11:00"
    assert said(event, more=CASA.replace("+0200", "-0400").replace("+0100", "-0500")) == "11-02T16:00/11-02T17:00"


def test_one_of_a_series_that_was_moved_and_one_that_was_called_off() -> None:
    series = "UID:a|DTSTART:20261102T100000|DURATION:PT1H|RRULE:FREQ=DAILY;COUNT=3"
    moved = "UID:a|RECURRENCE-ID:20261103T100000|DTSTART:20261103T170000|DURATION:PT1H"
    gone = "UID:a|RECURRENCE-ID:20261104T100000|DTSTART:20261104T100000|DURATION:PT1H|STATUS:CANCELLED"
    assert said(series, moved, gone) == "11-02T10:00/11-02T11:00 11-03T17:00/11-03T18:00"


ONWARDS = "UID:a|RECURRENCE-ID;RANGE=THISANDFUTURE:20261103T100000|"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("DTSTART:20261103T170000|DURATION:PT30M", "11-03T17:00/11-03T17:30 11-04T17:00/11-04T17:30"),
        ("DTSTART:20261103T170000", "11-04T17:00/11-04T18:00"),
        ("DTSTART:20261103T160000Z|DURATION:PT30M", "11-03T17:00/11-03T17:30 11-04T17:00/11-04T17:30"),
        ("DTSTART:20261103T100000|STATUS:CANCELLED", ""),
        ("DTSTART:20261103T100000|TRANSP:TRANSPARENT", ""),
    ],
)
def test_from_one_of_a_series_on_all_are_others(changed: str, expected: str) -> None:
    series = "UID:a|DTSTART:20261102T100000|DURATION:PT1H|RRULE:FREQ=DAILY;COUNT=3"
    assert said(series, ONWARDS + changed) == f"11-02T10:00/11-02T11:00 {expected}".strip()


def test_of_two_changes_onwards_the_later_holds_and_one_that_is_moved_by_itself_stays() -> None:
    series = "UID:a|DTSTART;VALUE=DATE:20261102|RRULE:FREQ=WEEKLY;COUNT=5"
    second = "UID:a|RECURRENCE-ID;VALUE=DATE;RANGE=THISANDFUTURE:20261109|DTSTART;VALUE=DATE:20261110"
    fourth = "UID:a|RECURRENCE-ID;VALUE=DATE;RANGE=THISANDFUTURE:20261123|DTSTART;VALUE=DATE:20261127"
    alone = "UID:a|RECURRENCE-ID;VALUE=DATE:20261116|DTSTART;VALUE=DATE:20261120"
    assert said(series, second, fourth, alone) == "11-02 11-10 11-20 11-27 12-04"


WRONG = {
    "one more that ends first": (
        calendar("DTSTART:20261102T100000|DURATION:PT1H|RDATE;VALUE=PERIOD:20261103T100000/20261103T090000"),
        "8: RDATE: ends before it begins"),
    "no calendar": ("hello", "1: calendar: is no calendar that can be read"),
    "empty": ("", "1: calendar: is no calendar that can be read"),
    "a rule nobody knows": (calendar("DTSTART;VALUE=DATE:20261102|RRULE:FREQ=FOO"), "7: RRULE: is not understood"),
    "folded lines": (
        calendar("SUMMARY:long\r\n  long|DTSTART;VALUE=DATE:20261102|RRULE:FREQ=FOO"), "9: RRULE: is not understood"),
    "every second": (
        calendar("DTSTART:20261102T100000|RRULE:FREQ=SECONDLY"),
        '7: RRULE: "SECONDLY" recurs too often for office hours'),
    "a day of no year": (
        calendar("DTSTART;VALUE=DATE:20260101|RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"),
        "7: RRULE: the recurrence never happens"),
    "every nought days": (
        calendar("DTSTART;VALUE=DATE:20260101|RRULE:FREQ=DAILY;INTERVAL=0"), "7: RRULE: INTERVAL is less than 1"),
    "no such day": (calendar("DTSTART;VALUE=DATE:20260231"), "6: DTSTART: is not understood"),
    "no beginning": (calendar("SUMMARY:x"), "4: DTSTART: is missing"),
    "ends first": (calendar("DTSTART:20261102T100000|DTEND:20261102T090000"), "7: DTEND: ends before it begins"),
    "a day until a time": (
        calendar("DTSTART;VALUE=DATE:20261102|DTEND:20261102T090000"),
        "7: DTEND: is a day where DTSTART has a time, or the other way"),
    "a zone of nowhere": (
        calendar("DTSTART;TZID=Mars/Base:20261102T100000"), '6: DTSTART: "Mars/Base" is not a time zone'),
    "begins twice": (
        calendar("DTSTART;VALUE=DATE:20261102|DTSTART;VALUE=DATE:20261103"), "4: VEVENT: is not understood"),
    "the second event": (
        calendar("DTSTART;VALUE=DATE:20261102", "DTSTART:20261102T100000|RRULE:FREQ=MINUTELY"),
        '11: RRULE: "MINUTELY" recurs too often for office hours'),
    "since the flood, by the hour": (
        calendar(*["DTSTART:19000101T100000|DURATION:PT1M|RRULE:FREQ=HOURLY"] * 2),
        "8: RRULE: recurs too often to be counted"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_has_its_line(text: str, expected: str) -> None:
    found = taken(text.encode(), MADRID, *YEARS)
    assert (found.days, found.spans) == (frozenset(), ())
    flaw = found.flaws[0]
    assert f"{flaw.line}: {flaw.key}: {flaw.wrong.what}" == expected


def test_too_much_is_refused() -> None:
    assert (
        "events" in taken(calendar(*["DTSTART:20261102T100000Z"] * 5001).encode(), MADRID, *YEARS).flaws[0].wrong.what
    )
    assert "bytes" in taken(b"x" * (3 << 20), MADRID, *YEARS).flaws[0].wrong.what


# In the owner's file

HOURS = 'hours = "Mo-Fr 09:00-18:00"\n'
FAIR = calendar("DTSTART;VALUE=DATE:20261103", "DTSTART:20261104T110000|DURATION:PT2H")


@pytest.fixture
def studio(house: House) -> House:
    house.owner(OWNER + HOURS + 'calendars = ["fairs.ics"]\n')
    house.write("owners/fairs.ics", FAIR)
    return house


def hours_of(settings: Settings) -> Schedule:
    schedule = settings.policy.owners[0].identities[0].schedule
    assert schedule
    return schedule


def at(house: House, instant: str) -> Open | Closed:
    return state_at(hours_of(house.settings()), datetime.fromisoformat(instant).replace(tzinfo=ZoneInfo(MADRID)))


@pytest.mark.parametrize(
    ("instant", "cause", "opens"),
    [
        ("2026-11-03T10:00", Cause.DAY_OFF, "2026-11-04T09:00:00+01:00"),
        ("2026-11-04T10:59", None, None),
        ("2026-11-04T11:00", Cause.BUSY, "2026-11-04T13:00:00+01:00"),
        ("2026-11-04T12:59", Cause.BUSY, "2026-11-04T13:00:00+01:00"),
        ("2026-11-04T13:00", None, None),
    ],
)
def test_an_office_with_a_calendar(studio: House, instant: str, cause: Cause | None, opens: str | None) -> None:
    match at(studio, instant):
        case Open():
            assert cause is None
        case Closed() as state:
            assert (state.cause, state.opens and state.opens.isoformat()) == (cause, opens)


def test_calendars_of_the_owner_and_of_a_folder_close_plans_clients_and_calls(house: House) -> None:
    house.owner(
        'calendars = ["all/"]\n' + OWNER + HOURS + 'call_hours = "Mo-Fr 10:00-12:00"\n'
        '[plan.gold]\nhours = "Mo-Sa 09:00-20:00"\n'
        '[client.a]\naddresses = ["@a.example"]\nplan = "gold"\nhours = "morning"\n'
        '[client.b]\naddresses = ["@b.example"]\nplan = "gold"\n'
    )
    house.write("owners/all/fairs.ics", FAIR)
    house.write("owners/all/readme.txt", "not read")
    owner = house.settings().policy.owners[0]
    studio, day = owner.identities[0], datetime(2026, 11, 3, 11, tzinfo=ZoneInfo(MADRID))
    expressions = [studio.schedule_for(owner.clients.get(one)) for one in ("a", "b", "nobody")]
    assert [one and one.expression for one in expressions] == [
        "Mo-Fr 09:00-14:00", "Mo-Sa 09:00-20:00", "Mo-Fr 09:00-18:00"
    ]  # fmt: skip
    for schedule in (*expressions, studio.call_schedule):
        assert schedule and isinstance(state_at(schedule, day), Closed)
        assert isinstance(state_at(schedule, day - timedelta(days=1)), Open)


def test_vacations_of_a_calendar(house: House) -> None:
    house.owner('vacation_calendars = ["away.ics"]\n' + OWNER + HOURS)
    house.write("owners/away.ics", calendar("DTSTART;VALUE=DATE:20261224|DTEND;VALUE=DATE:20270107"))
    state = at(house, "2026-12-28T10:00")
    assert isinstance(state, Closed) and state.cause is Cause.VACATION
    assert state.vacation == (date(2026, 12, 24), date(2027, 1, 6))


def test_a_calendar_that_breaks_leaves_the_last_good_version(studio: House) -> None:
    good = studio.settings()
    studio.write("owners/fairs.ics", calendar("DTSTART;VALUE=DATE:20261105|RRULE:FREQ=FOO"))
    assert studio.lines() == ["owners/fairs.ics:7: RRULE: is not understood; mend the event, and export it again"]
    assert hours_of(studio.settings(good)) == hours_of(good)
    studio.write("owners/fairs.ics", calendar("DTSTART;VALUE=DATE:20261105"))
    assert hours_of(studio.settings(good)) != hours_of(good)


def test_a_calendar_that_is_saved_is_seen_also_while_it_is_broken_or_missing(studio: House) -> None:
    for content in (calendar("DTSTART:x"), FAIR):
        settings = studio.settings()
        before = fingerprint(settings, studio.templates)
        studio.write("owners/fairs.ics", content)
        assert fingerprint(settings, studio.templates) != before
    (studio.folder / "owners/fairs.ics").unlink()
    settings = studio.settings()
    before = fingerprint(settings, studio.templates)
    studio.write("owners/fairs.ics", FAIR)
    assert fingerprint(settings, studio.templates) != before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('calendars = ["none.ics"]', "is not there; write the path of an .ics file, or of a folder of them"),
        ('calendars = "fairs.ics"', "is a text; write a list of texts in square brackets"),
        ('calendars = [""]', 'holds an empty path; write one such as "festivos.ics"'),
    ],
)
def test_a_path_that_leads_nowhere(house: House, text: str, expected: str) -> None:
    house.owner(OWNER + HOURS + text)
    (line,) = house.lines()
    assert "owners/ana.toml:8: identity.studio.calendars: " in line and expected in line
