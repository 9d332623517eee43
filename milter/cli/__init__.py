"""The `recado` command."""

from milter.cli.main import main

__all__ = ["main"]
