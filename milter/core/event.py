"""The event that an invitation asks about (iMIP, RFC 6047; iTIP, RFC 5546): read once, capped, or not an invitation."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Calendar, Event
from icalendar.timezone import tzp

from milter.core import mailboxes, mime
from milter.core.hours import FIRST_YEAR, LAST_YEAR
from milter.core.message import Message

MOST = mime.MOST_PART  # bytes of a calendar; what is longer is cut there, and then is none
MOST_SPANS = 20  # of a series: enough to tell the rule from the exception
MOST_ATTENDEES = 200
MOST_OF_ZONES = 10_000  # bytes of their rules: those of two zones with every change from 1970 to 2038 are 5,000
MOST_LISTED = 200  # times that one RDATE or EXDATE adds or takes
AHEAD = timedelta(days=366)
OLDEST = timedelta(days=3660)  # of a series: dateutil counts every day since it began
MOST_SEQUENCE = 2**31 - 1  # RFC 5545 section 3.3.8
LONGEST_UID = 255  # RFC 5545 sets no limit; what is longer is repeated to nobody

_FOLD = re.compile(rb"\r?\n[ \t]")
_ALWAYS = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"})
_WEEKDAY = re.compile(r"(?:[+-]?[1-5])?(?:MO|TU|WE|TH|FR|SA|SU)")
# What a clock change is in every VTIMEZONE there is: a rule for each year, or a list; other rules would be looked for up to
# the year 9999.
_ZONE_RULE = re.compile(
    rb"RDATE(?:;VALUE=DATE-TIME)?:[0-9TZ,]+"
    rb"|(?:RRULE:|;|FREQ=YEARLY|BYDAY=[+-]?[1-5](?:MO|TU|WE|TH|FR|SA|SU)|BYMONTH=(?:0?[1-9]|1[0-2])|UNTIL=\w+|INTERVAL=1"
    rb"|WKST=\w\w)+",
    re.I,
)
_ZONES = re.compile(rb"^BEGIN:VTIMEZONE\b.*?(?:^END:VTIMEZONE\b|\Z)", re.I | re.M | re.S)
_RULES = re.compile(rb"^(?:RRULE|RDATE|EXRULE)[^\r\n]*", re.I | re.M)
_PRINTABLE = re.compile(r"[ -~\u00a0-\ud7ff\ue000-\U0010ffff]+")


@dataclass(frozen=True, slots=True)
class Invitation:
    """`organizer` and `attendees` who are asked: addresses as written, "" for what is none.

    `spans` (start, end) in UTC, the coming ones. `recurrence`: the RECURRENCE-ID, a day or a floating time as it is, any other in
    UTC; None for the whole event; `onwards`: and all that follow it (RANGE=THISANDFUTURE). `series`: it happens more than once;
    `weekly`: the rule, if it comes every so many `weeks` on one day and has not begun.
    """

    uid: str
    sequence: int
    organizer: str
    attendees: tuple[str, ...]
    spans: tuple[tuple[datetime, datetime], ...]
    recurrence: date | None
    series: bool
    onwards: bool = False
    weekly: str = ""
    weeks: int = 0


def invitation(message: Message, zone: ZoneInfo, now: datetime) -> Invitation | None:
    """What a METHOD:REQUEST asks about. None: no invitation, one that cannot be read, or to nothing with a time of day.

    `zone` of times that name none. Never raises.
    """
    return next((found for one in _requests(message) if (found := _read(one, zone.key, now.date()))), None)


def is_request(message: Message) -> bool:
    """Whether a text/calendar part, not inside a forwarded message, says METHOD:REQUEST in its type and its text."""
    return next(_requests(message), None) is not None


def _requests(message: Message) -> Iterator[bytes]:
    kind = message.first("content-type")
    if kind is None or not kind.lstrip().lower().startswith(("multipart/", "text/calendar", "(")):
        return
    for one in mime.leaves(message):
        # Where type and text differ (RFC 6047 section 2.4) nobody can say what was meant: no invitation.
        if one.kind == "text/calendar" and one.parameters.get("method", "request").strip().lower() == "request":
            content = _FOLD.sub(b"", one.content)  # as bytes: folds fall inside characters
            if re.search(rb"(?:^|\n)METHOD[^:\r\n]{0,100}:[ \t]*REQUEST[ \t]*\r?(?:\n|$)", content, re.I):
                yield content


@lru_cache(maxsize=16)  # a message is decided twice
def _read(content: bytes, zone: str, today: date) -> Invitation | None:
    rules = [rule.strip() for zone_part in _ZONES.findall(content) for rule in _RULES.findall(zone_part)]
    if sum(map(len, rules)) > MOST_OF_ZONES or not all(map(_ZONE_RULE.fullmatch, rules)):
        return None
    try:
        # icalendar keeps every VTIMEZONE by its name: without this one sender's "Custom" would be every other's.
        tzp.use_default()
        return _event(Calendar.from_ical(content.decode("utf-8", "replace")), ZoneInfo(zone), today)
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        OverflowError,
        RecursionError,
        NotImplementedError,
    ):
        # A library reads what a stranger wrote: whatever it cannot take is no invitation.
        return None


def _event(calendar: Any, zone: ZoneInfo, today: date) -> Invitation | None:
    """The first VEVENT of the whole series, else the first."""
    events = [one for one in calendar.walk("VEVENT") if isinstance(one, Event)]
    if not events or len({str(one.get("UID", "")) for one in events}) != 1:
        return None
    event: Any = next((one for one in events if "RECURRENCE-ID" not in one), events[0])
    uid, start = str(event.get("UID", "")), event["DTSTART"].dt
    if not 0 < len(uid) <= LONGEST_UID or not _PRINTABLE.fullmatch(uid) or not isinstance(start, datetime):
        return None  # a whole day is no call
    sequence = int(event.get("SEQUENCE", 0))
    if not 0 <= sequence <= MOST_SEQUENCE or str(event.get("STATUS", "")).upper() == "CANCELLED":
        return None
    onwards = "RECURRENCE-ID" in event and event["RECURRENCE-ID"].params.get("RANGE", "").upper() == "THISANDFUTURE"
    # One of the series that was changed by itself is an exception, too.
    weekly, weeks = _weekly(event) if start.date() >= today and len(events) == 1 else ("", 0)
    spans, recurrence = _spans(event, start, zone, today), _recurrence(event, zone)
    # Nobody meets in a year that the hours cannot be told for.
    if not all(FIRST_YEAR < one.year < LAST_YEAR for one in (*spans[0], *spans[-1], recurrence or start)):
        return None
    people = event.get("ATTENDEE", [])
    listed = people if isinstance(people, list) else [people]
    return Invitation(
        uid,
        sequence,
        _mail(event.get("ORGANIZER", "")),
        tuple(_mail(one) for one in listed[:MOST_ATTENDEES] if _is_asked(one)),
        spans,
        recurrence,
        "RRULE" in event or "RDATE" in event or onwards,
        onwards,
        weekly,
        weeks,
    )


def _is_asked(attendee: Any) -> bool:
    """Neither told for information only nor one who has answered already: an update says again what he accepted."""
    answered = attendee.params.get("PARTSTAT", "NEEDS-ACTION").upper() != "NEEDS-ACTION"
    return not answered and attendee.params.get("ROLE", "").upper() != "NON-PARTICIPANT"


def _recurrence(event: Any, zone: ZoneInfo) -> date | None:
    """RFC 5545 section 3.8.4.4: a day or a floating time has to come back as one, for the series says which it is by that."""
    if "RECURRENCE-ID" not in event:
        return None
    when: date = event["RECURRENCE-ID"].dt
    if not isinstance(when, datetime) or (when.tzinfo is None and "TZID" not in event["RECURRENCE-ID"].params):
        return when
    return _aware(when, zone).astimezone(UTC)


def _spans(event: Any, start: datetime, zone: ZoneInfo, today: date) -> tuple[tuple[datetime, datetime], ...]:
    """The coming times in order, those that were added to the series by themselves among them; else its own start."""
    own = _aware(start, zone).astimezone(UTC)
    length = _length(event, own, zone)
    found = {_aware(one, zone).astimezone(UTC): length for one in _starts(event, start, today)}
    if "RECURRENCE-ID" not in event:
        first = max(datetime.combine(today, time(), UTC), own)
        for one, its in _listed(event, "RDATE"):
            begins = _aware(one, zone).astimezone(UTC)
            if first <= begins <= first + AHEAD:
                found[begins] = length if its is None else its
    out = {_aware(one, zone).astimezone(UTC) for one, _ in _listed(event, "EXDATE")}
    coming = sorted((begins, begins + its) for begins, its in found.items() if begins not in out)
    return tuple(coming[:MOST_SPANS]) or ((own, own + length),)


def _length(event: Any, start: datetime, zone: ZoneInfo) -> timedelta:
    """Never negative; nothing where neither an end nor a duration is said."""
    if "DTEND" in event:
        return max(_aware(event["DTEND"].dt, zone).astimezone(UTC) - start.astimezone(UTC), timedelta(0))
    said = event["DURATION"].dt if "DURATION" in event else timedelta(0)
    return max(said, timedelta(0)) if isinstance(said, timedelta) else timedelta(0)


def _starts(event: Event, start: datetime, today: date) -> list[datetime]:
    """When it begins: of a series the coming times, its own start if there are none or its rule is not of this world."""
    rule, first = event.get("RRULE"), datetime.combine(today, time())
    if rule is None or isinstance(rule, list) or "RECURRENCE-ID" in event:
        return [start]
    if not _is_sane({str(name).upper(): [str(one).upper() for one in values] for name, values in rule.items()}):
        return [start]
    naive, begun = start.replace(tzinfo=None), first - timedelta(days=1)
    if begun - naive > OLDEST:
        return [start]
    # Counted by the wall clock of its zone, as RFC 5545 section 3.3.10 says.
    text = re.sub(r"(UNTIL=\d{8}T\d{6})Z", r"\1", rule.to_ical().decode(), flags=re.I)
    until = first + AHEAD
    series = rrulestr(text, dtstart=naive).xafter(begun, inc=True) if naive < begun else rrulestr(text, dtstart=naive)
    coming: list[datetime] = []
    for one in islice(series, 4 * MOST_SPANS):
        if one > max(until, naive + AHEAD) or len(coming) == 2 * MOST_SPANS:
            break
        coming.append(one.replace(tzinfo=start.tzinfo))
    return coming or [start]


def _is_sane(rule: Mapping[str, list[str]]) -> bool:
    """What calendars make of meetings. Other rules may fit no day at all, and dateutil looks for one up to the year 9999."""
    also, often = rule.keys() - _ALWAYS, int(rule.get("INTERVAL", ["1"])[0])
    days = rule.get("BYDAY", [])
    if not 1 <= often <= 11 or not all(_WEEKDAY.fullmatch(one) for one in days):
        return False
    match rule["FREQ"][0]:
        case "DAILY":
            return not also or (also == {"BYDAY"} and often == 1)
        case "WEEKLY":
            return also <= {"BYDAY"}
        case "MONTHLY" if also == {"BYMONTHDAY"}:
            return all(one.isdecimal() and 1 <= int(one) <= 31 for one in rule["BYMONTHDAY"])
        case "MONTHLY" if also == {"BYDAY", "BYSETPOS"}:
            return rule["BYSETPOS"][0] in ("1", "2", "3", "4", "-1") and all(len(one) == 2 for one in days)
        case "MONTHLY":
            return also <= {"BYDAY"}
        case "YEARLY":
            return not also and often == 1
        case _:
            return False


def _weekly(event: Any) -> tuple[str, int]:
    """("FREQ=WEEKLY;COUNT=6", 1) of a series that is on one day of the week and has no exceptions: it can be moved as one."""
    rule = event.get("RRULE")
    if rule is None or isinstance(rule, list) or "RDATE" in event or "EXDATE" in event or "RECURRENCE-ID" in event:
        return "", 0
    kept = {name: values for name, values in rule.items() if name.upper() not in ("BYDAY", "WKST")}
    days, often = rule.get("BYDAY", []), int(rule.get("INTERVAL", ["1"])[0])
    plain = set(map(str.upper, kept)) <= _ALWAYS and str(rule.get("FREQ", [""])[0]).upper() == "WEEKLY"
    if not plain or len(days) > 1 or not 1 <= often <= 11:
        return "", 0
    return type(rule)(kept).to_ical().decode(), often


def _listed(event: Any, name: str) -> Iterator[tuple[datetime, timedelta | None]]:
    """RDATE and EXDATE: the times they list, and the length of those that have one of their own. Whole days are no calls."""
    found: Any = event.get(name, [])
    for each in found if isinstance(found, list) else [found]:
        for one in each.dts[:MOST_LISTED]:
            match one.dt:
                case datetime() as begins:
                    yield begins, None
                case (datetime() as begins, datetime() as ends):
                    yield begins, max(ends - begins, timedelta(0))
                case (datetime() as begins, timedelta() as length):
                    yield begins, max(length, timedelta(0))


def _aware(when: datetime, zone: ZoneInfo) -> datetime:
    return when if when.tzinfo else when.replace(tzinfo=zone)


def _mail(value: object) -> str:
    scheme, _, mailbox = str(value).partition(":")
    mailbox = mailbox.strip()
    return mailbox if scheme.strip().lower() == "mailto" and mailboxes.is_address(mailbox) else ""
