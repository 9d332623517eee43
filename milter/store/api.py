"""What is asked of the store and what it answers. Plain values: `redis.py` turns them into scripts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from milter.core.decision import CountUrgent
from milter.core.evidence import Evidence
from milter.core.facts import Missing, Standing
from milter.core.overrides import Change, Override
from milter.core.reply_job import NOTHING_KNOWN, Claim, ClaimKey, Opted, PersonKey, PersonRecord, ReplyIntent, State
from milter.core.sender import Sender


@dataclass(frozen=True, slots=True)
class DoneKey:
    """Names one recipient's copy of one message: `digest` keyed hash (hex); `queue_id` evidence, "" if unknown."""

    digest: str
    queue_id: str


@dataclass(frozen=True, slots=True)
class FactsQuery:
    """One message's look-ups. `place` picks the slot where its outcomes are remembered (`core.sender.claimed_place`).

    `sender`, and `judges`: the owners whose evidence of him is asked for. `claims` may belong to several owners; what is known
    of their persons is answered with them. `owners`: whose changes of today are asked for.
    """

    now: datetime
    place: str
    sender: Sender | None = None
    done: tuple[DoneKey, ...] = ()
    claims: tuple[ClaimKey, ...] = ()
    owners: tuple[str, ...] = ()
    judges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredFacts:
    """`done`: the remembered reply text by digest (queue ids already compared). `claims`, `people`: records that exist.

    `lost_at`: when the store was last found empty, None if never: `claims` may lack whoever was answered before that.
    `overrides`: by owner, those that have changed something for now or later. `standing`: of the sender, by judge;
    Missing where a Cluster's server that knows him is away.
    """

    done: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[ClaimKey, Claim] = field(default_factory=dict)
    people: Mapping[PersonKey, PersonRecord] = field(default_factory=dict)
    standing: Mapping[str, Standing] | Missing = field(default_factory=dict)
    lost_at: datetime | None = None
    overrides: Mapping[str, tuple[Override, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One line of an owner's journal: codes and addresses, never a subject or a text."""

    owner: str
    code: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Journaled:
    """A journal entry as read back. `at`: the instant given when it was written."""

    at: datetime
    entry: JournalEntry


@dataclass(frozen=True, slots=True)
class Event:
    """What came of one transaction. Settling the same `id` again changes nothing and answers as the first time.

    `done`: (key, reply to remember, seconds to keep), in the slot of `place`. `evidence`: of senders, for and against.
    `counted`: records whose claim withheld a reply when it was decided; each counts one more.
    `opted`: wishes of persons, heeded before `replies`. `wrote`: to whom the owner himself wrote (`now` is when):
    evidence, too.
    `urgent`: counts of urgent messages, each one more. `changes`: what owners changed of their hours, by mail.
    """

    id: str
    now: datetime
    place: str
    done: tuple[tuple[DoneKey, str, int], ...] = ()
    replies: tuple[ReplyIntent, ...] = ()
    journal: tuple[JournalEntry, ...] = ()
    counted: tuple[ClaimKey, ...] = ()
    opted: tuple[Opted, ...] = ()
    wrote: tuple[PersonKey, ...] = ()
    changes: tuple[tuple[str, Change], ...] = ()
    urgent: tuple[CountUrgent, ...] = ()
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """`claimed`: message_ids of the replies that got their claim and are due now; shadow ones are rehearsed then.

    The others had been answered already, or, if `lost`, nobody can know whether they had. `waits`: the store is away, so all of it
    is settled later.
    """

    claimed: frozenset[str]
    lost: bool = False
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """A due reply, leased to us. `record` is opaque: hand it back. `attempts` counts the leases before this one.

    `person`: what is known, at the lease, of the persons it claimed; `overrides`: what the owner has changed of his hours.
    """

    record: str
    intent: ReplyIntent
    attempts: int
    count: int
    person: PersonRecord = NOTHING_KNOWN
    overrides: tuple[Override, ...] = ()

    @property
    def name(self) -> str:
        """Names the record whoever holds it: its shard and its name, 33 hex digits (`core.bounces.mark`)."""
        shard, name, _ = self.record.split(" ")
        return f"{int(shard):x}{name}"


@dataclass(frozen=True, slots=True)
class OptedOut:
    """A person who gets no automatic replies of an owner, as `recado replies --opted-out` lists him. `since`: when he said so."""

    person: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Queued:
    """A reply that waits, as `recado replies --due` lists it. `at`: when it is looked at next; `attempts` made so far.

    `state` due, leased (a worker has it) or handed (it may have left).
    """

    at: datetime
    state: State
    intent: ReplyIntent
    attempts: int
