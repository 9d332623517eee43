"""What nearly every command begins with: --config, and the settings in that file."""

from datetime import UTC, datetime
from pathlib import Path

import click

from milter.settings import load
from milter.settings.values import Settings

# readable=False: that a file is missing or may not be read is said by settings, with what to do about it.
option = click.option(
    "--config",
    "file",
    type=click.Path(path_type=Path, readable=False),
    default="/etc/recado/recado.toml",
    show_default=True,
)


def settings_in(file: Path) -> Settings:
    """With the owners whose files are good; the others' problems go to standard error. Exit 2 if `file` itself is broken."""
    loaded = load(file, make_secret=False, today=datetime.now(UTC).date())
    for problem in loaded.problems:
        if not problem.warning:
            click.echo(str(problem), err=True)
    if loaded.settings is None:
        raise SystemExit(2)
    return loaded.settings
