"""What is answered to an invitation outside call hours (RFC 5546): no, or another time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, vCalAddress, vRecur

from milter.core.event import MOST_SPANS, Invitation
from milter.core.hours import Closed, Open, Schedule
from milter.core.overrides import Override, closing, state_at
from milter.core.owner import Client, Identity, Invitations

PRODUCT = "-//Recado//Recado//EN"
MOST_LOOKED_AT = 60  # call windows until one is long enough
WEEK = timedelta(days=7)
HALF_A_YEAR = timedelta(days=183)
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class CallHours:
    """When an identity takes calls: in `windows`, on days on which its `office` opens; `changes`: the owner's for these days."""

    windows: Schedule
    office: Schedule | None
    changes: tuple[Override, ...] = ()

    @classmethod
    def of(cls, identity: Identity, client: Client | None, changes: Sequence[Override] = ()) -> "CallHours | None":
        """None: no calls are arranged here."""
        if identity.call_schedule is None:
            return None
        return cls(identity.call_schedule, identity.schedule_for(client), tuple(changes))

    def state(self, at: datetime) -> Open | Closed:
        return state_at(self.windows, at, closing(self.changes))

    def hold(self, start: datetime, end: datetime) -> bool:
        """Whether all of it lies in one window."""
        state = self.state(start)
        within = isinstance(state, Open) and (state.until is None or end.timestamp() <= state.until.timestamp())
        return within and (self.office is None or self._opens_on_day_of(start, self.office))

    def outside(self, spans: Sequence[Span]) -> bool:
        """Of a series, whether most of the coming times are: one on a holiday does not make it wrong."""
        return 2 * sum(not self.hold(*one) for one in spans) > len(spans)

    def free_starts(self, now: datetime, length: timedelta) -> Iterator[datetime]:
        """The beginnings, in UTC, of the coming windows that are as long; not of one that has begun."""
        begun = self.state(now)
        at = begun.until if isinstance(begun, Open) else now
        for _ in range(MOST_LOOKED_AT):
            found = self.state(at) if at else None
            opens = at if isinstance(found, Open) else found.opens if found else None
            state = self.state(opens) if opens else None
            if opens is None or not isinstance(state, Open):
                return
            start = opens.astimezone(UTC)
            if self.hold(start, start + length):
                yield start
            at = state.until

    def first(self, now: datetime) -> datetime | None:
        """From when on calls are taken: `now` in the middle of a window; None: not in the windows that are looked at."""
        return now if self.hold(now, now) else next(self.free_starts(now, timedelta(0)), None)

    def _opens_on_day_of(self, when: datetime, office: Schedule) -> bool:
        local = when.astimezone(ZoneInfo(office.zone))
        for at in (when, local.replace(hour=0, minute=0, second=0, microsecond=0)):
            match state_at(office, at, self.changes):
                case Open():
                    return True
                case Closed(opens=opens) if opens and opens.date() == local.date():
                    return True
        return False


@dataclass(frozen=True, slots=True)
class Answer:
    """`calendar` the finished object, CRLF; `attendee` who answers; `organizer` who reads it; `before` it is of no use later.

    `name`: of what is answered once. `asked`: the times that the invitation is about; `offered`: those proposed, () for a no.
    """

    calendar: str
    attendee: str
    organizer: str
    name: str
    before: datetime
    asked: tuple[Span, ...]
    offered: tuple[Span, ...]


