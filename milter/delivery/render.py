"""From what was decided to what the client reads. Compiled once a configuration; the client's words are only values."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from jinja2 import FunctionLoader, Template, TemplateError

from milter.core import address, hours
from milter.core.hours import Closed, Holiday, Open, Schedule, weekly_windows
from milter.core.itip_answer import CallHours
from milter.core.owner import Client, Identity, Owner, Tone
from milter.core.reply_job import ReplyIntent
from milter.core.reply_message import Rendered, one_line
from milter.delivery import phrases
from milter.delivery.holiday_names import holiday_name
from milter.delivery.html import Look, document, to_html
from milter.delivery.text_source import LARGEST, MARK, TextSource, Wrong, environment, take_apart

Value = str | int | bool

# Sent again and again to the same person, so their footer says how to stop it; the others are sent once.
OPT_OUT = ("closed", "holiday", "vacation", "call-request")
# Without an opening to name, these would be a promise of nothing.
NEED_OPENING = ("closed", "holiday", "vacation")
# To a client whom nobody said how to address. Basque has one form for everybody (zu), Portuguese texts address nobody.
FORMAL_BY_CUSTOM = ("fr", "de")

_CHARSET = re.compile(
    r"(<meta\b[^>]*\bcharset\s*=\s*[\"']?)[\w-]+", re.I
)  # Word's page says windows-1252, and is none any more
_REPLY_MARKS = re.compile(r"(?:(?:re|rv|fwd?|res|enc|tr|aw|wg|rif|sv|vs)(?:\[\d+\]|\(\d+\))?[ ]?[:：][ ]*)+", re.I)
_NUMBER = re.compile(r"(?:\d[\s().-]*){7,}")
_LONGEST_VALUE = 300  # characters
MOST_WORDS = 110
SHORTENED = ("closed", "call-request")
# What their reader can best do without, in this order, when everything together would be too long to be read: the opening
# says what the closed days say, and the hours matter less than it; then the zone is said once. A promise, and how to alert the
# owner, always stay.
SPARE = (("holiday_day", "day_off"), ("hours",), ("channels",))


class RenderError(Exception):
    """Why there is no text: the reply is withheld."""


@dataclass(frozen=True, slots=True)
class _Text:
    subject: Template
    text: Template
    html: Template | None


class Texts:
    """One owner's texts, from {file name: content}. Each is compiled when it is first sent: all at once would hold up mail."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources
        self._compiled: dict[tuple[str, str], _Text | None] = {}
        self._plain, self._escaping = environment(False), environment(True)
        self._plain.loader = FunctionLoader(lambda name: one.text if (one := self._part(name)) else None)
        self._escaping.loader = FunctionLoader(
            lambda name: one.html if (one := self._part(name)) and one.html else None
        )

    @property
    def problems(self) -> dict[str, Wrong]:
        """What is wrong with files, by name. A broken file is never sent."""
        taken = {name: take_apart(name, source) for name, source in self._sources.items()}
        return {name: one for name, one in taken.items() if isinstance(one, Wrong)}

    def _part(self, name: str) -> TextSource | None:
        taken = take_apart(name, self._sources[name]) if name in self._sources else None
        return taken if isinstance(taken, TextSource) else None

    def _text(self, template: str, language: str) -> _Text | None:
        """None: there is no such file, or it is broken."""
        if (template, language) not in self._compiled:
            self._compiled[template, language] = self._compile(f"{template}.{language}.txt", f"base.{language}.txt")
        return self._compiled[template, language]

    def _compile(self, name: str, base_name: str) -> _Text | None:
        part, base = self._part(name), self._part(base_name)
        if part is None:
            return None
        subject = part.subject or (base.subject if base else "{{ subject }}")
        html = self._escaping.get_template(name) if part.html else None
        return _Text(self._plain.from_string(subject), self._plain.get_template(name), html)

    def render(
        self, intent: ReplyIntent, owner: Owner, *, count: int = 1, notifier: bool = False, due: datetime | None = None
    ) -> Rendered:
        """The text of one reply. What it says of the hours is as of the message (`intent.created`). Raises RenderError.

        `count` messages since closing; `notifier`: an alert to the owner works; `due`: the plan's promise.
        """
        text = self._text(intent.template, intent.language)
        if text is None or intent.language not in phrases.LANGUAGES:
            raise RenderError(f"no text {intent.template} in {intent.language}")
        if intent.template in NEED_OPENING and intent.opens is None:
            raise RenderError(f"{intent.template} without an opening to name")
        speaker = _speaker(owner, intent)
        values: Mapping[str, Value] = _values(intent, owner, speaker, count=count, notifier=notifier, due=due)
        try:
            subject = one_line(_capped(text.subject, values), 300).rstrip(": ")
            shorter = _shorter(intent, owner, due) if intent.template in SHORTENED else ()
            plain, values = _short(text.text, values, shorter)
            due_said = str(values["due"])
            promises = bool(due_said) and due_said in plain
            plain = phrases.unbroken(plain, intent.language)
            look = _look(owner, speaker, intent, subject)
            html = _own_html(_capped(text.html, values), look) if text.html else to_html(plain, look)
        except (TemplateError, RecursionError) as error:
            raise RenderError(f"{intent.template}.{intent.language}.txt: {error}") from error
        if not subject or not plain.strip():
            raise RenderError(f"{intent.template}.{intent.language}.txt comes out empty")
        return Rendered(subject, plain, html, str(values["name"]), promises)


