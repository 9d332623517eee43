"""Between the store's values and what the scripts are given and answer. No I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from milter.core.decision import CountUrgent
from milter.core.reply_job import Claim, ClaimKey, Opted, PersonKey, PersonRecord, ReplyIntent, State
from milter.store.api import DoneKey, Event, Job, Journaled, JournalEntry, OptedOut, Queued
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
    opted: list[Opted] = field(default_factory=list)
    wrote: list[PersonKey] = field(default_factory=list)
    urgent: list[CountUrgent] = field(default_factory=list)

    def arguments(self, now: datetime, layout: Layout) -> tuple[list[str], list[str], list[Part]]:
        """The names of the records, those of the persons written to, and what settle.lua reads one after the other."""
        keys = [request.key for reply in self.replies for request in reply.claims] + self.counted
        keys += [key for one in self.opted for key in one.records] + [one.key for one in self.urgent]
        places = {name: place for place, name in enumerate(dict.fromkeys(layout.record(key) for key in keys), start=1)}
        parts: list[Part] = [len(places), len(self.opted)]
        for one in self.opted:
            parts += [layout.person(one.key), encode_opted(one.key, now) if one.out else "", len(one.records)]
            parts += [places[layout.record(key)] for key in one.records]
        parts.append(len(self.replies))
        for reply in self.replies:
            parts += [reply.message_id, State.DUE, reply.owner, reply.correspondent, reply.encode(), about(reply)]
            parts += [milliseconds(reply.not_before), milliseconds(reply.not_after), len(reply.claims)]
            for claim in reply.claims:
                instants = (milliseconds(each) for each in (claim.until, claim.opens, claim.since))
                person = layout.person(PersonKey(claim.key.owner, claim.key.person))
                parts += [places[layout.record(claim.key)], *instants, claim.guard, person]
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
        parts.append(len(self.urgent))
        for each in self.urgent:
            parts += [places[layout.record(each.key)], milliseconds(each.until)]
        return list(places), [layout.person(one) for one in self.wrote], parts


def about(reply: ReplyIntent) -> str:
    """What the journal keeps of a reply beside its correspondent, as `JournalEntry.fields["about"]`: see `about_of`."""
    return f"{reply.template} {reply.language} {reply.client or ''}"


def about_of(text: str) -> tuple[str, str, str]:
    """(template, language, client or ""), the inverse of `about`; empty for an entry of an older version."""
    template, language, client = (*text.split(" ", 2), "", "", "")[:3]
    return template, language, client


def slots(event: Event, layout: Layout) -> dict[int, Slot]:
    """By shard of owners; only shards that the event touches."""
    found: dict[int, Slot] = {}
    for reply in event.replies:
        found.setdefault(layout.shard(reply.owner), Slot()).replies.append(reply)
    for key in event.counted:
        found.setdefault(layout.shard(key.owner), Slot()).counted.append(key)
    for entry in event.journal:
        found.setdefault(layout.shard(entry.owner), Slot()).journal.append(entry)
    for one in event.opted:
        found.setdefault(layout.shard(one.key.owner), Slot()).opted.append(one)
    for count in event.urgent:
        found.setdefault(layout.shard(count.key.owner), Slot()).urgent.append(count)
    for person in dict.fromkeys(event.wrote):
        found.setdefault(layout.shard(person.owner), Slot()).wrote.append(person)
    return found


def by_shard(claims: Iterable[ClaimKey], layout: Layout) -> dict[int, list[ClaimKey]]:
    found: dict[int, list[ClaimKey]] = {}
    for key in claims:
        found.setdefault(layout.shard(key.owner), []).append(key)
    return found


def persons_of(claims: Iterable[ClaimKey]) -> list[PersonKey]:
    return list(dict.fromkeys(PersonKey(key.owner, key.person) for key in claims))


def encode_opted(key: PersonKey, now: datetime) -> str:
    return f"{milliseconds(now)}\n{key.owner}\n{key.person}"


def decode_opted(value: bytes) -> tuple[str, OptedOut]:
    """The owner, and whom he may not answer any more."""
    at, owner, person = value.decode("utf-8", "surrogatepass").split("\n", 2)
    return owner, OptedOut(person, instant(at))


def decode_person(found: Sequence[bytes]) -> PersonRecord:
    opted_out, wrote = found
    return PersonRecord(bool(opted_out), instant(wrote) if wrote else None)


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


def decode_claim(record: Sequence[bytes] | None) -> Claim | None:
    if record is None:
        return None
    until, opens, state, count, since, again = record
    return Claim(
        instant(until),
        instant(opens) if opens else None,
        State(state.decode()),
        int(count),
        instant(since) if since else None,
        again == b"1",
    )


def decode_job(shard: int, leased: Sequence[Any]) -> Job:
    """ValueError if another version of the program queued it."""
    name, job, number, attempts, count, opted_out, wrote = leased
    intent = ReplyIntent.decode(job.decode("utf-8", "surrogatepass"))
    person = decode_person((opted_out, wrote))
    return Job(f"{shard} {name.decode()} {number}", intent, attempts, count, person)


def decode_queued(at: datetime, record: Sequence[bytes | None]) -> Queued | None:
    """None for a record that went on, or that another version of the program queued."""
    state, job, attempts = record
    if state is None or job is None:
        return None
    try:
        intent = ReplyIntent.decode(job.decode("utf-8", "surrogatepass"))
    except ValueError:
        return None
    return Queued(at, State(state.decode()), intent, int(attempts or 0))


def decode_journal(flat: Sequence[bytes]) -> Journaled:
    texts = [one.decode("utf-8", "surrogatepass") for one in flat]
    values = dict(zip(texts[::2], texts[1::2], strict=True))
    at, owner, code = (values.pop(name, "") for name in ("@at", "@owner", "@code"))
    return Journaled(instant(at or 0), JournalEntry(owner, code, values))
