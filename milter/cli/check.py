"""`recado check`: every problem of the configuration, one a line."""

from datetime import UTC, datetime
from pathlib import Path

import click

from milter.cli import check_dns, check_keys, check_next_hops, check_redis, configuration
from milter.delivery import office_words
from milter.settings import load, problems_here


@click.command("check")
@configuration.option
@click.option("--quiet", is_flag=True, help="Say nothing of what the files mean.")
def command(file: Path, quiet: bool) -> None:
    """Check recado.toml and the owners' files; exit 0, or 2 with one line per problem.

    If there is no problem: what the files mean, in each owner's language (`info:` lines), and how Redis, the name servers, the
    next hops and the keys do.
    """
    loaded = load(file, make_secret=False, today=datetime.now(UTC).date())
    problems = loaded.problems + (problems_here(loaded.settings) if loaded.settings else ())
    for one in problems:
        click.echo(f"warning: {one}" if one.warning else str(one))
    if any(not one.warning for one in problems) or loaded.settings is None:
        raise SystemExit(2)
    warnings, about = check_redis.ask(loaded.settings)
    asked = check_keys.ask(loaded.settings) + check_next_hops.ask(loaded.settings) + check_dns.ask(loaded.settings)
    for one in asked + warnings:
        click.echo(f"warning: {one}")
    if not quiet:
        if about:
            click.echo(f"info: {about}")
        for owner in loaded.settings.policy.owners:
            for identity in owner.identities:
                for sentence in office_words.told(owner, identity, datetime.now(UTC)):
                    click.echo(f"info: {owner.id}/{identity.name}: {sentence}")
    files = "1 owner's file" if loaded.owners_files == 1 else f"{loaded.owners_files} owners' files"
    click.echo(f"{file.name} and {files}: no problems")
