"""What `recado replies` prints: rows for a person, 80 columns wide, or an object a line."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import groupby
from textwrap import fill

import click

from milter.cli.instant import parse_instant
from milter.cli.reply_history import Row, Unproven, to_technician, unproven
from milter.core.owner import Owner
from milter.settings.durations import duration
from milter.settings.findings import Wrong
from milter.store.api import OptedOut

WIDTH = 80
STATES = {
    "due": ("due",),
    "sent": ("sent", "returned"),
    "withheld": ("withheld", "rehearsed"),
    "unknown": ("unknown",),
    "cancelled": ("cancelled",),
}


@dataclass(frozen=True, slots=True)
class History:
    """`rows`: everything the journal and the queue know, the oldest first."""

    owner: Owner
    rows: list[Row]
    opted_out: list[OptedOut]


@dataclass(frozen=True, slots=True)
class Wanted:
    """`states`: none means all. `client`: as typed, "" for everybody."""

    states: tuple[str, ...]
    opted_out: bool
    client: str
    since: str

    @property
    def everything(self) -> bool:
        return not self.states and not self.opted_out


def instant(since: str, zone: tzinfo) -> datetime:
    length = duration(since)
    if not isinstance(length, Wrong):
        return datetime.now(UTC) - length
    try:
        return parse_instant(since, zone)
    except click.BadParameter as error:
        what = f'{since!r} is neither a length of time nor a date; write "7d" or "2026-11-20"'
        raise click.BadParameter(what, param_hint="--since") from error


def _chosen(history: History, wanted: Wanted) -> list[Row]:
    since = instant(wanted.since, history.owner.timezone)
    states = {state for name in wanted.states for state in STATES[name]}
    return [
        row
        for row in history.rows
        if (row.state in states if states else wanted.everything)
        and (row.at >= since or row.state == "due")
        and _meant(history.owner, row.client, row.to, wanted.client)
    ]


def _meant(owner: Owner, client: str, to: str, wanted: str) -> bool:
    """Whether the one who was typed is this client, or this address."""
    name = owner.clients[client].name if client in owner.clients else client
    return not wanted or wanted.casefold() in (client.casefold(), name.casefold(), to.casefold())


def knows(history: History, client: str) -> bool:
    """Whether it is an address, a client of his, or one that he had when something was sent."""
    there = (*history.owner.clients, *(row.client for row in history.rows))
    return "@" in client or any(_meant(history.owner, one, "", client) for one in there)


def _opted_out(history: History, wanted: Wanted) -> list[OptedOut]:
    return [one for one in history.opted_out if _meant(history.owner, "", one.person, wanted.client)][::-1]


def _never(history: History, wanted: Wanted) -> list[Unproven]:
    asked = wanted.everything or "withheld" in wanted.states
    owner, found = history.owner, unproven(history.owner, history.rows) if asked else []
    return [one for one in found if _meant(owner, one.client.id, "", wanted.client)]


def objects(history: History, wanted: Wanted) -> Iterator[dict[str, object]]:
    owner, zone = history.owner, history.owner.timezone
    for row in _chosen(history, wanted):
        yield {
            "owner": owner.id,
            "at": row.at.astimezone(zone).isoformat(),
            "state": row.state,
            "to": row.to,
            "client": row.client or None,
            "template": row.template or None,
            "language": row.language or None,
            "code": row.code,
            "text": row.text,
        }
    for one in _opted_out(history, wanted) if wanted.opted_out else []:
        since = one.since.astimezone(zone).isoformat()
        yield {"owner": owner.id, "at": since, "state": "opted-out", "to": one.person}
    for never in _never(history, wanted):
        yield {
            "owner": owner.id,
            "at": never.last.astimezone(zone).isoformat(),
            "state": "never-authenticated",
            "client": never.client.id,
            "domains": list(never.domains),
            "messages": never.messages,
            "text": to_technician(owner.language, " / ".join(never.domains)),
        }


def lines(history: History, wanted: Wanted) -> Iterator[str]:
    """For a person, 80 columns wide; an address is never cut."""
    owner = history.owner
    yield f"{owner.name} ({owner.id}), replies {owner.replies.mode}"
    chosen = _chosen(history, wanted)
    each = "withheld" in wanted.states or bool(wanted.client)
    for day, of_day in groupby(chosen, key=lambda row: row.at.astimezone(owner.timezone).date()):
        yield f"\n{day:%A} {day.day} {day:%B %Y}"
        found = list(of_day)
        yield from _day(owner, [row for row in found if each or not row.machine])
        yield from _in_passing([row for row in found if row.machine and not each])
    if not chosen and not wanted.opted_out:
        since = _date(instant(wanted.since, owner.timezone), owner)
        yield "\nNothing waits." if wanted.states == ("due",) else f"\nNothing since {since}."
    if wanted.opted_out:
        yield from _persons(history, wanted)
    yield from _technicians(owner, _never(history, wanted))


def _day(owner: Owner, found: list[Row]) -> Iterator[str]:
    """Each reply; the same for the same person once, with its number."""
    alike: dict[tuple[str, ...], list[Row]] = {}
    for row in found:
        alike.setdefault((row.state, row.code, row.template, row.to), []).append(row)
    for group in sorted(alike.values(), key=lambda rows: rows[-1].at):
        row = group[-1]
        time = f"{row.at.astimezone(owner.timezone):%H:%M}"
        client = owner.clients.get(row.client)
        who = [
            row.to or "-",
            *([f"({client.name})"] if client else []),
            *([f"{len(group)} times"] if group[1:] else []),
        ]
        yield _wrapped(f"  {time}  {row.state:<9}  {row.template or '-':<13}  ", " ".join(who))
        if row.state not in ("sent", "due") or row.code not in ("reply-sent", "reply-due"):
            yield _wrapped(" " * 9, row.text)


def _in_passing(found: list[Row]) -> Iterator[str]:
    """What nobody would have expected to be answered, in numbers."""
    counted: dict[str, int] = {}
    for row in found:
        counted[row.text] = counted.get(row.text, 0) + 1
    for text, count in sorted(counted.items(), key=lambda one: -one[1]):
        messages = "1 message" if count == 1 else f"{count} messages"
        yield _wrapped(f"         {messages}: ", text)


def _persons(history: History, wanted: Wanted) -> Iterator[str]:
    found = _opted_out(history, wanted)
    yield "\nAsked for no more automatic replies:" if found else "\nNobody has asked for no more automatic replies."
    for one in found:
        yield f"  {_date(one.since, history.owner)}  {one.person}"


def _technicians(owner: Owner, found: list[Unproven]) -> Iterator[str]:
    if found:
        yield "\nNever get a reply, because nothing proves that their mail is theirs:"
    for one in found:
        messages = "1 message" if one.messages == 1 else f"{one.messages} messages"
        said = f"{one.client.name}: {messages}, the last on {_date(one.last, owner)}. For their technician:"
        yield _wrapped("  ", said)
        for domain in one.domains:
            yield _wrapped("    ", to_technician(owner.language, domain))


def _wrapped(start: str, text: str) -> str:
    return fill(
        text, WIDTH, initial_indent=start, subsequent_indent=" " * len(start), break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _date(instant: datetime, owner: Owner) -> str:
    day = instant.astimezone(owner.timezone)
    return f"{day:%A} {day.day} {day:%B %Y}"
