"""`recado away`: closed until a day. Expires by itself."""

from pathlib import Path

import click

from milter.cli import configuration, live, rehearsal, today_report
from milter.core import today_words
from milter.core.overrides import Change, Clear, Said
from milter.core.today_words import Now, Refused


@click.command()
@click.argument("what", metavar="[until DAY | clear]", nargs=-1)
@configuration.option
@click.option("--owner", "wanted", metavar="OWNER", help="Who is away; needed if there are several owners.")
@click.option("--json", "as_json", is_flag=True, help="One object a line for each owner.")
@click.option("--at", metavar="INSTANT", hidden=True)
def command(what: tuple[str, ...], file: Path, wanted: str | None, as_json: bool, at: str | None) -> None:
    """Close from now until DAY begins; alone, show what is in force.

    DAY is the day back: a weekday in English or the owner's language (the next one), tomorrow, or a date as 2026-12-01.
    Plans are closed too. Replies that wait are decided again.
    """
    settings = rehearsal.settings_of(file)
    change = None
    if what:
        owner = live.one_owner(settings, wanted)
        change = _change(what, Now.of(owner, today_report.instant(at, owner)))
    today_report.carry_out(settings, wanted, change, at, as_json)


def _change(what: tuple[str, ...], now: Now) -> Change:
    match what:
        case ("clear",):
            return Clear(Said.AWAY)
        case ("until", day) | (day,):
            change: Change | Refused | None = today_words.away_until(day, now)
        case _:
            change = today_words.said(" ".join(("away", *what)), now)  # "hasta el lunes"
    if change is None:
        raise click.UsageError(f"{' '.join(what)!r} is no change; write for example: away until monday, away clear")
    if isinstance(change, Refused):
        raise click.UsageError(f"{change.why}; {change.instead}")
    return change
