"""What is answered to an invitation outside call hours (RFC 5546): no, or another time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress

from milter.core.event import Invitation
from milter.core.hours import Open, Schedule, next_opening, state_at
from milter.core.owner import Invitations

PRODUCT = "-//Recado//Recado//EN"
MOST_LOOKED_AT = 60  # call windows until one is long enough


@dataclass(frozen=True, slots=True)
class Answer:
    """`calendar` the finished object, CRLF; `attendee` who answers; `organizer` who reads it; `before` it is of no use later.

    `uid`, `sequence`: answered once.
    """

    calendar: str
    attendee: str
    organizer: str
    uid: str
    sequence: int
    before: datetime


def answer(
    invitation: Invitation,
    attendee: str,
    choice: Invitations,
    windows: Schedule,
    office: Schedule | None,
    now: datetime,
) -> Answer:
    """DECLINE, or COUNTER with the next call window that is long enough. A series, or no such window: DECLINE."""
    start, end = invitation.spans[0]
    free = None
    if choice is Invitations.COUNTER and not invitation.series:
        free = next(free_starts(windows, office, now, end - start), None)
    event = Event()
    event.add("UID", invitation.uid)
    event.add("DTSTAMP", now.astimezone(UTC))
    event.add("SEQUENCE", invitation.sequence)
    event["ORGANIZER"] = vCalAddress(f"mailto:{invitation.organizer}")
    replier = vCalAddress(f"mailto:{attendee}")
    # RFC 5546 section 3.2.7: whoever counters has not said yes; section 3.2.3: who declines says so.
    replier.params["PARTSTAT"] = "TENTATIVE" if free else "DECLINED"
    event["ATTENDEE"] = replier
    if invitation.recurrence:
        event.add(
            "RECURRENCE-ID", invitation.recurrence.astimezone(UTC)
        )  # without a VTIMEZONE no other zone may be named
    if free:
        event.add("DTSTART", free)
        event.add("DTEND", free + (end - start))
    calendar = Calendar()
    for name, value in (("PRODID", PRODUCT), ("VERSION", "2.0"), ("METHOD", "COUNTER" if free else "REPLY")):
        calendar.add(name, value)
    calendar.add_component(event)
    before = min(start, free) if free else start
    return Answer(
        calendar.to_ical().decode(), attendee, invitation.organizer, invitation.uid, invitation.sequence, before
    )


def method_of(calendar: str) -> str:
    """REPLY or COUNTER."""
    return "COUNTER" if "\r\nMETHOD:COUNTER\r\n" in calendar else "REPLY"


def outside(invitation: Invitation, windows: Schedule, office: Schedule | None) -> bool:
    """Of a series, whether most of the coming times are: one on a holiday does not make it wrong."""
    wrong = [one for one in invitation.spans if not _inside(*one, windows, office)]
    return 2 * len(wrong) > len(invitation.spans)


def free_starts(windows: Schedule, office: Schedule | None, now: datetime, length: timedelta) -> Iterator[datetime]:
    """The beginnings, in UTC, of the coming call windows that are as long; not of one that has begun."""
    begun = state_at(windows, now)
    at = begun.until if isinstance(begun, Open) else now
    for _ in range(MOST_LOOKED_AT):
        opens = next_opening(windows, at) if at else None
        state = state_at(windows, opens) if opens else None
        if opens is None or not isinstance(state, Open) or state.until is None:
            return
        start = opens.astimezone(UTC)
        if _inside(start, start + length, windows, office):
            yield start
        at = state.until


def _inside(start: datetime, end: datetime, windows: Schedule, office: Schedule | None) -> bool:
    """Within one call window, on a day on which the office opens."""
    state = state_at(windows, start)
    within = isinstance(state, Open) and (state.until is None or end.timestamp() <= state.until.timestamp())
    return within and (office is None or _opens_on_day_of(start, office))


def _opens_on_day_of(when: datetime, office: Schedule) -> bool:
    if isinstance(state_at(office, when), Open):
        return True
    local = when.astimezone(ZoneInfo(office.zone))
    opens = next_opening(office, local.replace(hour=0, minute=0, second=0, microsecond=0))
    return opens is not None and opens.date() == local.date()
