"""What `recado today` and `recado away` carry out and print."""

import json
from collections.abc import Sequence
from datetime import datetime

import click

from milter.cli import live, next_opening, rehearsal
from milter.cli.instant import parse_instant
from milter.core.overrides import Change, Override, in_force, state_at
from milter.core.owner import Kind, Owner
from milter.settings.values import Settings
from milter.store.redis import RedisStore


def carry_out(settings: Settings, wanted: str | None, change: Change | None, at: str | None, as_json: bool) -> None:
    """Makes the change, if there is one, and shows what is in force."""
    chosen = live.owners(settings, wanted)
    if change is not None:
        before, after, promised = live.ask(
            settings, lambda store: _changed(store, chosen[0], change, instant(at, chosen[0]))
        )
        if before == after and not isinstance(change, Override):
            click.echo("There was nothing to take back.", err=True)
        _show(chosen[0], after, instant(at, chosen[0]), as_json)
        if promised and not as_json:
            click.echo(f"  promised for then: {promised}; recado promises --due lists who waits for an answer")
        return
    now = instant(at, chosen[0])
    found = live.ask(settings, lambda store: store.today.of([one.id for one in chosen], now))
    for one in chosen:
        _show(one, found[one.id], instant(at, one), as_json)


async def _changed(
    store: RedisStore, owner: Owner, change: Change, now: datetime
) -> tuple[tuple[Override, ...], tuple[Override, ...], int]:
    """Before, after, and how many answers were promised for the time that is closed now: nobody takes those back."""
    before = await store.today.read(owner.id, now)
    after = await store.today.change(owner.id, change, now)
    closed = isinstance(change, Override) and not change.is_open
    due = [one.due for one in await store.promises.listed(owner.id) if one.kept is None] if closed else []
    promised = sum(change.start < one <= change.end for one in due) if isinstance(change, Override) else 0
    return before, in_force(after, now), promised


async def answers(store: RedisStore) -> None:
    """Nothing but that the secret is there: a token made with another one would never be heeded."""


def instant(at: str | None, owner: Owner) -> datetime:
    now = parse_instant(at, owner.timezone) if at else rehearsal.now()
    return now.astimezone(owner.timezone)


def _show(owner: Owner, overrides: Sequence[Override], now: datetime, as_json: bool) -> None:
    identity = owner.first(Kind.BUSINESS)
    state = state_at(identity.schedule if identity else None, now, overrides)
    if as_json:
        changed = [
            {
                "from": one.start.astimezone(owner.timezone).isoformat(),
                "to": one.end.astimezone(owner.timezone).isoformat(),
                "state": "open" if one.is_open else "closed",
                "said": str(one.said),
            }
            for one in overrides
        ]
        answer = {"owner": owner.id, "changes": changed} | next_opening.as_object(now, state)
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    click.echo(f"{owner.id}: {next_opening.reason(state)}")
    for one in overrides:
        start, end = one.start.astimezone(owner.timezone), one.end.astimezone(owner.timezone)
        kind = "open" if one.is_open else "closed"
        click.echo(f"  {kind} {_moment(start)} to {_moment(end)} (until `recado {one.said} clear`)")
    if not overrides:
        click.echo("  the hours of the file hold: nothing was changed")


def _moment(instant: datetime) -> str:
    return f"{instant:%a} {instant.day} {instant:%b %H:%M}"
