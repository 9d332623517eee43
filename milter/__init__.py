"""Recado: office hours for a mailbox. A mail filter between Postfix and the mailbox."""

from importlib.resources import files
from pathlib import Path

__version__ = "0.1.0"


def shipped(folder: str) -> Path:
    """The folder of shipped files (`templates` or `config`): inside an installed package, else beside it in a checkout."""
    package = Path(str(files(__package__)))
    inside = package / folder
    return inside if inside.is_dir() else package.parent / folder
