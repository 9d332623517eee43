"""The `recado` command: one module a subcommand, imported when it is called, so that the small ones start fast."""

import io
import sys
from difflib import get_close_matches
from importlib import import_module

import click

from milter import __version__

COMMANDS = {
    "serve": "Run the daemon in the foreground.",
    "check": "Check the configuration; exit 0, or 2 with one line per problem.",
    "replay": "Dress rehearsal: decide for a whole mailbox, send nothing.",
    "explain": "Explain what would become of one message.",
    "preview": "Show what a client would receive.",
    "lint": "Check every text as its readers would get it.",
    "replies": "What became of the automatic replies; or switch them off, shadow, live.",
    "today": "Close or open differently today.",
    "away": "Close until a day.",
    "promises": "What clients were promised, due, overdue, kept.",
    "learn": "Learn from what became of a message: junk, ham or sent.",
    "reputation": "What is known of a sender, and what it leads to.",
    "dkim-key": "Make a DKIM key and print its DNS record.",
    "agenda": "Draw the coming weeks: open, closed, and why.",
    "next-opening": "Tell when an identity opens next, and why it is closed.",
}


class Lazy(click.Group):
    """Lists the commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            near = get_close_matches(cmd_name, COMMANDS, 1)
            if near and not ctx.resilient_parsing:
                ctx.fail(f"No such command {cmd_name!r}. Did you mean {near[0]!r}?")
            return None
        command: click.Command = import_module(f"milter.cli.{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="recado")
def main() -> None:
    """Office hours for a mailbox: files client mail, keeps personal mail apart, acknowledges clients out of hours."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal in Latin-1 cannot show each of our signs; what it cannot show is no reason to stop in the middle.
        sys.stdout.reconfigure(errors="replace")
