"""What an owner has to be told of his files, and what he has been told already."""

import contextlib
import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from milter.settings.load import OwnerProblem
from milter.settings.values import Problem

log = logging.getLogger("milter.settings")


@dataclass(frozen=True, slots=True)
class Notice:
    """Everything that is wrong now in one owner's files, slips included. `in_force`: their last good version is still used."""

    owner: str
    language: str
    mailbox: str
    problems: tuple[Problem, ...]
    in_force: bool

    @property
    def broken(self) -> bool:
        """Whether it is more than slips: these are in force."""
        return any(not one.warning for one in self.problems)


def notices(of_owners: Iterable[OwnerProblem]) -> tuple[Notice, ...]:
    """One an owner with problems or slips; other warnings are for `recado check`."""
    found: dict[str, list[OwnerProblem]] = {}
    for one in of_owners:
        if not one.problem.warning or one.problem.slip:
            found.setdefault(one.owner, []).append(one)
    return tuple(
        Notice(name, first.language, first.mailbox, tuple(one.problem for one in (first, *others)), first.in_force)
        for name, (first, *others) in found.items()
    )


@dataclass(slots=True)
class Told:
    """Remembers over restarts, in `file`, which problems each owner was told of: hashes, no words of his."""

    file: Path
    _known: dict[str, list[str]] = field(default_factory=dict)
    _saved: dict[str, list[str]] = field(default_factory=dict)

    def load(self) -> None:
        """A file that is not there, or not ours, is an empty memory: told once more is better than never."""
        with contextlib.suppress(OSError, ValueError, TypeError):
            raw = dict(json.loads(self.file.read_text("ascii")))
            self._known = self._saved = {str(owner): [str(one) for one in names] for owner, names in raw.items()}

    def news(self, now_wrong: Iterable[Notice]) -> tuple[Notice, ...]:
        """Of these, who has a problem that he was not told of. Whose files are mended is forgotten."""
        before, self._known = self._known, {}
        new = []
        for one in now_wrong:
            names = [_name(problem) for problem in one.problems]
            self._known[one.owner] = names
            if not set(names) <= set(before.get(one.owner, ())):
                new.append(one)
        return tuple(new)

    def save(self) -> None:
        """Written whole or not at all; a disk that is full costs a second mail after a restart."""
        if self._known == self._saved:
            return
        written = self.file.with_suffix(".new")
        try:
            written.write_text(json.dumps(self._known), "ascii")
            written.replace(self.file)
            self._saved = self._known
        except OSError as error:
            log.warning("cannot remember what the owners were told", extra={"cause": error.strerror or str(error)})


def _name(problem: Problem) -> str:
    """The same problem in another line is no news."""
    parts = (str(problem.file), problem.key, problem.what, problem.instead)
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
