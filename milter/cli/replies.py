"""`recado replies`: what became of the automatic replies; `recado replies off|shadow|live`: whether there are any."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from milter.cli import configuration, live, rehearsal, reply_mode
from milter.cli.names import OneOf, unknown
from milter.cli.reply_history import rows
from milter.cli.reply_report import History, Wanted, instant, knows, lines, objects
from milter.core.owner import Mode, Owner
from milter.store.redis import RedisStore

MOST = 10_000  # entries: all that the journal keeps of an owner
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@click.command()
@click.argument("mode", metavar="[off|shadow|live]", required=False, type=OneOf([one.value for one in Mode]))
@configuration.option
@click.option("--owner", "wanted_owner", metavar="OWNER", help="Only this owner's. Default: everybody's.")
@click.option("--due", is_flag=True, help="Those that wait.")
@click.option("--sent", is_flag=True, help="Those that were sent, and those that came back.")
@click.option("--withheld", is_flag=True, help="Those that were not sent, each with its reason; rehearsed ones too.")
@click.option("--unknown", is_flag=True, help="Those of which nobody knows whether they were sent.")
@click.option("--cancelled", is_flag=True, help="Those that were taken back.")
@click.option("--opted-out", is_flag=True, help="Who asked for no more of them.")
@click.option("--client", metavar="NAME", default="", help="Of this client (name or table), or of this address.")
@click.option("--since", metavar="7d|DATE", default="7d", show_default=True, help="From then on.")
@click.option("--json", "as_json", is_flag=True, help="One object a line.")
def command(
    mode: str | None,
    file: Path,
    wanted_owner: str | None,
    client: str,
    since: str,
    as_json: bool,
    opted_out: bool,
    **states: bool,
) -> None:
    """What became of the automatic replies, the newest last, with the reasons.

    With off, shadow or live: sets that mode in the owner's own file. shadow decides and rehearses, and sends nothing.
    """
    wanted = Wanted(tuple(name for name, asked in states.items() if asked), opted_out, client, since)
    if mode is None:
        _list(file, wanted_owner, wanted, as_json)
    elif not wanted.everything or client or as_json:
        raise click.UsageError("either a mode to set, or what to list")
    else:
        click.echo(reply_mode.told(reply_mode.switch(file, wanted_owner, Mode(mode))))


def _list(file: Path, wanted_owner: str | None, wanted: Wanted, as_json: bool) -> None:
    settings = rehearsal.settings_of(file)
    owners = live.owners(settings, wanted_owner)
    instant(wanted.since, owners[0].timezone)
    histories = live.ask(settings, lambda store: _read(store, owners))
    if wanted.client and not any(knows(one, wanted.client) for one in histories):
        raise unknown(wanted.client, "client", (each for one in owners for each in one.clients), "--client")
    for number, history in enumerate(histories):
        if as_json:
            for one in objects(history, wanted):
                click.echo(json.dumps(one, ensure_ascii=False))
        else:
            click.echo("\n" * (number > 0) + "\n".join(lines(history, wanted)))


async def _read(store: RedisStore, owners: list[Owner]) -> list[History]:
    return [await _history(store, one) for one in owners]


async def _history(store: RedisStore, owner: Owner) -> History:
    journal = await store.history.journal(owner.id, BEGINNING, MOST)
    return History(
        owner, rows(owner, journal, await store.history.queued(owner.id)), await store.history.opted_out(owner.id)
    )
