"""What was last learned of a message: so that the same lesson counts once, and a later one takes the earlier back."""

from dataclasses import dataclass
from datetime import datetime

from milter.core.learning import Lesson
from milter.core.reply_job import PersonKey
from milter.store.command import Command
from milter.store.layout import Layout, instant, milliseconds, shard_tag
from milter.store.link import Link

KEPT = 180 * 86_400_000  # milliseconds: six half-lives, then hardly anything of it is left to take back


@dataclass(frozen=True, slots=True)
class Lessons:
    """One wait a call, or StoreAway. `message` as `core.learning.Learned.message`."""

    link: Link
    layout: Layout

    async def last(self, owner: str, message: str) -> tuple[Lesson, datetime] | None:
        (value,) = await self.link.run("learn", [Command(("GET", self._key(owner, message)))])
        if value is None:
            return None
        lesson, at = value.decode("ascii").split(" ")
        return Lesson(lesson), instant(at)

    async def note(self, owner: str, message: str, lesson: Lesson, now: datetime) -> None:
        value = f"{lesson} {milliseconds(now)}"
        await self.link.run("learn", [Command(("SET", self._key(owner, message), value, "PX", KEPT))])

    async def forget_letters(self, person: PersonKey) -> bool:
        """Deletes that the owner has written to this person. False: that was not known."""
        key = f"{shard_tag(self.layout.shard(person.owner))}:wrote:{self.layout.person(person)}"
        (deleted,) = await self.link.run("learn", [Command(("DEL", key))])
        return bool(deleted)

    def _key(self, owner: str, message: str) -> str:
        return f"{shard_tag(self.layout.shard(owner))}:learned:{message}"
