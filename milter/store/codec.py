"""Between the store's values and what the scripts are given and answer. No I/O."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from milter.core.facts import Standing
from milter.core.reply_job import Claim, ClaimKey, ReplyIntent, State
from milter.store.api import DoneKey, Event, Job, Journaled, JournalEntry
from milter.store.layout import Layout, instant, milliseconds
from milter.store.link import Part

DAY = 86_400_000  # milliseconds
SWEEP = 2 * DAY  # added to every expiry: the instant inside decides, Redis only sweeps


@dataclass(slots=True)
class Slot:
    """What one event does to one shard of owners."""

    replies: list[ReplyIntent] = field(default_factory=list)
    counted: list[ClaimKey] = field(default_factory=list)
    journal: list[JournalEntry] = field(default_factory=list)

    def arguments(self, layout: Layout) -> tuple[list[str], list[Part]]:
        """The names of the records, and the arguments that settle.lua reads one after the other."""
        keys = [request.key for reply in self.replies for request in reply.claims] + self.counted
        places = {name: place for place, name in enumerate(dict.fromkeys(layout.record(key) for key in keys), start=1)}
        parts: list[Part] = [len(self.replies)]
        for reply in self.replies:
            state = State.WITHHELD if reply.claims[0].key.shadow else State.DUE
            parts += [reply.message_id, state, reply.owner, reply.correspondent, reply.encode()]
            parts += [milliseconds(reply.not_before), milliseconds(reply.not_after), len(reply.claims)]
            for one in reply.claims:
                parts += [places[layout.record(one.key)], milliseconds(one.until), milliseconds(one.opens), one.guard]
        parts += [len(self.counted), *(places[layout.record(key)] for key in self.counted), len(self.journal)]
        for entry in self.journal:
            pairs = [
                "@owner",
                entry.owner,
                "@code",
                entry.code,
                *(part for pair in entry.fields.items() for part in pair),
            ]
            parts += [len(pairs), *pairs]
        return list(places), parts


def slots(event: Event, layout: Layout) -> dict[int, Slot]:
    """By shard of owners; only shards that the event touches."""
    found: dict[int, Slot] = {}
    for reply in event.replies:
        found.setdefault(layout.shard(reply.owner), Slot()).replies.append(reply)
    for key in event.counted:
        found.setdefault(layout.shard(key.owner), Slot()).counted.append(key)
    for entry in event.journal:
        found.setdefault(layout.shard(entry.owner), Slot()).journal.append(entry)
    return found


def by_shard(claims: Iterable[ClaimKey], layout: Layout) -> dict[int, list[ClaimKey]]:
    found: dict[int, list[ClaimKey]] = {}
    for key in claims:
        found.setdefault(layout.shard(key.owner), []).append(key)
    return found


def encode_done(key: DoneKey, reply: str, seconds: int, now: datetime) -> tuple[bytes, int]:
    """The value to remember and its span in Redis (ms)."""
    until = int(milliseconds(now)) + seconds * 1000
    return f"{until}\n{key.queue_id}\n{reply}".encode("utf-8", "surrogatepass"), seconds * 1000 + SWEEP


def decode_done(value: bytes | None, key: DoneKey, now: datetime) -> str | None:
    """The reply; None if there is none, its time is over, or the two queue ids are known and differ."""
    if value is None:
        return None
    until, queue_id, reply = value.decode("utf-8", "surrogatepass").split("\n", 2)
    if int(until) <= int(milliseconds(now)) or (queue_id and key.queue_id and queue_id != key.queue_id):
        return None
    return reply


def decode_standing(packed: bytes) -> Standing | None:
    if len(packed) != struct.calcsize("<II"):
        return None
    _last, count = struct.unpack("<II", packed)
    return Standing("neutral", count)


def decode_claim(record: Sequence[bytes] | None) -> Claim | None:
    if record is None:
        return None
    until, opens, state, count = record
    return Claim(instant(until), instant(opens) if opens else None, State(state.decode()), int(count))


def decode_job(shard: int, leased: Sequence[Any]) -> Job:
    """ValueError if another version of the program queued it."""
    name, job, number, attempts, count = leased
    intent = ReplyIntent.decode(job.decode("utf-8", "surrogatepass"))
    return Job(f"{shard} {name.decode()} {number}", intent, attempts, count)


def decode_journal(flat: Sequence[bytes]) -> Journaled:
    texts = [one.decode("utf-8", "surrogatepass") for one in flat]
    values = dict(zip(texts[::2], texts[1::2], strict=True))
    at, owner, code = (values.pop(name, "") for name in ("@at", "@owner", "@code"))
    return Journaled(instant(at or 0), JournalEntry(owner, code, values))
