"""What an owner says of today, in words: "close 13:00", "abro 10:00-12:00", "away until monday", "vuelvo el lunes".

The same words on the command line and in the subject of a mail. A change comes out as instants: it means the same later.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from milter.core import hours
from milter.core.hours import FIRST_YEAR, LAST_YEAR, Open, Schedule
from milter.core.overrides import Change, Clear, Override, Said
from milter.core.owner import Kind, Owner

DAY = timedelta(days=1)
LATEST_NIGHT = timedelta(hours=12)  # an open time that runs on longer after midnight is no night shift: it never closes
FARTHEST = timedelta(days=366)

DAYS: dict[str, str] = {
    "en": "monday tuesday wednesday thursday friday saturday sunday",
    "es": "lunes martes miercoles jueves viernes sabado domingo",
    "ca": "dilluns dimarts dimecres dijous divendres dissabte diumenge",
    "gl": "luns martes mercores xoves venres sabado domingo",
    "pt": "segunda terca quarta quinta sexta sabado domingo",
    "eu": "astelehena asteartea asteazkena osteguna ostirala larunbata igandea",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "de": "montag dienstag mittwoch donnerstag freitag samstag sonntag",
}
TOMORROW = {
    "en": "tomorrow", "es": "manana", "ca": "dema", "gl": "mana", "pt": "amanha", "eu": "bihar", "fr": "demain",
    "de": "morgen",
}  # fmt: skip
_TIME = re.compile(r"([01]?\d|2[0-4])(?:[:.h]([0-5]\d))?h?")

_TODAY, _AWAY = r"(?:hoy|today)", r"(?:away|fuera|ausente|estoy fuera|estare fuera|i am away|i'm away)"
_CLOSE = re.compile(
    rf"{_TODAY}? ?(?:close|cierro|cierra|cerrar|cerrado|closed)(?: {_TODAY})?(?: (?:at|a las?|from|desde las?))?(?: (?P<at>\S+))?"
)
_OPEN = re.compile(
    rf"{_TODAY}? ?(?:open|abro|abre|abrir|abierto)(?: {_TODAY})?(?: (?:from|de|desde las?))? "
    r"(?P<start>\S+?) ?(?:-|to|a las?|a|until|hasta las?) ?(?P<end>[0-9]\S*)"
)
_OFF = r"(?:ya )?no (?:abro|trabajo|atiendo)"
_NOT_TODAY = re.compile(rf"(?:{_TODAY} {_OFF}|{_OFF} (?:mas )?{_TODAY}|i am off today|today off)")
_BACK = re.compile(rf"(?:{_AWAY} (?:until|hasta)|vuelvo|back)(?: (?:el|la|on))? (?P<day>\S+)")
_CLEAR_TODAY = re.compile(rf"{_TODAY} (?:clear|normal|como siempre|as usual)")
_CLEAR_AWAY = re.compile(rf"(?:{_AWAY} clear|ya estoy|he vuelto|i am back|i'm back)")


@dataclass(frozen=True, slots=True)
class Refused:
    """Why these words change nothing, and what to write instead. `code` and `about` say it again for other languages."""

    why: str
    instead: str
    code: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Now:
    """When and for whom: `at` in the owner's zone, whole seconds; `schedules` of all his business hours, plans' included."""

    at: datetime
    language: str
    schedules: tuple[Schedule | None, ...]

    @classmethod
    def of(cls, owner: Owner, now: datetime) -> "Now":
        found: list[Schedule | None] = []
        for one in owner.identities:
            if one.kind is Kind.BUSINESS:
                found += [one.schedule, *(one.schedule_for(each) for each in owner.clients.values())]
        at = now.astimezone(owner.timezone).replace(microsecond=0)
        return cls(at, owner.language, tuple(dict.fromkeys(found)))

    @property
    def day(self) -> date:
        """Today: after midnight still yesterday, while one of its windows is open."""
        midnight = _instant(self.at, self.at.date(), 0)
        began = self.at.date() - DAY
        return began if self.at.astimezone(UTC) < self.turn(began) and self.turn(began) > midnight else self.at.date()

    @property
    def days(self) -> tuple[date, ...]:
        """Today as the hours count it, then as the calendar does: after midnight they may differ."""
        return tuple(dict.fromkeys((self.day, self.at.date())))

    def turn(self, day: date) -> datetime:
        """Where `day` ends: at midnight, or where the latest of its windows past midnight does."""
        midnight = _instant(self.at, day + DAY, 0)
        return max([midnight, *self._nights(midnight)])

    def _nights(self, midnight: datetime) -> Iterable[datetime]:
        for one in self.schedules:
            state = hours.state_at(one, midnight) if one else None
            if one and isinstance(state, Open) and state.until is not None:
                opened, until = hours.last_opening(one, midnight), state.until.astimezone(UTC)
                if opened and opened.astimezone(UTC) < midnight and until - midnight <= LATEST_NIGHT:
                    yield until


def close(at: str, now: Now) -> Override | Refused:
    """Closed from `at` ("13:00"; "": at once) until today ends."""
    if wrong := _clock(now):
        return wrong
    if not at:
        return Override(now.at.astimezone(UTC), now.turn(now.day), is_open=False)
    minutes = _minutes(at)
    if minutes is None:
        return Refused(f"{at!r} is no time of day", "write for example: close 13:00", "no-time", at)
    here = now.at.astimezone(UTC)
    for day in now.days:
        end = now.turn(day)
        # The same time past midnight, while today's hours still run then.
        for start in (_instant(now.at, day, minutes), _instant(now.at, day, minutes + 24 * 60)):
            if here <= start < end:
                return Override(start, end, is_open=False)
    return Refused(f"{at} has passed: it is {now.at:%H:%M}", "write close alone to close at once", "passed", at)


def open_between(start: str, end: str, now: Now) -> Override | Refused:
    """Open from "10:00" to "12:00" today; an end that is not later is on the next day, as in 22:00-01:00."""
    if wrong := _clock(now):
        return wrong
    first, last = _minutes(start), _minutes(end)
    if first is None or last is None or first == last:
        return Refused(
            f"{start}-{end} is no window", "write for example: open 10:00-12:00", "no-window", f"{start}-{end}"
        )
    if last < first and last + 24 * 60 - first > LATEST_NIGHT // timedelta(minutes=1):
        # Not a night: the two were turned round.
        return Refused(f"{start}-{end} ends before it begins", f"write {end}-{start}", "no-window", f"{start}-{end}")
    here = now.at.astimezone(UTC)
    for day in now.days:
        begins = max(_instant(now.at, day, first), here)
        ends = _instant(now.at, day, last if last > first else last + 24 * 60)
        if begins < ends:
            return Override(begins, ends, is_open=True)
    return Refused(
        f"{start}-{end} has passed: it is {now.at:%H:%M}",
        "write a window that is still ahead",
        "passed",
        f"{start}-{end}",
    )


def away_until(day: str, now: Now) -> Override | Refused:
    """Closed from now until `day` begins: "monday", "lunes", "tomorrow", "2026-12-01". A weekday is the next one, never today."""
    if wrong := _clock(now):
        return wrong
    back = _day(day, now)
    if back is None:
        return Refused(
            f"{day!r} is no day", "write a weekday, tomorrow or a date: until monday, until 2026-12-01", "no-day", day
        )
    if back <= now.day:
        what = "is today" if back == now.day else "has passed"
        return Refused(
            f"{back} {what}", "write a day to come; to close for today: today close", "day-passed", str(back)
        )
    if back - now.day > FARTHEST:
        return Refused(f"{back} is more than a year ahead", "enter a [[vacation]] in your file", "too-far", str(back))
    return Override(now.at.astimezone(UTC), now.turn(back - DAY), is_open=False, said=Said.AWAY)


def said(text: str, now: Now) -> Change | Refused | None:
    """What a line says, in Spanish or English; None if it says nothing of this kind."""
    line = _plain(text)
    if _CLEAR_TODAY.fullmatch(line):
        return Clear(Said.TODAY)
    if _CLEAR_AWAY.fullmatch(line):
        return Clear(Said.AWAY)
    if _NOT_TODAY.fullmatch(line):
        return close("", now)
    if found := _OPEN.fullmatch(line):
        return open_between(found["start"], found["end"], now)
    if found := _CLOSE.fullmatch(line):
        return close("" if found["at"] in (None, "now", "ya") else found["at"], now)
    if found := _BACK.fullmatch(line):
        return away_until(found["day"], now)
    return None


def _clock(now: Now) -> Refused | None:
    """Beyond the years that hours can be told for, only the clock can be wrong."""
    if FIRST_YEAR + 3 < now.at.year < LAST_YEAR - 3:
        return None
    return Refused(f"the clock of this machine says {now.at.year}", "set the clock first", "clock", str(now.at.year))


def _instant(now: datetime, day: date, minutes: int) -> datetime:
    """The instant at which the wall shows it, UTC; a time that the day skips is that of the change."""
    days, rest = divmod(minutes, 24 * 60)
    zone = now.tzinfo if isinstance(now.tzinfo, ZoneInfo) else UTC
    local = datetime.combine(day + days * DAY, time(rest // 60, rest % 60), zone)
    return local.astimezone(UTC)


def _minutes(text: str) -> int | None:
    found = _TIME.fullmatch(text.strip().lower())
    if found is None:
        return None
    minutes = int(found[1]) * 60 + int(found[2] or 0)
    return minutes if minutes <= 24 * 60 else None


def _day(text: str, now: Now) -> date | None:
    word = _plain(text)
    try:
        return date.fromisoformat(word)
    except ValueError:
        pass
    languages = (now.language, "en", "es")
    for one in languages:
        names = DAYS.get(one, "").split()
        if word in names:
            return now.day + (((names.index(word) - now.day.weekday() - 1) % 7) + 1) * DAY
        if word == TOMORROW.get(one):
            return now.day + DAY
    return None


def _plain(text: str) -> str:
    """Lower case, no accents, single spaces, no full stop at the end."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    line = "".join(one for one in letters if not unicodedata.combining(one))
    return " ".join(line.replace("–", "-").replace("—", "-").split()).rstrip(".! ")
