"""`recado learn`: a message was moved into Junk, out of it, or sent. Imports little: a mail program waits for it."""

import os
import sys
import time
import tomllib
from pathlib import Path

import click

LESSONS = ("junk", "ham", "sent")
EXAMPLE = "recado learn junk --user ana@estudio.example message.eml"


@click.command()
@click.argument("lesson", metavar="[junk|ham|sent]", required=False, type=click.Choice(LESSONS))
@click.argument("where", metavar="[FILE|-]", default="-", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--config",
    "file",
    type=click.Path(path_type=Path, readable=False),
    default="/etc/recado/recado.toml",
    show_default=True,
)
@click.option("--user", metavar="MAILBOX", help="Whose mailbox it lies in. Default: as the message itself says.")
@click.option("--later", is_flag=True, help="Take the message, answer at once, and learn it in the background.")
@click.option("--waiting", is_flag=True, help="Learn what --later took and could not finish. Alone, without a message.")
@click.option("--held", type=int, hidden=True)
@click.option("--at", metavar="INSTANT", hidden=True)
def command(
    lesson: str | None,
    where: Path,
    file: Path,
    user: str | None,
    later: bool,
    waiting: bool,
    held: int | None,
    at: str | None,
) -> None:
    """Learn from what an owner did with a message: junk, he moved it into Junk; ham, he moved it out; sent, he wrote it.

    FILE is one message as it lies in the mailbox, - (the default) is standard input. The same message counts once; of junk and
    ham the later one counts, and the earlier is taken back. Of personal identities nothing is learned. When the store is
    away, it waits in state_dir. Dovecot calls this (config/dovecot/91-recado-learn.conf).
    """
    if waiting and (lesson or later):
        raise click.UsageError("--waiting takes no message; write: recado learn --waiting")
    if waiting:
        from milter.cli import learning

        learning.learn_waiting_ones(file, held)
        return
    if lesson is None:
        raise click.UsageError(f"say what became of the message: junk, ham or sent; for example: {EXAMPLE}")
    content = _content(where)
    if later:
        _take(file, lesson, user, content)
        return
    from milter.cli import learning

    learning.learn_now(file, lesson, user, content, at)


def _content(where: Path) -> bytes:
    """All of it, whatever becomes of it: who pipes it to us fails if we stop reading."""
    try:
        content = sys.stdin.buffer.read() if str(where) == "-" else where.read_bytes()
    except OSError as error:
        name = os.fsencode(where).decode("utf-8", "replace")
        raise click.UsageError(f"{name}: {error.strerror}; give a file with one message, or -") from error
    if not content.strip():
        raise click.UsageError(f"there is no message in it; for example: {EXAMPLE}")
    return content


def _take(file: Path, lesson: str, user: str | None, content: bytes) -> None:
    """Of the message only the header is kept, for as long as it takes. Never fails the move that it tells of."""
    from milter.cli import learn_waiting

    try:
        directory = learn_waiting.directory(file)
        learn_waiting.put(directory, lesson, user, content, time.time_ns())
        learn_waiting.start(file, directory)
    except tomllib.TOMLDecodeError as error:
        click.echo(f"recado learn {lesson}: not learned: {file}: {error}", err=True)
    except (OSError, ValueError) as error:
        click.echo(f"recado learn {lesson}: not learned: {error}", err=True)
