"""`recado agenda`: the coming weeks as a picture, and what a client writing at some instant would get."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import click
from rich.console import Console

from milter.cli import agenda_picture, configuration, live, rehearsal
from milter.cli.instant import parse_instant
from milter.cli.next_opening import as_object, client_of, having, meant, reason
from milter.core.acknowledgement.texts import Text, text_for
from milter.core.agenda import Day, Spans, days
from milter.core.hours import Closed, Open
from milter.core.overrides import Override, state_at
from milter.core.owner import Client, Identity, Kind, Mode, Owner
from milter.core.reply_job import ReplyKind

MOST_WEEKS = 104


@click.command("agenda")
@configuration.option
@click.option("--identity", metavar="[OWNER/]NAME", help="Default: every owner's first business identity.")
@click.option("--client", metavar="NAME", help='By the hours of this client; with --at who writes ("" is a stranger).')
@click.option("--weeks", type=click.IntRange(1, MOST_WEEKS), default=2, show_default=True)
@click.option("--from", "first", metavar="DATE", help="First day (2026-12-21); default: today.")
@click.option("--at", metavar="INSTANT", help="No picture: what a client who writes then would get (ISO 8601).")
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Also write the picture there.")
@click.option("--json", "as_json", is_flag=True, help="One object a line for each identity.")
def command(
    file: Path,
    identity: str | None,
    client: str | None,
    weeks: int,
    first: str | None,
    at: str | None,
    svg: Path | None,
    as_json: bool,
) -> None:
    """Draw the coming weeks, one line a day: open, closed, holidays, vacations, call hours, changes of clocks."""
    pictures = []
    settings = rehearsal.settings_of(file)
    found = meant(settings.policy.owners, identity)
    changed = live.overrides(settings, (owner for owner, _ in found), parse_instant(at, found[0][0].timezone))
    for owner, one in having(found, client):
        who = client_of(owner, client)
        changes = changed.get(owner.id, ()) if one.kind is Kind.BUSINESS else ()
        if at is not None:
            _tell(owner, one, who, at, changes, as_json)
            continue
        begin = _day(first) if first else datetime.now(UTC).astimezone(owner.timezone).date()
        rows = list(days(one, who, owner.timezone, begin, weeks * 7, changes))
        schedule = one.schedule_for(who)
        country = schedule.country if schedule else ""
        pictures.append(agenda_picture.Picture(_title(owner, one, who), owner.language, country, tuple(rows)))
        if as_json:
            click.echo(json.dumps(_object(owner, one, who, rows), ensure_ascii=False))
        else:
            agenda_picture.draw(pictures[-1], Console(width=None if Console().is_terminal else 80, highlight=False))
    if svg and at is None:
        try:
            svg.write_text(agenda_picture.as_svg(pictures), "utf-8")
        except OSError as error:
            raise click.ClickException(f"{svg}: {error.strerror}; give a file that can be written") from error


def _title(owner: Owner, identity: Identity, client: Client | None) -> str:
    return f"{owner.id}/{identity.name}{f' ({client.name})' if client else ''}, {owner.timezone.key}"


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no day; write for example 2026-12-21", param_hint="--from") from error
    if not 1911 < day.year < 9900:
        raise click.BadParameter(f"{text!r} is too far away; write a day of this century", param_hint="--from")
    return day


def _tell(
    owner: Owner, identity: Identity, client: Client | None, at: str, changes: Sequence[Override], as_json: bool
) -> None:
    """What the first message of a closed period gets; whoever wrote before may have been answered already."""
    now = parse_instant(at, owner.timezone).astimezone(owner.timezone)
    schedule = identity.schedule_for(client)
    state = state_at(schedule, now, changes)
    kind = ReplyKind.ACKNOWLEDGEMENT if client else ReplyKind.PROSPECT
    promised = isinstance(state, Closed) and state.opens is not None and owner.replies.mode is not Mode.OFF
    text = text_for(kind, state, client, owner) if promised else None
    if as_json:
        answer = (
            {"template": text.template, "language": text.language} if text else {"template": None, "language": None}
        )
        about = {"owner": owner.id, "identity": identity.name, "client": client.id if client else None}
        click.echo(json.dumps(about | as_object(now, state) | answer, ensure_ascii=False))
        return
    click.echo(f"{owner.id}/{identity.name} at {now:%Y-%m-%d %H:%M}: {reason(state)}")
    click.echo(_answer(owner, client, state, text, now))


def _answer(owner: Owner, client: Client | None, state: Open | Closed, text: Text | None, now: datetime) -> str:
    who = client.name if client else "somebody unknown"
    if text:
        shown = f'--client "{client.id if client else ""}" --at {now.isoformat(timespec="minutes")}'
        shadow = ", as a rehearsal to the owner alone" if owner.replies.mode is Mode.SHADOW else ""
        return f"{who} gets: {text.template} ({text.language}){shadow}; see recado preview {text.template} {shown}"
    if isinstance(state, Open):
        return f"{who} gets no reply: it is open"
    return f"{who} gets no reply: {'replies are off' if owner.replies.mode is Mode.OFF else 'there is nothing true to promise'}"


def _object(owner: Owner, identity: Identity, client: Client | None, rows: list[Day]) -> dict[str, object]:
    return {
        "owner": owner.id,
        "identity": identity.name,
        "client": client.id if client else None,
        "zone": owner.timezone.key,
        "days": [
            {
                "day": one.day.isoformat(),
                "closed": agenda_picture.closure(one),
                "holiday": one.holiday,
                "hours": one.hours,
                "open": _listed(one.opened),
                "calls": _listed(one.calls),
                "focus": _listed(one.focus),
            }
            for one in rows
        ],
    }


def _listed(spans: Spans) -> list[list[str]]:
    return [[start.isoformat(), end.isoformat()] for start, end in spans]
