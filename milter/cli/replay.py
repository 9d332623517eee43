"""`recado replay`: the dress rehearsal. Sends nothing, writes nothing outside a scratch store."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from milter.cli import configuration, rehearsal, report, source
from milter.cli.letters import BadSource, Found, Letter, Skipped
from milter.cli.tally import Tally
from milter.core.decision import Decision
from milter.core.reply_job import ReplyIntent
from milter.delivery.writer import NotWritten, Writer
from milter.service import Service
from milter.settings.values import Settings
from milter.store import server
from milter.store.redis import RedisStore


@click.command()
@configuration.option
@click.option("--json", "as_json", is_flag=True, help="One object a line for each message and recipient.")
@click.option("--render", is_flag=True, help="Show each reply as its reader sees it; with --json its bytes, base64.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Stop after so many messages.")
@click.argument("where", metavar="SOURCE", type=click.Path(path_type=Path))
def command(file: Path, as_json: bool, render: bool, limit: int | None, where: Path) -> None:
    """The dress rehearsal: decide for every message of SOURCE, each at the moment it arrived. Sends nothing.

    SOURCE is a Maildir (without its subfolders), an mbox, a folder of .eml files, one message, or a .jsonl manifest.
    """
    settings = rehearsal.settings_of(file)
    try:
        with rehearsal.quiet(), _progress(limit) as progress:
            out = _Output(settings, as_json=as_json, render=render, wait=progress.on_screen)
            found = source.read(where, settings.policy)
            progress.expect(found.total)
            with server.scratch() as scratch:
                asyncio.run(_replay(settings, scratch, found, limit, out, progress.advance))
    except (BadSource, server.ServerProblem) as error:
        raise click.ClickException(str(error)) from error
    out.close()


async def _replay(
    settings: Settings,
    scratch: server.EmbeddedServer,
    found: Found,
    limit: int | None,
    out: "_Output",
    advance: Callable[[], None],
) -> None:
    store = RedisStore(scratch.url, settings.policy.keys)
    number = 0
    try:
        for letter in found.letters:
            if isinstance(letter, Skipped):
                out.skip(letter)
                continue
            if number == limit:
                break
            number += 1
            if letter.fresh and number > 1:
                # A store that is emptied under its client is a lost one, and silent for a day: so another client, too.
                await store.close()
                server.ask(scratch.socket_path, "FLUSHALL")
                store = RedisStore(scratch.url, settings.policy.keys)
            service = Service(settings, rehearsal.Patient(store), keep=_lost)
            examination = await service.examine(rehearsal.transaction(letter, number, settings), "replay")
            settled = await service.settle(examination, [rehearsal.DELIVERED] * len(letter.rcpt_to))
            out.add(letter, [rehearsal.as_claimed(one, settled.claimed) for one in examination.decisions])
            advance()
    finally:
        await store.close()


def _lost(event: object) -> None:
    raise click.ClickException("the scratch store went away; run it again")


class _Progress:
    """A bar on standard error, if that is a terminal. `on_screen`: it shares the screen with standard output."""

    def __init__(self, bar: Progress, limit: int | None) -> None:
        self._bar, self._limit = bar, limit
        self._task = bar.add_task("Rehearsing", total=None)
        self.on_screen = not bar.disable and sys.stdout.isatty()

    def expect(self, total: int) -> None:
        self._bar.update(self._task, total=total if self._limit is None else min(total, self._limit))

    def advance(self) -> None:
        self._bar.advance(self._task)


@contextmanager
def _progress(limit: int | None) -> Iterator[_Progress]:
    console = Console(stderr=True)
    # Redirected, standard output would end in the terminal although it was sent to a file.
    with Progress(console=console, transient=True, redirect_stdout=False, disable=not console.is_terminal) as bar:
        yield _Progress(bar, limit)


class _Output:
    """Prints as it comes, or, with `wait`, at the end; for a person, with a summary."""

    def __init__(self, settings: Settings, *, as_json: bool, render: bool, wait: bool) -> None:
        self.settings, self.as_json, self.render, self.wait = settings, as_json, render, wait
        self.writer = Writer()
        self.tally = Tally()
        self.waiting: list[str] = []

    def skip(self, one: Skipped) -> None:
        self.tally.skipped += 1
        self._print(f"skipped {report.plain(one.id)}: {one.why}", err=self.as_json)

    def add(self, letter: Letter, decisions: list[Decision]) -> None:
        owner = decisions[0].owner
        self.tally.message(letter.at.astimezone(owner.timezone) if owner else letter.at)
        for decision in decisions:
            self.tally.decision(decision)
            if self.as_json:
                answer = report.as_json(
                    letter.id, letter.at, decision, self.settings.policy, self._raw if self.render else None
                )
                self._print(json.dumps(answer, ensure_ascii=False))
                continue
            for line in _row(letter, decision):
                self._print(line)
            if self.render and decision.reply and (raw := self._raw(decision.reply)):
                self._print("\n" + "\n".join(f"    {line}".rstrip() for line in report.as_read(raw).split("\n")) + "\n")

    def _raw(self, intent: ReplyIntent) -> bytes | None:
        try:
            return self.writer.write(self.settings, intent, intent.not_before)
        except NotWritten as error:
            self._print(f"{intent.template} ({intent.language}) cannot be written: {error}", err=True)
            return None

    def _print(self, line: str, *, err: bool = False) -> None:
        if self.wait and not err:
            self.waiting.append(line)
        else:
            click.echo(line, err=err)

    def close(self) -> None:
        for line in self.waiting:
            click.echo(line)
        if not self.as_json:
            click.echo("\n".join(("", *self.tally.lines())))


def _row(letter: Letter, decision: Decision) -> list[str]:
    zone = decision.owner.timezone if decision.owner else None
    head = f"{letter.at.astimezone(zone) if zone else letter.at:%a %d %b %Y %H:%M}"
    names = report.plain(f"{letter.mail_from or '<>'} -> {decision.rcpt_to or '?'}")
    parts = (report.who(decision), report.where(decision), report.reply(decision), letter.id)
    return [click.style(f"{head}  {names}", bold=True), *_filled(parts)]


def _filled(parts: Iterable[str]) -> list[str]:
    """Lines of whole parts, so that no folder and no name is cut in two."""
    lines = [""]
    for part in map(report.plain, parts):
        longer = f"{lines[-1]}; {part}" if lines[-1] else f"  {part}"
        if len(longer) > report.WIDTH and lines[-1]:
            lines.append(f"  {part}")
        else:
            lines[-1] = longer
    return lines
