"""`recado explain`: one message against the live store, read only."""

import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console

from milter.cli import rehearsal, report
from milter.cli.instant import parse_instant
from milter.cli.source import Letter, message_of
from milter.core.reply_job import ReplyIntent
from milter.delivery.writer import Writer
from milter.service import Examination, Service
from milter.settings.values import Settings
from milter.store import server
from milter.store.redis import RedisStore


@click.command()
@click.option("--config", "file", type=click.Path(path_type=Path), default="/etc/recado/recado.toml", show_default=True)
@click.option("--mail-from", required=True, help='Envelope sender; "" is the null reverse-path.')
@click.option("--rcpt-to", required=True, help="Envelope recipient.")
@click.option("--at", metavar="INSTANT", help="Decide as of this instant (ISO 8601); default: now.")
@click.option("--json", "as_json", is_flag=True)
@click.option("--render", is_flag=True, help="Show the reply as it would leave.")
@click.argument("where", metavar="FILE|-", type=click.Path(path_type=Path, allow_dash=True))
def command(file: Path, mail_from: str, rcpt_to: str, at: str | None, as_json: bool, render: bool, where: Path) -> None:
    """Explain what would become of one message (FILE, or - for standard input), and why."""
    settings = rehearsal.settings_of(file, own_results=False)
    try:
        content = sys.stdin.buffer.read() if str(where) == "-" else where.read_bytes()
    except OSError as error:
        raise click.ClickException(f"{where}: {error.strerror}; give a file with one message, or -") from error
    addressed = settings.policy.addressed(rcpt_to)
    instant = parse_instant(at, addressed.owner.timezone if addressed else None) if at else rehearsal.now()
    letter = Letter(where.name, message_of(content), mail_from, (rcpt_to,), instant)
    with rehearsal.quiet():
        examination = asyncio.run(_explain(settings, letter))
    _print(settings, letter, examination, instant, as_json=as_json, render=render)


async def _explain(settings: Settings, letter: Letter) -> Examination:
    url = server.live_url(settings.state_dir) if settings.redis_url == "embedded" else settings.redis_url
    store = RedisStore(url, settings.policy.keys, read_only=True)
    try:
        # Read only: facts.lua writes nothing, and explain never settles.
        return await Service(settings, store, keep=lambda event: None).examine(
            rehearsal.transaction(letter, 0), "explain"
        )
    finally:
        await store.close()


def _print(
    settings: Settings, letter: Letter, examination: Examination, at: datetime, *, as_json: bool, render: bool
) -> None:
    def raw(intent: ReplyIntent) -> bytes:
        return Writer().write(settings, intent, intent.not_before)

    console = Console(highlight=False)
    for decision in examination.decisions:
        if as_json:
            click.echo(
                json.dumps(report.as_json(letter.id, at, decision, True, raw if render else None), ensure_ascii=False)
            )
            continue
        for line in report.lines(at, decision, True):
            console.print(line, soft_wrap=True)
        if render and decision.reply:
            click.echo(raw(decision.reply).decode("utf-8", "replace").replace("\r\n", "\n"))
