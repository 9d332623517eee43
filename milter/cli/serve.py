"""`recado serve`: the daemon, in the foreground."""

import logging
import socket
from datetime import UTC, datetime
from pathlib import Path

import click

from milter import logs
from milter.cli import configuration
from milter.daemon import parent
from milter.settings import load, problems_here
from milter.settings.values import Settings

log = logging.getLogger("milter.daemon")


@click.command()
@configuration.option
@click.option("--log-format", type=click.Choice(["logfmt", "json"]), default="logfmt", show_default=True)
def command(file: Path, log_format: str) -> None:
    """Run the daemon in the foreground: every door that has a table, its workers and the reply queue."""
    logs.configure(as_json=log_format == "json")
    loaded = load(file, today=datetime.now(UTC).date())
    said = parent.report(loaded.problems)
    parent.report_owners(loaded.of_owners)
    if loaded.settings is None:
        raise SystemExit(parent.EXIT_CONFIGURATION)
    here = problems_here(loaded.settings)
    parent.report(here)
    if any(not one.warning for one in here):
        raise SystemExit(parent.EXIT_CONFIGURATION)
    try:
        status = parent.Parent(loaded.settings, _run_worker, loaded.of_owners, said).run()
    except parent.NotStarted as error:
        log.error("not started: %s", error)
        raise SystemExit(parent.EXIT_CONFIGURATION) from error
    raise SystemExit(status)


def _run_worker(settings: Settings, sockets: dict[str, socket.socket], pipe: socket.socket, store_url: str) -> int:
    # Imported in the child: the parent stays free of asyncio.
    from milter.daemon.worker import run

    return run(settings, sockets, pipe, store_url)
