"""`recado check`: every problem of the configuration, one a line."""

from pathlib import Path

import click

from milter.settings import load, problems_here


@click.command("check")
@click.option(
    "--config",
    "file",
    type=click.Path(path_type=Path, readable=False),
    default=Path("/etc/recado/recado.toml"),
    show_default=True,
    help="recado.toml",
)
def command(file: Path) -> None:
    """Check recado.toml and the owners' files; exit 0, or 2 with one line per problem."""
    loaded = load(file, make_secret=False)
    problems = loaded.problems + (problems_here(loaded.settings) if loaded.settings else ())
    for one in problems:
        click.echo(f"warning: {one}" if one.warning else str(one))
    if any(not one.warning for one in problems):
        raise SystemExit(2)
    files = "1 owner's file" if loaded.owners_files == 1 else f"{loaded.owners_files} owners' files"
    click.echo(f"{file.name} and {files}: no problems")
