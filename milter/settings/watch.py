"""Whether a file that settings were made of has been saved: the parent asks now and then and loads again."""

import os
from dataclasses import dataclass
from pathlib import Path

from milter import shipped
from milter.settings.closures import calendar_files
from milter.settings.owner_file import files_of, folder_of
from milter.settings.values import Settings


@dataclass(frozen=True, slots=True)
class Stamp:
    """How one file looked. An editor that renames a new file over it changes `inode`, others `mtime_ns`. `readers`: mode, user
    and group, for who mends a file that could not be read."""

    path: str
    mtime_ns: int
    size: int
    inode: int
    readers: tuple[int, int, int]


Fingerprint = frozenset[Stamp]
MOST_LOOKS = 20  # at files that change from look to look, before they are loaded as they are


@dataclass(slots=True)
class Watch:
    """`seen` is in force. Editors empty a file before they write it: what changes from one look to the next is not saved yet."""

    seen: Fingerprint
    _last: Fingerprint = frozenset()
    _looks: int = 0

    @property
    def writing(self) -> bool:
        """Whether somebody was still writing at the last look: the next one should come soon."""
        return self._looks > 0

    def saved(self, found: Fingerprint) -> bool:
        """Whether what was `found` at this look is to be loaded."""
        self._looks = self._looks + 1 if found != self.seen else 0
        settled, self._last = found == self._last, found
        return self._looks > 0 and (settled or self._looks > MOST_LOOKS)

    def loading(self, found: Fingerprint) -> None:
        """`found` just before the files were loaded."""
        self.seen, self._last, self._looks = found, found, 0


def fingerprint(settings: Settings, templates: Path | None = None) -> Fingerprint:
    """Of the owners' files, everything in their folders, their calendars, and the shipped texts; recado.toml waits for SIGHUP.

    Taken before loading, so that a file saved meanwhile is seen the next time.
    """
    owners = files_of(settings.file, settings.owners)
    own = [one for owner in owners for one in _inside(folder_of(owner))]
    keys = [
        Path(one.dkim.key_file)
        for owner in settings.policy.owners
        for one in owner.identities
        if one.dkim and one.dkim.key_file
    ]
    calendars = [file for one in settings.calendars for file in calendar_files(Path(one))]
    return frozenset(
        stamp
        for one in (*owners, *own, *keys, *calendars, *_inside(templates or shipped("templates")))
        if (stamp := _stamp(one))
    )


def _inside(folder: Path) -> list[Path]:
    try:
        return [Path(one.path) for one in os.scandir(folder) if not one.name.startswith(".")]
    except OSError:
        return []


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return Stamp(str(path), found.st_mtime_ns, found.st_size, found.st_ino, (found.st_mode, found.st_uid, found.st_gid))
