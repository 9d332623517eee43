"""What was done for an owner and what waits, as commands list it. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from milter.store import codec
from milter.store.api import Journaled, OptedOut, Queued
from milter.store.layout import Layout, from_seconds, shard_tag
from milter.store.link import Command, Link

PAGE = 500  # entries a wait


@dataclass(frozen=True, slots=True)
class History:
    """StoreAway as everywhere. `owner` is an owner's id."""

    link: Link
    layout: Layout

    async def journal(self, owner: str, since: datetime, limit: int) -> list[Journaled]:
        """The newest `limit` entries of `owner` from `since` on, oldest first. A page a wait: for commands."""
        stream, found, end = f"{shard_tag(self.layout.shard(owner))}:journal", list[Journaled](), "+"
        while len(found) < limit:
            (page,) = await self.link.run("journal", [Command(("XREVRANGE", stream, end, "-", "COUNT", PAGE))])
            entries = [codec.decode_journal(flat) for _, flat in page]
            found += [one for one in entries if one.entry.owner == owner and one.at >= since]
            if len(page) < PAGE:
                break
            end = f"({page[-1][0].decode()}"
        in_turn = found[:limit][::-1]
        return sorted(in_turn, key=lambda one: one.at)

    async def queued(self, owner: str) -> list[Queued]:
        """The replies of `owner` that wait, the next first. Reads only: for commands. A page a wait."""
        tag = shard_tag(self.layout.shard(owner))
        (scores,) = await self.link.run("queued", [Command(("ZRANGE", f"{tag}:due", 0, -1, "WITHSCORES"))])
        found: list[Queued] = []
        for at in range(0, len(scores), 2 * PAGE):
            page = list(zip(scores[at : at + 2 * PAGE : 2], scores[at + 1 : at + 2 * PAGE : 2], strict=True))
            read = [Command(("HMGET", f"{tag}:claim:{name.decode()}", "state", "job", "attempts")) for name, _ in page]
            for (_, score), record in zip(page, await self.link.run("queued", read), strict=True):
                one = codec.decode_queued(from_seconds(score), record)
                if one and one.intent.owner == owner:
                    found.append(one)
        return found

    async def opted_out(self, owner: str) -> list[OptedOut]:
        """Who wants no automatic replies of `owner`, the latest first. One wait: for commands."""
        tag = shard_tag(self.layout.shard(owner))
        (values,) = await self.link.run("opted", [Command(("HVALS", f"{tag}:opted"))])
        found = [one for whose, one in map(codec.decode_opted, values) if whose == owner]
        return sorted(found, key=lambda one: one.since, reverse=True)
