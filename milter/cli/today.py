"""`recado today`: today is different. Closes or opens at once on every node, and expires by itself."""

from pathlib import Path

import click

from milter.cli import configuration, live, rehearsal, today_report
from milter.core import today_words
from milter.core.overrides import Change, Clear, Said
from milter.core.today_mail import token_of
from milter.core.today_words import Now, Refused

EXAMPLES = "today close 13:00, today open 10:00-12:00, today clear"


@click.command()
@click.argument("what", metavar="[close [HH:MM] | open HH:MM-HH:MM | clear]", nargs=-1)
@configuration.option
@click.option("--owner", "wanted", metavar="OWNER", help="Whose hours; needed if there are several owners.")
@click.option("--token", is_flag=True, help="Print the token with which the owner says the same by mail to himself.")
@click.option("--json", "as_json", is_flag=True, help="One object a line for each owner.")
@click.option("--at", metavar="INSTANT", hidden=True)
def command(what: tuple[str, ...], file: Path, wanted: str | None, token: bool, as_json: bool, at: str | None) -> None:
    """Close or open differently for the rest of today; alone, show what is in force.

    close closes now, or at HH:MM; open opens in that window, whatever the hours say; clear takes today's changes back.
    Spanish will do: cierro 13:00, abro 10:00-12:00, normal. Replies that wait are decided again.
    """
    settings = rehearsal.settings_of(file)
    if token:
        if what:
            raise click.UsageError("either --token or a change")
        owners = live.owners(settings, wanted)
        live.ask(settings, today_report.answers)
        for one in owners:
            click.echo(token_of(settings.policy.keys, one.id))
        return
    change = None
    if what:
        owner = live.one_owner(settings, wanted)
        change = _change(what, Now.of(owner, today_report.instant(at, owner)))
    today_report.carry_out(settings, wanted, change, at, as_json)


def _change(what: tuple[str, ...], now: Now) -> Change:
    match what:
        case ("close",) | ("close", "now"):
            return _made(today_words.close("", now))
        case ("close", at):
            return _made(today_words.close(at, now))
        case ("open", window):
            start, _, end = window.replace("–", "-").partition("-")
            return _made(today_words.open_between(start, end, now))
        case ("clear",):
            return Clear(Said.TODAY)
    # As in a mail to himself: "cierro 13:00", "abro de 10 a 12", "normal".
    said = today_words.said(" ".join(("today", *what)), now)
    if said is None:
        raise click.UsageError(f"{' '.join(what)!r} is no change; write for example: {EXAMPLES}")
    return _made(said)


def _made(change: Change | Refused) -> Change:
    if isinstance(change, Refused):
        raise click.UsageError(f"{change.why}; {change.instead}")
    return change