def check_source(name: str, source: str) -> str | None:
    """What is wrong with a text file called `name`, as "line N: what; what to write instead"; None if nothing is."""
    parts = take_apart(name, source)
    if isinstance(parts, Wrong):
        return str(parts)
    if parts.language not in phrases.LANGUAGES:
        return str(Wrong(1, f"no texts are sent in {parts.language} yet", f"use one of {', '.join(phrases.LANGUAGES)}"))
    return None


def _capped(template: Template, values: Mapping[str, Value]) -> str:
    size, chunks = 0, []
    for chunk in template.generate(values):
        size += len(chunk)
        if size > LARGEST:
            raise RenderError(f"the text grows beyond {LARGEST} characters")
        chunks.append(chunk)
    return "".join(chunks)


def _filled(template: Template, values: Mapping[str, Value]) -> tuple[str, Mapping[str, Value]]:
    return _tidy(_capped(template, values)), values


def _short(
    template: Template, values: Mapping[str, Value], shorter: Iterable[Mapping[str, Value]]
) -> tuple[str, Mapping[str, Value]]:
    """Under MOST_WORDS by what of `shorter` it takes; whole if even that does not help, as in an owner's own long text."""
    text, kept = whole = _filled(template, values)
    for less in shorter:
        if len(text.split()) < MOST_WORDS:
            return text, kept
        text, kept = _filled(template, {**kept, **less})
    return (text, kept) if len(text.split()) < MOST_WORDS else whole


def _shorter(intent: ReplyIntent, owner: Owner, due: datetime | None) -> Iterator[Mapping[str, Value]]:
    yield from (dict.fromkeys(spare, "") for spare in SPARE)
    home, zone, language = owner.timezone, _zone(intent, owner), intent.language
    if due:
        yield {"due": phrases.due_phrase(due, language, home, home, intent.created)}
    if intent.opens:
        yield {"opens": phrases.opens_phrase(intent.opens, language, zone, home, intent.created, both_clocks=False)}
    yield {"call_hours": ""}


def _zone(intent: ReplyIntent, owner: Owner) -> ZoneInfo:
    """The client's, if it is known."""
    client = owner.clients.get(intent.client) if intent.client else None
    return (client.timezone if client else None) or owner.timezone