def answer(invitation: Invitation, attendee: str, choice: Invitations, calls: CallHours, now: datetime) -> Answer:
    """DECLINE, or COUNTER with the next call window from then on that is long enough. If there is none: DECLINE."""
    offered = _offer(invitation, calls, now) if choice is Invitations.COUNTER else ()
    event = Event()
    event.add("UID", invitation.uid)
    event.add("DTSTAMP", now.astimezone(UTC))
    event.add("SEQUENCE", invitation.sequence)
    event["ORGANIZER"] = vCalAddress(f"mailto:{invitation.organizer}")
    replier = vCalAddress(f"mailto:{attendee}")
    # RFC 5546 section 3.2.7: whoever counters has not said yes; section 3.2.3: who declines says so.
    replier.params["PARTSTAT"] = "TENTATIVE" if offered else "DECLINED"
    event["ATTENDEE"] = replier
    if invitation.recurrence:
        event.add("RECURRENCE-ID", invitation.recurrence)
        if invitation.onwards:
            event["RECURRENCE-ID"].params["RANGE"] = "THISANDFUTURE"
    calendar = Calendar()
    for name, value in (("PRODID", PRODUCT), ("VERSION", "2.0"), ("METHOD", "COUNTER" if offered else "REPLY")):
        calendar.add(name, value)
    calendar.add_component(event)
    if offered:
        _propose(calendar, event, invitation, offered[0], ZoneInfo(calls.windows.zone))
    start = invitation.spans[0][0]
    return Answer(
        calendar.to_ical().decode(),
        attendee,
        invitation.organizer,
        _name(invitation),
        min(start, offered[0][0]) if offered else start,
        invitation.spans,
        offered,
    )


def method_of(calendar: str) -> str:
    """REPLY or COUNTER."""
    return "COUNTER" if "\r\nMETHOD:COUNTER\r\n" in calendar else "REPLY"


def _name(invitation: Invitation) -> str:
    """UID, SEQUENCE and RECURRENCE-ID (RFC 5546 section 2.1.5): a change has the next SEQUENCE, each of a series is its own."""
    one = f" {invitation.recurrence:%Y%m%dT%H%M%SZ}" if invitation.recurrence else ""
    return f"{invitation.uid} {invitation.sequence}{one}"


def _offer(invitation: Invitation, calls: CallHours, now: datetime) -> tuple[Span, ...]:
    """The times to propose, from the one asked for on: for a weekly series as many as it has, at the same hour of the wall.

    () if there are none.
    """
    start, end = invitation.spans[0]
    if invitation.series and not invitation.weeks:
        return ()
    zone, count = ZoneInfo(calls.windows.zone), len(invitation.spans)
    # Who asks for a day weeks away is not free tomorrow because we are.
    for first in calls.free_starts(max(now, start), end - start):
        wall = first.astimezone(zone)
        begins = [(wall + number * invitation.weeks * WEEK).astimezone(UTC) for number in range(count)]
        spans = tuple((one, one + (end - start)) for one in begins)
        if not calls.outside(spans):
            return spans
    return ()


def _rule(invitation: Invitation, first: datetime) -> vRecur:
    """As many times as were asked for: an end by date would make them more, or fewer, from another beginning."""
    rule: vRecur = vRecur.from_ical(invitation.weekly)
    if until := rule.pop("UNTIL", None):
        if len(invitation.spans) < MOST_SPANS:
            rule["COUNT"] = [len(invitation.spans)]
        else:
            rule["UNTIL"] = [one + (first - invitation.spans[0][0]) for one in until]
    return rule


def _propose(calendar: Calendar, event: Event, invitation: Invitation, first: Span, zone: ZoneInfo) -> None:
    """RFC 5546 section 3.2.7: a COUNTER has a SUMMARY, which may be empty: the client's words are not repeated."""
    event.add("SUMMARY", "")
    begins, ends = [one.astimezone(zone if invitation.series else UTC) for one in first]
    event.add("DTSTART", begins)
    if ends > begins:  # RFC 5545 section 3.8.2.2: an end is later than the beginning, or is not there
        event.add("DTEND", ends)
    if not invitation.series:
        return
    event.add("RRULE", _rule(invitation, first[0]))
    # Half a year before and after what is looked at: who reads it needs the offset in force, and both changes of the year.
    known = first[0].date() - HALF_A_YEAR, first[1].date() + 4 * HALF_A_YEAR
    calendar.subcomponents.insert(0, Timezone.from_tzinfo(zone, zone.key, *known))
