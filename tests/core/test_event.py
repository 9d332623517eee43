"""What is read out of an invitation; and that nothing a stranger writes does harm."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from milter.core import event
from milter.core.event import Invitation
from tests.core.letters_with_events import YEARLY, ZONE, alone, calendar, inside
from tests.core.studio import CLOSED, MADRID, letter


def read(header: str, body: bytes) -> Invitation | None:
    return event.invitation(letter(header, body=body).message, MADRID, CLOSED)


def begins(ics: bytes) -> list[str]:
    found = read(*alone(ics))
    return [one.astimezone(MADRID).strftime("%d %H:%M") for one, _ in found.spans] if found else []


@pytest.mark.parametrize("wrapped", [alone, inside])
def test_what_is_read(wrapped) -> None:
    found = read(*wrapped(calendar()))
    assert found == Invitation(
        "abc-1@acme.example",
        2,
        "laura@acme.example",
        ("ana@estudio.example",),
        ((datetime(2026, 11, 24, 9, tzinfo=UTC), datetime(2026, 11, 24, 9, 30, tzinfo=UTC)),),
        None,
        False,
    )


CUSTOM = ZONE.format(name="Custom", rule=YEARLY)
TIMES = {
    "in UTC": (calendar(), ["24 10:00"]),
    "no zone: the owner's": (calendar(DTSTART="20261124T170000", DTEND="20261124T173000"), ["24 17:00"]),
    "a zone of the world": (calendar(DTSTART="TZID=America/New_York:20261124T110000", DTEND=None), ["24 17:00"]),
    "17:00 Eastern, in a zone of its own": (calendar(zone=CUSTOM, DTSTART="TZID=Custom:20261124T170000", DTEND=None), ["24 23:00"]),
    "a zone that lists its changes": (
        calendar(zone=CUSTOM.replace(f"RRULE:{YEARLY}", "RDATE:20261101T020000,20271107T020000"),
                 DTSTART="TZID=Custom:20261124T170000", DTEND=None), ["24 23:00"]),
    "a zone of Windows": (calendar(DTSTART="TZID=Romance Standard Time:20261124T170000", DTEND=None), ["24 17:00"]),
    "a series": (calendar("RRULE:FREQ=WEEKLY;COUNT=3"), ["24 10:00", "01 10:00", "08 10:00"]),
    "a series with a hole": (calendar("RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE:20261201T090000Z"), ["24 10:00", "08 10:00"]),
    "a series that began before": (
        calendar("RRULE:FREQ=WEEKLY;UNTIL=20261201T235959Z", DTSTART="20261110T090000Z", DTEND=None),
        ["17 10:00", "24 10:00", "01 10:00"]),
    "one of a series": (calendar("RECURRENCE-ID:20261124T100000Z"), ["24 10:00"]),
}  # fmt: skip


@pytest.mark.parametrize("name", TIMES)
def test_when(name: str) -> None:
    ics, wanted = TIMES[name]
    assert begins(ics) == wanted


def test_one_senders_zone_is_not_anothers() -> None:
    other = CUSTOM.replace("-0500", "+0300").replace("-0400", "+0300")
    first = begins(calendar(zone=CUSTOM, DTSTART="TZID=Custom:20261124T170000", DTEND=None))
    second = begins(calendar(zone=other, DTSTART="TZID=Custom:20261124T170000", DTEND=None))
    assert (first, second) == (["24 23:00"], ["24 15:00"])


def test_a_fold_inside_a_character() -> None:
    ics = calendar().replace("ó".encode(), b"\xc3\r\n \xb3")
    assert begins(ics) == ["24 10:00"]


NONE = {
    "another method": alone(calendar(method="PUBLISH")),
    "a zone that lists more than there can be": alone(
        calendar(zone=CUSTOM.replace(f"RRULE:{YEARLY}", "RDATE:" + ",".join(["20261101T020000"] * 1000)),
                 DTSTART="TZID=Custom:20261124T170000", DTEND=None)),
    "a cancellation": alone(calendar(method="CANCEL"), "CANCEL"),
    "a reply": alone(calendar(method="REPLY"), "REPLY"),
    "methods that differ": alone(calendar(), "CANCEL"),
    "methods that differ the other way": alone(calendar(method="CANCEL")),
    "a whole day": alone(calendar(DTSTART="VALUE=DATE:20261124", DTEND=None)),
    "no start": alone(calendar(DTSTART=None, DTEND=None)),
    "no UID": alone(calendar(UID=None)),
    "a line break in the UID": alone(calendar(UID=r"a\nATTENDEE:x")),
    "two events": alone(calendar("END:VEVENT", "BEGIN:VEVENT", "UID:other", "DTSTART:20261124T090000Z")),
    "cut short": alone(calendar()[:-30]),
    "nothing in it": alone(b"METHOD:REQUEST\r\n"),
    "larger than is read": alone(calendar("X-LONG:" + "a" * event.MOST)),
    "a file that says it is none": ("Content-Type: application/ics", calendar()),
    "a calendar inside a forwarded mail": (
        "Content-Type: message/rfc822", b"Content-Type: text/calendar; method=REQUEST\r\n\r\n" + calendar()),
    "a sequence that is no number": alone(calendar(SEQUENCE="x")),
    "a start twice": alone(calendar("DTSTART:20261125T090000Z")),
    "the end of time": alone(calendar(DTSTART="TZID=America/New_York:99991231T235959", DTEND=None)),
    "a duration without end": alone(calendar("DURATION:P99999999999999D", DTEND=None)),
}  # fmt: skip


@pytest.mark.parametrize("name", NONE)
def test_no_invitation(name: str) -> None:
    assert read(*NONE[name]) is None


HOSTILE = {
    "every second": calendar("RRULE:FREQ=SECONDLY"),
    "a day that never comes": calendar("RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"),
    "a weekday that never comes": calendar("RRULE:FREQ=DAILY;INTERVAL=7;BYDAY=WE"),
    "the sixth Monday": calendar("RRULE:FREQ=MONTHLY;BYDAY=6MO"),
    "a second first Monday": calendar("RRULE:FREQ=MONTHLY;BYDAY=1MO;BYSETPOS=2"),
    "no interval": calendar("RRULE:FREQ=DAILY;INTERVAL=0"),
    "a series since 1601": calendar("RRULE:FREQ=DAILY", DTSTART="16010101T000000Z", DTEND=None),
    "a zone that changes every second": calendar(
        zone=ZONE.format(name="Bad", rule="FREQ=SECONDLY"), DTSTART="TZID=Bad:20261124T170000", DTEND=None),
    "a zone that changes on a day that never comes": calendar(
        zone=ZONE.format(name="Bad", rule="FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"), DTSTART="TZID=Bad:20261124T170000", DTEND=None),
    "a thousand people": calendar(*["ATTENDEE:mailto:a@b.example"] * 1900),
    "events in events": b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n" + b"BEGIN:VEVENT\r\n" * 2000
    + b"END:VEVENT\r\n" * 2000 + b"END:VCALENDAR\r\n",
    "parameters without end": calendar("COMMENT;X=" + '"a",' * 8000 + "b:c"),
    "bytes": b"METHOD:REQUEST\r\n" + bytes(range(256)) * 200,
    "an end before the start": calendar(DTEND="20261123T090000Z"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_calendars_end(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read or not, at once: the suite's own limit would stop a search up to the year 9999."""
    found = read(*alone(HOSTILE[name]))
    assert found is None or all(timedelta(0) <= end - start for start, end in found.spans)
    assert found is None or len(found.spans) <= event.MOST_SPANS


def test_zoneinfo_is_what_is_answered() -> None:
    assert read(*alone(calendar()))
    assert event.is_request(letter(alone(calendar())[0], body=calendar()).message)
    assert ZoneInfo("Europe/Madrid") == MADRID