def _tidy(text: str) -> str:
    """Lines of which only template syntax was there are gone; paragraphs stand one empty line apart."""
    lines: list[str] = []
    for line in text.split("\n"):
        if MARK in line:
            line = line.replace(MARK, "")
            if not line.strip():
                continue
        line = line.rstrip()
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip("\n") + "\n"


def _own_html(html: str, look: Look) -> str:
    if "<html" not in html.lower():
        return document(html.strip(), look)
    return _CHARSET.sub(r"\g<1>utf-8", html.strip()) + "\n"


def _speaker(owner: Owner, intent: ReplyIntent) -> Identity:
    """Whose hours, brand and booking the text tells: the identity that owns the From address."""
    sender = address.normal(intent.from_address)
    found = next((one for one in owner.identities if sender in one.addresses), None) or owner.identity(intent.identity)
    if found is None:
        raise RenderError(f"identity {intent.identity} is not configured any more")
    return found


def _values(
    intent: ReplyIntent, owner: Owner, speaker: Identity, *, count: int, notifier: bool, due: datetime | None
) -> dict[str, Value]:
    client = owner.clients.get(intent.client) if intent.client else None
    schedule = speaker.schedule_for(client)
    plan = client.plan if client else None
    zone, language, created = _zone(intent, owner), intent.language, intent.created
    channels = offered(plan.channels if plan else {})
    said: dict[str, Value] = {
        "subject": _without_reply_marks(one_line(intent.subject, 250)),
        "name": _name(client, intent.correspondent),
        "hours": "" if _looks_open(intent, schedule) else _hours(schedule, language),
        "opens": phrases.opens_phrase(intent.opens, language, zone, owner.timezone, created) if intent.opens else "",
        "closed": intent.opens is not None,
        "due": phrases.due_phrase(due, language, zone, owner.timezone, created) if due else "",
        "channels": phrases.channels_phrase(channels, language),
        "channel_count": len(channels),
        "urgent": notifier and plan is not None and plan.urgent == "notify",
        "booking": speaker.booking,
        "call_hours": _call_hours(intent, speaker, client, language),
        "invited": bool(intent.calendar),
        "proposed": _proposed(intent, language, zone, owner.timezone),
        "owner_name": owner.name,
        "first_name": owner.name.partition(" ")[0],
        "brand": speaker.brand.name,
        "website": speaker.brand.website,
        "address": intent.from_address,
        "count": count,
        "count_words": phrases.number_word(count, language),
        "formal": _formal(owner, speaker, client, language),
        "is_client": client is not None,
        "opt_out": intent.template in OPT_OUT,
        **_closed_days(intent, owner, schedule),
    }
    return {name: one_line(value, _LONGEST_VALUE) if isinstance(value, str) else value for name, value in said.items()}


def _proposed(intent: ReplyIntent, language: str, zone: ZoneInfo, home: ZoneInfo) -> str:
    """Of a series the first time."""
    return phrases.opens_phrase(intent.offered[0][0], language, zone, home, intent.created) if intent.offered else ""


def _without_reply_marks(subject: str) -> str:
    """ "Re: RV: Logo" -> "Logo"."""
    found = _REPLY_MARKS.match(subject)
    return subject[found.end() :] if found else subject


def _closed_days(intent: ReplyIntent, owner: Owner, schedule: Schedule | None) -> dict[str, Value]:
    """The closed days between the message and the opening. The text `holiday` tells of the day of the message alone."""
    state = hours.state_at(schedule, intent.created) if schedule else None
    days = state.holidays if isinstance(state, Closed) else ()
    days = days[:1] if intent.template == "holiday" else days
    public = [one for one in days if one.name]
    written = intent.created.astimezone(owner.timezone).date()
    holiday = _named(public, intent.language, written)
    off = _named([one for one in days if not one.name], intent.language, written)
    only = public[0] if len(public) == 1 else None
    name = holiday_name(only, intent.language, schedule.country) if only and schedule else ""
    return {
        "holiday_day": holiday, "Holiday_day": _capital(holiday), "holiday_count": len(public), "holiday_name": name,
        "day_off": off, "Day_off": _capital(off),
    }  # fmt: skip


