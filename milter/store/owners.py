"""The slots of owners: what one message asks of them and leaves in them. Commands and answers, no I/O.

A slot holds all of the owners of one shard: whom they have answered, who wants no replies, to whom they wrote, what waits,
and the journal. A message touches one as a rule, more where it was for several owners.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from milter.core.decision import CountUrgent
from milter.core.overrides import Override
from milter.core.reply_job import Claim, ClaimKey, Opted, PersonKey, PersonRecord, ReplyIntent, State
from milter.store import codec, today
from milter.store.api import Event, FactsQuery, JournalEntry, StoredFacts
from milter.store.layout import Layout, milliseconds, shard_tag
from milter.store.link import Command, Part, Script

_FACTS, _SETTLE = Script.load("facts"), Script.load("settle", durable=True)


@dataclass(slots=True)
class Question:
    """Of one shard: `claims` and who stands behind them, and what `owners` changed of their hours."""

    shard: int
    claims: list[ClaimKey] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)

    @property
    def persons(self) -> list[PersonKey]:
        return list(dict.fromkeys(PersonKey(one.owner, one.person) for one in self.claims))

    def command(self, layout: Layout, store_id: str) -> Command:
        """`store_id`: the answer is "lost" where another one stands; "" for whoever does not mind."""
        tag, persons = shard_tag(self.shard), [layout.person(one) for one in self.persons]
        keys = [f"{tag}:store", f"{tag}:opted", *(f"{tag}:claim:{layout.record(one)}" for one in self.claims)]
        keys += [f"{tag}:wrote:{one}" for one in persons] + [today.key(layout, one) for one in self.owners]
        return _FACTS.call(keys, (store_id, len(self.claims), *persons))


def asked(query: FactsQuery, layout: Layout) -> list[Question]:
    """One a shard that the query touches."""
    found: dict[int, Question] = {}
    for key in query.claims:
        found.setdefault(shard := layout.shard(key.owner), Question(shard)).claims.append(key)
    for owner in dict.fromkeys(query.owners):
        found.setdefault(shard := layout.shard(owner), Question(shard)).owners.append(owner)
    return list(found.values())


def lost(answers: Iterable[Sequence[Any]]) -> bool:
    """Whether a slot, asked or settled, does not know the store's id."""
    return any(one[0] == b"lost" for one in answers)


def answered(questions: Sequence[Question], answers: Sequence[Any], now: datetime) -> StoredFacts:
    """The part of the facts that owners' slots hold."""
    claims: dict[ClaimKey, Claim] = {}
    people: dict[PersonKey, PersonRecord] = {}
    overrides: dict[str, tuple[Override, ...]] = {}
    for question, (_known, records, persons, changes) in zip(questions, answers, strict=True):
        for key, record in zip(question.claims, records, strict=True):
            if claim := codec.decode_claim(record):
                claims[key] = claim
        for person, found in zip(question.persons, persons, strict=True):
            if any(found):
                people[person] = codec.decode_person(found)
        for owner, lines in zip(question.owners, changes, strict=True):
            if changed := today.decode(lines, now):
                overrides[owner] = changed
    return StoredFacts(claims=claims, people=people, overrides=overrides)


def left(event: Event, layout: Layout, store_id: str, *, silent: bool) -> list[Command]:
    """What one event leaves, a command a shard. `silent`: the store was lost, so nothing is claimed."""
    return [_settle(event, shard, slot, layout, store_id, silent) for shard, slot in _slots(event, layout).items()]


def claimed(answers: Iterable[Sequence[bytes]]) -> frozenset[str]:
    """The message ids of the replies that got their claim."""
    lines = (one.decode("utf-8", "surrogatepass") for _, one in answers)
    return frozenset(id for one in lines for id in one.split("\n") if id)


def _settle(event: Event, shard: int, slot: "_Slot", layout: Layout, store_id: str, silent: bool) -> Command:
    tag = shard_tag(shard)
    records, written_to, arguments = slot.arguments(event.now, layout)
    names = (f"event:{layout.event(event.id)}", "store", "due", "journal", "opted")
    keys = [f"{tag}:{one}" for one in names]
    keys += [f"{tag}:claim:{one}" for one in records] + [f"{tag}:wrote:{one}" for one in written_to]
    head = (milliseconds(event.now), codec.EVENT_KEPT, store_id, "lost" if silent else "")
    return _SETTLE.call(keys, (*head, *arguments))


@dataclass(slots=True)
class _Slot:
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
            parts += [layout.person(one.key), codec.encode_opted(one.key, now) if one.out else "", len(one.records)]
            parts += [places[layout.record(key)] for key in one.records]
        parts.append(len(self.replies))
        for reply in self.replies:
            parts += [reply.message_id, State.DUE, reply.owner, reply.correspondent, reply.encode(), codec.about(reply)]
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


def _slots(event: Event, layout: Layout) -> dict[int, _Slot]:
    """By shard of owners; only shards that the event touches."""
    found: dict[int, _Slot] = {}
    for reply in event.replies:
        found.setdefault(layout.shard(reply.owner), _Slot()).replies.append(reply)
    for key in event.counted:
        found.setdefault(layout.shard(key.owner), _Slot()).counted.append(key)
    for entry in event.journal:
        found.setdefault(layout.shard(entry.owner), _Slot()).journal.append(entry)
    for one in event.opted:
        found.setdefault(layout.shard(one.key.owner), _Slot()).opted.append(one)
    for count in event.urgent:
        found.setdefault(layout.shard(count.key.owner), _Slot()).urgent.append(count)
    for person in dict.fromkeys(event.wrote):
        found.setdefault(layout.shard(person.owner), _Slot()).wrote.append(person)
    return found
