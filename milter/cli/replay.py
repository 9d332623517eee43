"""`recado replay`: the dress rehearsal. Sends nothing, writes nothing outside a scratch store."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from milter.cli import rehearsal, report, source
from milter.cli.source import BadSource, Letter
from milter.core.reply_job import ReplyIntent
from milter.delivery.writer import Writer
from milter.service import Service
from milter.settings.values import Settings
from milter.store import server
from milter.store.redis import RedisStore


@click.command()
@click.option("--config", "file", type=click.Path(path_type=Path), default="/etc/recado/recado.toml", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One object a line for each message and recipient.")
@click.option("--render", is_flag=True, help="With --json: the whole reply as it would leave, base64.")
@click.option("--limit", type=int, help="Stop after so many messages.")
@click.argument("where", metavar="SOURCE", type=click.Path(path_type=Path))
def command(file: Path, as_json: bool, render: bool, limit: int | None, where: Path) -> None:
    """Decide for every message of SOURCE (Maildir, mbox, folder of .eml, .jsonl manifest), each at its own instant."""
    settings = rehearsal.settings_of(file, own_results=True)
    letters = islice(source.read(where, settings.policy), limit)
    out, total = _Output(settings, as_json, render), source.count(where)
    try:
        with (
            rehearsal.quiet(),
            server.scratch() as scratch,
            Progress(console=Console(stderr=True), transient=True) as bar,
        ):
            task = bar.add_task("Rehearsing", total=min(filter(None, (total, limit)), default=None))
            asyncio.run(_replay(settings, scratch, letters, out, lambda: bar.advance(task)))
    except BadSource as error:
        raise click.ClickException(str(error)) from error
    except server.ServerProblem as error:
        raise click.ClickException(str(error)) from error
    out.close()


async def _replay(
    settings: Settings,
    scratch: server.EmbeddedServer,
    letters: Iterator[Letter],
    out: "_Output",
    advance: Callable[[], object],
) -> None:
    store = RedisStore(scratch.url, settings.policy.keys)
    try:
        for number, letter in enumerate(letters, 1):
            if letter.fresh:
                # A store that is emptied under its client is a lost one, and silent for a day: so another client, too.
                await store.close()
                server.ask(scratch.socket_path, "FLUSHALL")
                store = RedisStore(scratch.url, settings.policy.keys)
            service = Service(settings, store, keep=_never)
            examination = await service.examine(rehearsal.transaction(letter, number), "replay")
            settled = await service.settle(examination, [rehearsal.DELIVERED] * len(letter.rcpt_to))
            out.add(letter, rehearsal.Rehearsed(examination, settled.claimed))
            advance()
    finally:
        await store.close()


def _never(event: object) -> None:
    raise click.ClickException(f"the scratch store went away: {event!r:.80}")


class _Output:
    """Prints objects as they come, or collects rows for a table."""

    def __init__(self, settings: Settings, as_json: bool, render: bool) -> None:
        self.settings, self.as_json, self.render = settings, as_json, render
        self.writer = Writer()
        self.console = Console()
        self.counts: Counter[str] = Counter()
        self.table = Table("message", "at", "from", "to", "class", "goes to", "reply", box=None, header_style="bold")

    def add(self, letter: Letter, rehearsed: rehearsal.Rehearsed) -> None:
        for decision in rehearsed.examination.decisions:
            intent = decision.reply
            claimed = intent is not None and intent.message_id in rehearsed.claimed
            self.counts["replies"] += report.sends(decision, claimed)
            self.counts[decision.sender_class.value if decision.sender_class else "no owner"] += 1
            if self.as_json:
                raw = self._raw if self.render else None
                click.echo(json.dumps(report.as_json(letter.id, letter.at, decision, claimed, raw), ensure_ascii=False))
                continue
            place = "/".join(filter(None, (decision.moved_to, decision.folder))) or "inbox"
            reply = report.reply_line(decision, claimed) if intent else _last_reason(decision.reasons)
            self.table.add_row(
                escape(letter.id),
                f"{letter.at:%a %d %b %H:%M}",
                escape(letter.mail_from or "<>"),
                escape(decision.rcpt_to),
                decision.sender_class.value if decision.sender_class else "-",
                escape(place),
                reply,
            )

    def _raw(self, intent: ReplyIntent) -> bytes:
        return self.writer.write(self.settings, intent, intent.not_before)

    def close(self) -> None:
        if self.as_json:
            return
        self.console.print(self.table)
        replies = self.counts.pop("replies")
        classes = ", ".join(f"{count} {name}" for name, count in self.counts.most_common())
        self.console.print(
            f"\n{sum(self.counts.values())} decided ({classes or 'nothing'}); {replies} replies would be sent."
        )


def _last_reason(reasons: tuple[object, ...]) -> str:
    return f"[dim]{getattr(reasons[-1], 'code', '')}[/]" if reasons else ""