def _named(days: Iterable[Holiday], language: str, written: date) -> str:
    return phrases.days_phrase([one.day for one in days], language, written)


def _capital(phrase: str) -> str:
    return phrase[:1].upper() + phrase[1:]


def _name(client: Client | None, correspondent: str) -> str:
    """Only a name that the owner gave this very address, or its person behind a detail or a forwarder's rewriting."""
    if client is None:
        return ""
    given = client.names.get(address.normal(correspondent)) or client.names.get(
        address.correspondent_name(correspondent, "+")
    )
    return given or ""


def _hours(schedule: Schedule | None, language: str) -> str:
    rules = weekly_windows(schedule.expression) if schedule else None
    return phrases.hours_phrase(rules, language) if rules else ""


def _looks_open(intent: ReplyIntent, schedule: Schedule | None) -> bool:
    """Half a day off, a calendar or what the owner changed for today closed it: the usual hours would contradict the text."""
    if intent.template != "closed" or schedule is None:
        return False
    return isinstance(hours.state_at(Schedule(schedule.expression, schedule.zone), intent.created), Open)


def _call_hours(intent: ReplyIntent, speaker: Identity, client: Client | None, language: str) -> str:
    """The usual hours, and since when if closures take the next of them. Strangers read no dates: then nothing."""
    said, calls = _hours(speaker.call_schedule, language), CallHours.of(speaker, client)
    if not said or calls is None:
        return said
    zone, created = ZoneInfo(calls.windows.zone), intent.created
    usual = CallHours(Schedule(calls.windows.expression, zone.key), None).first(created)
    state = calls.office and hours.state_at(calls.office, created)
    begin = created
    if intent.opens and not (isinstance(state, Closed) and intent.opens == state.opens):
        # The owner changed these days. Of that only the opening is known here, and that calls are taken on days that open.
        begin = max(created, datetime.combine(intent.opens.astimezone(zone).date(), time(), zone))
    first = calls.first(begin)
    if usual and first and usual.astimezone(zone).date() == first.astimezone(zone).date():
        return said
    if first is None or client is None:
        return ""
    since = phrases.since_phrase(first.astimezone(zone).date(), language, created.astimezone(zone).date())
    return f"{said}{'; ' if ';' in said else ', '}{since}"  # of all days, where they have hours of their own


def offered(channels: Mapping[str, str]) -> list[str]:
    """ "Telegram (@ana)"; a telephone number is never written: only the channel's name, or nothing if it stands in there."""
    return [
        name if not where or _NUMBER.search(where) else f"{name} ({where})"
        for name, where in channels.items()
        if not _NUMBER.search(name)
    ]


def _formal(owner: Owner, speaker: Identity, client: Client | None, language: str) -> bool:
    """The narrowest that says a tone: the client's, the identity's, the owner's; else the custom of the language."""
    tone = (client.tone if client else None) or speaker.tone or owner.tone
    return language in FORMAL_BY_CUSTOM if tone is None else tone is Tone.FORMAL


def _look(owner: Owner, speaker: Identity, intent: ReplyIntent, subject: str) -> Look:
    own = [one for one in speaker.addresses if not one.startswith("@")]
    urls = [speaker.brand.website, speaker.booking]
    hosts = {urlsplit(one).hostname or "" for one in urls} | {address.split(one)[1] for one in own}
    return Look(
        language=intent.language,
        title=subject,
        signature=owner.name if intent.template != "pointer" else owner.name.partition(" ")[0],
        logo=speaker.brand.logo,
        logo_text=speaker.brand.name or owner.name,
        color=speaker.brand.color,
        hosts=frozenset(hosts - {""}),
        addresses=frozenset(own),
        button=speaker.booking if intent.template == "call-request" else "",
    )
