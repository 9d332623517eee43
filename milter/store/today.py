"""What an owner changed of his hours, for every node: a short list of lines in his slot, read with the facts of a message."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from milter.core.overrides import Change, Clear, Override, Said, in_force
from milter.store.codec import SWEEP
from milter.store.layout import Layout, instant, milliseconds, shard_tag
from milter.store.link import Command, Link, Script

log = logging.getLogger("milter.store")

MOST = 50  # lines kept of one owner: what is cut off has been over, or taken back, long ago
_TODAY = Script.load("today")


@dataclass(frozen=True, slots=True)
class Today:
    """One wait a call, or StoreAway."""

    link: Link
    layout: Layout

    async def read(self, owner: str, now: datetime) -> tuple[Override, ...]:
        """What is in force now or will be, in the order it was said."""
        return (await self.of((owner,), now))[owner]

    async def of(self, owners: Iterable[str], now: datetime) -> dict[str, tuple[Override, ...]]:
        """The same of several owners, in one wait."""
        names = list(dict.fromkeys(owners))
        if not names:
            return {}
        answers = await self.link.run("today", [Command(("LRANGE", key(self.layout, one), 0, -1)) for one in names])
        return {name: decode(lines, now) for name, lines in zip(names, answers, strict=True)}

    async def change(self, owner: str, change: Change, now: datetime) -> tuple[Override, ...]:
        """Remembers it; what is in force then."""
        (lines,) = await self.link.run("today", [command(self.layout, owner, change, now)])
        return decode(lines, now)


def key(layout: Layout, owner: str) -> str:
    return f"{shard_tag(layout.shard(owner))}:today:{layout.keys.name('today', owner)}"


def command(layout: Layout, owner: str, change: Change, now: datetime, event: str = "") -> Command:
    """Remembers it. `event`: names what it came from, so that it counts once."""
    end = change.end if isinstance(change, Override) else now
    span = max(int(milliseconds(end)) - int(milliseconds(now)), 0) + SWEEP
    line, tag = encode(change), shard_tag(layout.shard(owner))
    marker = [f"{tag}:changed:{layout.keys.name('changed', event, line)}"] if event else []
    return _TODAY.call([key(layout, owner), *marker], (line, span, MOST))


def encode(change: Change) -> str:
    match change:
        case Override(start, end, is_open, said):
            return f"{milliseconds(start)} {milliseconds(end)} {'open' if is_open else 'closed'} {said}"
        case Clear(said):
            return f"clear {said}"


def decode_one(line: str) -> Change:
    """ValueError if another version of the program wrote it."""
    match line.split(" "):
        case ["clear", said]:
            return Clear(Said(said))
        case [start, end, ("open" | "closed") as kind, said]:
            return Override(instant(start), instant(end), kind == "open", Said(said))
    raise ValueError(f"not a change of today: {line[:40]!r}")


def decode(lines: Sequence[bytes], now: datetime) -> tuple[Override, ...]:
    """What is in force of all that was said. A line that cannot be read is left out: the hours in the file hold then."""
    changes: list[Change] = []
    for one in lines:
        try:
            changes.append(decode_one(one.decode("utf-8", "replace")))
        except (ValueError, OverflowError) as error:
            log.warning("a change of an owner's hours cannot be read", extra={"cause": str(error)})
    return in_force(changes, now)
