"""`recado promises`: what clients were promised, until when, and whether it was kept."""

import json
from datetime import datetime
from pathlib import Path

import click

from milter.cli import configuration, live, rehearsal
from milter.cli.today_report import instant
from milter.core.owner import Owner
from milter.store.promises import Promise
from milter.store.redis import RedisStore

# By what was asked for.
NOTHING = {
    None: "nothing is promised",
    "due": "nothing is still to be kept",
    "overdue": "nothing is overdue",
    "kept": "nothing was kept yet",
}


@click.command()
@click.argument("what", metavar="[kept ID]", nargs=-1)
@configuration.option
@click.option("--owner", "wanted", metavar="OWNER", help="Only this owner's. Default: everybody's.")
@click.option("--due", "states", flag_value="due", help="Those that are still to be kept.")
@click.option("--overdue", "states", flag_value="overdue", help="Those whose time has passed.")
@click.option("--kept", "states", flag_value="kept", help="Those that were kept, in time or late.")
@click.option("--json", "as_json", is_flag=True, help="One object a line.")
@click.option("--at", metavar="INSTANT", hidden=True)
def command(
    what: tuple[str, ...], file: Path, wanted: str | None, states: str | None, as_json: bool, at: str | None
) -> None:
    """What the acknowledgements promised (answer_within in a plan), the first due first.

    kept ID marks one as kept.
    """
    settings = rehearsal.settings_of(file)
    chosen = live.owners(settings, wanted)
    now = instant(at, chosen[0])
    if what:
        if len(what) != 2 or what[0] != "kept":
            raise click.UsageError(f"{' '.join(what)!r} is nothing to do; write for example: promises kept 3f9a2c71b0")
        if not live.ask(settings, lambda store: _keep(store, chosen, what[1], now)):
            raise click.ClickException(f"no open promise is called {what[1]}; recado promises lists them")
        click.echo(f"{what[1]} is kept.")
        return
    for owner, found in zip(chosen, live.ask(settings, lambda store: _listed(store, chosen)), strict=True):
        listed = [one for one in found if states in (None, state_of(one, now))]
        if not as_json and not listed:
            click.echo(f"{owner.id}: {NOTHING[states if found else None]}.")
        _show(owner, listed, now, as_json)


async def _keep(store: RedisStore, owners: list[Owner], id: str, now: datetime) -> bool:
    return any([await store.promises.kept_one(one.id, id, now) for one in owners])


async def _listed(store: RedisStore, owners: list[Owner]) -> list[list[Promise]]:
    return [await store.promises.listed(one.id) for one in owners]


def state_of(one: Promise, now: datetime) -> str:
    if one.kept:
        return "kept"
    return "overdue" if one.due < now else "due"


def _show(owner: Owner, promises: list[Promise], now: datetime, as_json: bool) -> None:
    zone = owner.timezone
    if as_json:
        for one in promises:
            answer = {
                "id": one.id,
                "owner": owner.id,
                "state": state_of(one, now),
                "due": one.due.astimezone(zone).isoformat(),
                "client": one.client,
                "to": one.to,
                "message_id": one.message,
                "sent": one.sent.astimezone(zone).isoformat() if one.sent else None,
                "kept": one.kept.astimezone(zone).isoformat() if one.kept else None,
            }
            click.echo(json.dumps(answer, ensure_ascii=False))
        return
    for one in promises:
        client = owner.clients.get(one.client)
        name = client.name if client else one.client
        due = one.due.astimezone(zone)
        late = " late" if one.kept and one.kept > one.due else ""
        unsure = "" if one.sent else ", perhaps never sent"
        said = f"{one.id}  {state_of(one, now)}{late}{unsure}  {due:%a} {due.day} {due:%b %Y %H:%M}  {name}, {one.to}"
        click.echo(f"{said}  {one.message}".rstrip())
