"""What clients were promised: one record a promise, made when the reply leaves, kept when the owner has answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from milter.core.reply_job import ReplyIntent, State
from milter.store.layout import Layout, instant, milliseconds, shard_tag
from milter.store.link import Command, Link, Part, Script

KEPT = timedelta(days=90)  # after it was due
PAGE = 500
ID = 10  # hex digits: enough to tell one owner's promises apart, short enough to type
_PROMISE, _KEPT = Script.load("promise"), Script.load("kept")
_FIELDS = ("owner", "client", "to", "message", "due", "sent", "kept")


@dataclass(frozen=True, slots=True)
class Promise:
    """`client` the client's table; `to` whom it was promised; `message` the id of the client's message, "" if it had none.

    `sent` None: it may have left, and nobody knows (a crash, a lost connection). `kept` None: not yet, as far as is known.
    """

    id: str
    owner: str
    client: str
    to: str
    message: str
    due: datetime
    sent: datetime | None
    kept: datetime | None


@dataclass(frozen=True, slots=True)
class Promises:
    """One wait a call, a page of PAGE when listing, or StoreAway."""

    link: Link
    layout: Layout

    def handed(self, intent: ReplyIntent, now: datetime) -> list[Command]:
        """What to do beside `handed`: from now on it may have been promised. Nothing if the reply promises nothing."""
        if intent.due is None:
            return []
        message = intent.parent_id
        values: list[Part] = [
            intent.owner,
            intent.client or "",
            intent.correspondent,
            message,
            milliseconds(intent.due),
        ]
        people = {self.layout.keys.name("promised", one.key.owner, one.key.person) for one in intent.claims}
        span = max(intent.due - now, timedelta(0)) + KEPT
        head: list[Part] = [
            "handed",
            milliseconds(now),
            milliseconds(now - KEPT),
            int(span / timedelta(milliseconds=1)),
        ]
        return [self._call(intent, [*head, " ".join(sorted(people)), *values])]

    def ended(self, intent: ReplyIntent, state: State, moved: bool, now: datetime) -> list[Command]:
        """What to do beside `finish`. Of an unknown end nothing: it may have been promised, and the list says so."""
        if intent.due is None or state is State.UNKNOWN:
            return []
        if state is State.SENT:
            return [self._call(intent, ["sent", milliseconds(now)])]
        return self.withdrawn(intent) if moved else []

    def withdrawn(self, intent: ReplyIntent) -> list[Command]:
        """It certainly did not leave."""
        return [self._call(intent, ["withdrawn"])] if intent.due else []

    async def bounced(self, owner: str, message_id: str) -> None:
        """The reply of that Message-ID came back: nobody has read what it promised, if it did."""
        await self.link.run("promises", [self._named(owner, message_id, ["withdrawn"])])

    def _call(self, intent: ReplyIntent, arguments: Sequence[Part]) -> Command:
        return self._named(intent.owner, intent.message_id, arguments)

    def _named(self, owner: str, message_id: str, arguments: Sequence[Part]) -> Command:
        id = self.layout.keys.name("promise", owner, message_id)[:ID]
        return _PROMISE.call([self._list(owner), self._record(owner, id)], [arguments[0], id, *arguments[1:]])

    async def listed(self, owner: str) -> list[Promise]:
        """All of `owner` that are remembered, the first due first."""
        (ids,) = await self.link.run("promises", [Command(("ZRANGE", self._list(owner), 0, -1))])
        found: list[Promise] = []
        for at in range(0, len(ids), PAGE):
            page = [one.decode() for one in ids[at : at + PAGE]]
            read = [Command(("HMGET", self._record(owner, one), *_FIELDS)) for one in page]
            for id, values in zip(page, await self.link.run("promises", read), strict=True):
                if values[0] is not None and values[4]:
                    found.append(_decode(id, values))
        return found

    async def kept(self, owner: str, person: str, now: datetime) -> int:
        """The owner has written to `person` (as in ClaimKey): what was promised to him before is kept. How many were open."""
        name = self.layout.keys.name("promised", owner, person)
        return await self._keep(owner, name, "", now)

    async def kept_one(self, owner: str, id: str, now: datetime) -> bool:
        """The owner says so of this one. False: there is no such promise, or it was kept already."""
        return bool(await self._keep(owner, "", id, now))

    async def _keep(self, owner: str, person: str, id: str, now: datetime) -> int:
        command = _KEPT.call([self._list(owner)], (self._record(owner, ""), milliseconds(now), person, id))
        (count,) = await self.link.run("promises", [command])
        return int(count)

    def _list(self, owner: str) -> str:
        return f"{self._tag(owner)}:promises:{self.layout.keys.name('promises', owner)}"

    def _record(self, owner: str, id: str) -> str:
        return f"{self._tag(owner)}:promise:{id}"

    def _tag(self, owner: str) -> str:
        return shard_tag(self.layout.shard(owner))


def _decode(id: str, values: Sequence[bytes | None]) -> Promise:
    owner, client, to, message, due, sent, kept = ((one or b"").decode("utf-8", "surrogatepass") for one in values)
    return Promise(
        id, owner, client, to, message, instant(due), instant(sent) if sent else None, instant(kept) if kept else None
    )
