"""What an owner's file means, in his own words: when he is open, away, closed. Spanish, and English for everybody else."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from milter.core.closures import is_forecast, public_holidays
from milter.core.hours import (
    Cause,
    Closed,
    Holiday,
    Open,
    Schedule,
    busy_spans,
    closure_on,
    next_opening,
    state_at,
    weekly_windows,
)
from milter.core.owner import Identity, Kind, Owner
from milter.delivery import phrases
from milter.delivery.grammars import GRAMMARS
from milter.delivery.holiday_names import holiday_name

LOOKED_AHEAD = timedelta(days=365)
MOST = 5  # holidays, days off and half days that are named
FAR = 300  # days: what lies farther away is said with its year
_ALWAYS = "24/7"


@dataclass(frozen=True, slots=True)
class _Words:
    """The sentences of one language. `within` a month: {first} and {last} are numbers of its days."""

    hours: str
    as_written: str
    always: str
    calls: str
    focus: str
    plan: str
    client: str
    promise: str
    holidays_close: str
    open_until: str
    opens: str
    never: str
    away: str
    away_within: str
    away_a_day: str
    back: str
    back_soon: str
    holidays: str
    forecast: str
    days_off: str
    half_days: str
    screened: str
    inbox: str
    clock: str
    year: str


_WORDS = {
    "es": _Words(
        hours="abres {said}",
        as_written="abres según «{said}»",
        always="abierto a todas horas",
        calls="llamadas: {said}",
        focus="sin interrupciones: {said}",
        plan="plan {name}: {said}",
        client="cliente {name}: {said}",
        promise="prometes contestar en {hours} de trabajo",
        holidays_close="; los festivos cierras",
        open_until="ahora está abierto, hasta {said}",
        opens="ahora está cerrado; abres {said}",
        never="ahora está cerrado y no vuelve a abrir",
        away="de vacaciones del {first} al {last}",
        away_within="de vacaciones del {first} al {last}",
        away_a_day="de vacaciones el {first}",
        back="; vuelves el {weekday} {day} a las {clock}",
        back_soon="; vuelves el {weekday} {number} a las {clock}",
        holidays="próximos festivos: {said}",
        forecast="los festivos de {year} son los de costumbre: si tu boletín oficial pone otros, añádelos en days_off",
        days_off="próximos días sueltos: {said}",
        half_days="cerrado además: {said}",
        screened="el primer correo de un desconocido va a «{folder}»; los siguientes, a {next}",
        inbox="la bandeja de entrada",
        clock="{day}, de {first} a {last}",
        year="{day} de {year}",
    ),
    "en": _Words(
        hours="open {said}",
        as_written='open as "{said}" says',
        always="open at any hour",
        calls="calls: {said}",
        focus="no interruptions: {said}",
        plan="plan {name}: {said}",
        client="client {name}: {said}",
        promise="you promise an answer within {hours} of work",
        holidays_close="; closed on public holidays",
        open_until="open now, until {said}",
        opens="closed now; you open {said}",
        never="closed now, and never open again",
        away="on vacation from {first} to {last}",
        away_within="on vacation from {first} to {last}",
        away_a_day="on vacation on {first}",
        back="; you are back on {weekday} {day} at {clock}",
        back_soon="; you are back on {weekday} {number} at {clock}",
        holidays="next public holidays: {said}",
        forecast="the holidays of {year} are the usual ones: if your gazette has others, add them to days_off",
        days_off="next days off: {said}",
        half_days="closed besides: {said}",
        screened='the first mail of somebody unknown goes to "{folder}", the next ones to {next}',
        inbox="the inbox",
        clock="{day}, from {first} to {last}",
        year="{day} {year}",
    ),
}


def told(owner: Owner, identity: Identity, now: datetime) -> Iterator[str]:
    """One sentence a fact. `now` aware."""
    language = owner.language if owner.language in _WORDS else "en"
    words, today = _WORDS[language], now.astimezone(owner.timezone)
    schedule, folders = identity.schedule, owner.folders
    if folders.screened and identity == owner.first(Kind.BUSINESS):
        after = f"«{folders.prospects}»" if folders.prospects else words.inbox
        yield words.screened.format(folder=folders.screened, next=after)
    if schedule is None:
        return
    yield _hours(schedule, words, language)
    for form, other in ((words.calls, identity.call_schedule), (words.focus, identity.focus)):
        if other:
            yield form.format(said=_in_words(other, language) or other.expression)
    yield from _others(owner, identity, words, language)
    if state_at(schedule, today) != Open(None):
        yield _now(schedule, words, language, today)
    yield from _vacations(schedule, words, language, today)
    yield from _closures(schedule, words, language, today)


def _others(owner: Owner, identity: Identity, words: _Words, language: str) -> Iterator[str]:
    """What plans and clients have of their own here: hours, and an answer that is promised."""
    for plan in owner.plans.values():
        own = plan.schedules.get(identity.name)
        said = [_hours(own, words, language)] if own else []
        if plan.answer_within:
            said.append(words.promise.format(hours=_length(plan.answer_within)))
        if said:
            yield words.plan.format(name=plan.name, said="; ".join(said))
    for client in owner.clients.values():
        if own := client.schedules.get(identity.name):
            yield words.client.format(name=client.name, said=_hours(own, words, language))


def _length(span: timedelta) -> str:
    """ "4 h", "1 h 30 min"."""
    hours, minutes = divmod(round(span.total_seconds() / 60), 60)
    return " ".join(f"{number} {unit}" for number, unit in ((hours, "h"), (minutes, "min")) if number)


def _hours(schedule: Schedule, words: _Words, language: str) -> str:
    if schedule.expression == _ALWAYS:
        said = words.always
    elif week := _in_words(schedule, language):
        said = words.hours.format(said=week)
    else:
        return words.as_written.format(said=schedule.expression)
    return said + (words.holidays_close if schedule.country else "")


def _in_words(schedule: Schedule, language: str) -> str:
    rules = weekly_windows(schedule.expression)
    return phrases.hours_phrase(rules, language) if rules else ""


def _now(schedule: Schedule, words: _Words, language: str, now: datetime) -> str:
    def moment(instant: datetime) -> str:
        zone = ZoneInfo(schedule.zone)
        return phrases.opens_phrase(instant, language, zone, zone, now)

    match state_at(schedule, now):
        case Open(until) if until:
            return words.open_until.format(said=moment(until))
        case Closed(opens=opens) if opens:
            return words.opens.format(said=moment(opens))
    return words.never


def _vacations(schedule: Schedule, words: _Words, language: str, now: datetime) -> Iterator[str]:
    for first, last in sorted(set(schedule.vacations)):
        if last < now.date() or first > now.date() + LOOKED_AHEAD * 2:
            continue
        if first == last:
            said = words.away_a_day.format(first=_day(first, words, language, now))
        elif (first.year, first.month) == (last.year, last.month):
            said = words.away_within.format(first=first.day, last=_day(last, words, language, now))
        else:
            said = words.away.format(first=_day(first, words, language, now), last=_day(last, words, language, now))
        yield said + _back(schedule, last, words, language, now)


def _back(schedule: Schedule, last: date, words: _Words, language: str, now: datetime) -> str:
    evening = datetime(last.year, last.month, last.day, 23, 59, 59, tzinfo=now.tzinfo)
    opens = next_opening(schedule, evening)
    if opens is None:
        return ""
    form = words.back_soon if (opens.year, opens.month) == (last.year, last.month) else words.back
    grammar = GRAMMARS[language]
    return form.format(
        weekday=grammar.weekdays()[opens.weekday()],
        number=opens.day,
        day=_day(opens.date(), words, language, now),
        clock=_clock(opens),
    )


def _closures(schedule: Schedule, words: _Words, language: str, now: datetime) -> Iterator[str]:
    until = now + LOOKED_AHEAD
    days = [now.date() + timedelta(days=one) for one in range(LOOKED_AHEAD.days)]
    closed = [(day, found) for day in days if (found := closure_on(schedule, day))]
    names = {
        day: holiday_name(Holiday(day, name), language, schedule.country) or name
        for year in (now.year, now.year + 1)
        for day, name in public_holidays(schedule.country, schedule.region, year).items()
    }
    holidays = [
        f"{_weekday(day, words, language, now)} ({names[day]})" for day, one in closed if one[0] is Cause.HOLIDAY
    ]
    own = [_weekday(day, words, language, now) for day, one in closed if one[0] is Cause.DAY_OFF]
    half = [
        words.clock.format(day=_weekday(start.date(), words, language, now), first=_clock(start), last=_clock(end))
        for start, end in busy_spans(schedule, now, until)
    ]
    for form, said in ((words.holidays, holidays), (words.days_off, own), (words.half_days, half)):
        if said:
            yield form.format(said="; ".join(said[:MOST]) + ("; …" if len(said) > MOST else ""))
    if holidays and is_forecast(schedule.country, schedule.region, until.year):
        yield words.forecast.format(year=until.year)


def _clock(at: datetime) -> str:
    return f"{at.hour}:{at:%M}"


def _weekday(day: date, words: _Words, language: str, now: datetime) -> str:
    return f"{GRAMMARS[language].weekdays()[day.weekday()]} {_day(day, words, language, now)}"


def _day(day: date, words: _Words, language: str, now: datetime) -> str:
    """ "24 de diciembre"; with the year if it is far away."""
    said = GRAMMARS[language].day(day, False)["day"]
    return words.year.format(day=said, year=day.year) if abs((day - now.date()).days) > FAR else said
