"""`recado next-opening`: when an identity opens next, and why it is closed now."""

import json
from datetime import date, datetime
from pathlib import Path

import click

from milter.cli import configuration
from milter.cli.instant import parse_instant
from milter.cli.names import unknown
from milter.core.hours import Cause, Closed, Holiday, Open
from milter.core.overrides import state_at
from milter.core.owner import Client, Identity, Kind, Owner


@click.command()
@configuration.option
@click.option("--identity", metavar="[OWNER/]NAME", help="Default: every owner's first business identity.")
@click.option("--client", metavar="NAME", help="By the hours that this client has: his own, or his plan's.")
@click.option("--at", metavar="INSTANT", help="As of this instant (ISO 8601, the owner's zone if none); default: now.")
@click.option("--json", "as_json", is_flag=True, help="One object a line for each identity.")
def command(file: Path, identity: str | None, client: str | None, at: str | None, as_json: bool) -> None:
    """Print the next opening (now, while open; `never`), and on a second line why it is closed.

    If several identities are meant: one line for each, the instant, OWNER/NAME and the reason.
    """
    settings = configuration.settings_in(file)
    chosen = having(meant(settings.policy.owners, identity), client)
    first = parse_instant(at, chosen[0][0].timezone)
    from milter.cli import live  # here: `--help` in a prompt has to be quick

    changed = live.overrides(settings, (owner for owner, _ in chosen), first)
    for owner, one in chosen:
        now = parse_instant(at, owner.timezone).astimezone(owner.timezone)
        changes = changed.get(owner.id, ()) if one.kind is Kind.BUSINESS else ()
        who = client_of(owner, client)
        state = state_at(one.schedule_for(who), now, changes)
        if as_json:
            about = {"owner": owner.id, "identity": one.name} | ({"client": who.id} if who else {})
            click.echo(json.dumps(about | as_object(now, state), ensure_ascii=False))
        elif len(chosen) == 1:
            click.echo(f"{_instant(now, state)}\n{reason(state)}")
        else:
            click.echo(f"{_instant(now, state)} {owner.id}/{one.name} {reason(state)}")


def meant(owners: tuple[Owner, ...], wanted: str | None) -> list[tuple[Owner, Identity]]:
    """The identities that `wanted` names; None: every owner's first business identity."""
    if wanted is None:
        found = [(owner, first) for owner in owners if (first := owner.first(Kind.BUSINESS))]
        if not found:
            raise click.UsageError("no owner has a business identity; name one with --identity")
        return found
    owner_id, slash, name = wanted.rpartition("/")
    found = [
        (owner, one)
        for owner in owners
        for one in owner.identities
        if one.name == name and (not slash or owner.id == owner_id)
    ]
    if not found:
        known = (f"{owner.id}/{one.name}" for owner in owners for one in owner.identities)
        raise unknown(wanted, "identity", known, "--identity")
    return found


def having(found: list[tuple[Owner, Identity]], client: str | None) -> list[tuple[Owner, Identity]]:
    """Those whose owner has a client of that name, if anybody has."""
    return [each for each in found if client and named(each[0], client)] or found


def named(owner: Owner, wanted: str) -> Client | None:
    """His table, or the name in it; capitals do not matter."""
    folded = wanted.casefold()
    return next((one for one in owner.clients.values() if folded in (one.id.casefold(), one.name.casefold())), None)


def client_of(owner: Owner, wanted: str | None) -> Client | None:
    """None for nobody, "" too: a stranger."""
    if not wanted:
        return None
    found = named(owner, wanted)
    if found is None:
        raise unknown(wanted, f"client of {owner.id}", owner.clients, "--client")
    return found


def as_object(now: datetime, state: Open | Closed) -> dict[str, object]:
    """The state for scripts. `opens` only while closed, `until` only while open and if it ends."""
    common: dict[str, object] = {"at": now.isoformat()}
    match state:
        case Open(until):
            answer = {"state": "open", "opens": None, "until": until.isoformat() if until else None}
            return common | answer | {"cause": None, "holidays": [], "vacation": None}
        case Closed(cause, _, opens, holidays, vacation):
            return common | {
                "state": "closed",
                "opens": opens.isoformat() if opens else None,
                "until": None,
                "cause": str(cause),
                "holidays": [{"day": one.day.isoformat(), "name": one.name} for one in holidays],
                "vacation": {"from": vacation[0].isoformat(), "to": vacation[1].isoformat()} if vacation else None,
            }


def reason(state: Open | Closed) -> str:
    """One sentence: `closed: outside working hours; opens Monday 23 November 2026 16:00 (Europe/Madrid)`."""
    match state:
        case Open(until):
            return f"open until {_moment(until)}" if until else "open: nothing closes it"
        case Closed(opens=opens):
            return (
                f"closed: {'; '.join(_why(state))}; opens {_moment(opens)}" if opens else "closed: it never opens again"
            )


def _why(state: Closed) -> list[str]:
    """The cause first, then what else keeps it closed until the opening."""
    away = f"vacation, {_day(state.vacation[0])} to {_day(state.vacation[1])}" if state.vacation else ""
    days = [_closed_day(one) for one in state.holidays]
    match state.cause:
        case Cause.VACATION:
            words, away = [away], ""
        case Cause.HOLIDAY:
            words = [f"public holiday, {days.pop(0)}"]
        case Cause.DAY_OFF:
            words = [f"day off, {days.pop(0)}"]
        case Cause.CHANGED:
            words = ["changed by the owner for today or the days to come"]
        case Cause.BUSY:
            words = ["a half day, or an event of a calendar"]
        case _:
            words = ["outside working hours"]
    words += [f"then closed on {', '.join(days)}"] if days else []
    words += [f"then {away}"] if away else []
    return words


def _closed_day(one: Holiday) -> str:
    return f"{_day(one.day)} ({one.name})" if one.name else _day(one.day)


def _instant(now: datetime, state: Open | Closed) -> str:
    match state:
        case Open():
            return now.isoformat(timespec="seconds")
        case Closed(opens=opens):
            return opens.isoformat() if opens else "never"


def _day(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B %Y}"


def _moment(instant: datetime) -> str:
    return f"{_day(instant)} {instant:%H:%M} ({instant.tzinfo})"
