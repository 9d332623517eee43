"""Between the store's values and what the scripts are given and answer. No I/O."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from milter.core.reply_job import Claim, PersonKey, PersonRecord, ReplyIntent, State
from milter.store.api import DoneKey, Job, Journaled, JournalEntry, OptedOut, Queued
from milter.store.layout import instant, milliseconds

DAY = 86_400_000  # milliseconds
SWEEP = 2 * DAY  # added to every expiry: the instant inside decides, Redis only sweeps
EVENT_KEPT = SWEEP  # an event is known again


def about(reply: ReplyIntent) -> str:
    """What the journal keeps of a reply beside its correspondent, as `JournalEntry.fields["about"]`: see `about_of`."""
    return f"{reply.template} {reply.language} {reply.client or ''}"


def about_of(text: str) -> tuple[str, str, str]:
    """(template, language, client or ""), the inverse of `about`; empty for an entry of an older version."""
    template, language, client = (*text.split(" ", 2), "", "", "")[:3]
    return template, language, client


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
