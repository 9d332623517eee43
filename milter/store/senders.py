"""The slots of senders: what one message asks of them and leaves in them. Commands and answers, no I/O.

A slot holds the records of the senders of some organisations, of every owner, and the outcomes remembered of their mail. A
message touches one as a rule: two where a list's own name and the author's domain lie apart.
"""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from milter.core import reputation, sender
from milter.core.evidence import Evidence, Kind
from milter.core.facts import Missing, Standing
from milter.core.reputation import Record
from milter.core.sender import NameKind, Signed
from milter.store import codec
from milter.store.api import Event, FactsQuery
from milter.store.layout import Layout, milliseconds
from milter.store.link import AWAY, Command, Part, Script

MOST = 240  # records of one hash: half of Redis's hash-max-listpack-entries, past which it costs four times as much
HASHES = 4096  # of one slot: about 700,000 records
ONCE = codec.SWEEP  # milliseconds in which the same evidence counts once: how long a replay pays
RELEARNING = timedelta(days=30)  # after a loss of the store
_PACKED = struct.Struct("<IfffHH")


def script(name: str) -> Script:
    """A script of the reputation, behind what all of them share."""
    folder = Path(__file__).parent / "scripts"
    text = "\n".join((folder / f"{one}.lua").read_text("utf-8") for one in ("buckets", name))
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


_READ, _LEARN = script("senders"), script("learn")


def encode(record: Record) -> bytes:
    return _PACKED.pack(record.last, record.good, record.bad, record.burst, record.count, record.flags)


def decode(packed: bytes) -> Record | None:
    """None for b"" and for whatever is no record of ours."""
    return Record(*_PACKED.unpack(packed)) if len(packed) == _PACKED.size else None


def hash_key(layout: Layout, place: str) -> str:
    """The first hash of a slot's records."""
    return f"{layout.bucket(place)}:r"


def read(layout: Layout, place: str, fields: Sequence[bytes], outcomes: Sequence[str] = ()) -> Command:
    """Answers {status, {record | ""...}, {outcome | false...}}."""
    tag = layout.bucket(place)
    return _READ.call([hash_key(layout, place), *(f"{tag}:done:{one}" for one in outcomes)], (MOST, HASHES, *fields))


def asked(query: FactsQuery, layout: Layout) -> list[Command]:
    """One command, or two where the sender's record lies in another slot than the message's outcomes."""
    outcomes = [one.digest for one in query.done]
    fields = _fields(query, layout)
    if not query.sender or layout.bucket(query.sender.place) == layout.bucket(query.place):
        return [read(layout, query.place, fields, outcomes)]
    return [read(layout, query.place, (), outcomes), read(layout, query.sender.place, fields)]


def answered(
    query: FactsQuery, answers: Sequence[Any], lost_at: datetime | None
) -> tuple[bool, list[bytes | None], dict[str, Standing] | Missing]:
    """Whether all could be read, the outcomes in order, and each judge's standing of the sender.

    An answer of None is that of a slot whose server is away. For a while after the store was lost nobody is said to be here for the
    first time: that is not known.
    """
    readable = all(one is None or one[0] == b"ok" for one in answers)
    outcomes = answers[0][2] if answers[0] else [None] * len(query.done)
    who = query.sender
    if who is None:
        return readable, outcomes, {}
    if answers[-1] is None:
        return readable, outcomes, Missing(AWAY)
    records = [decode(one) for one in answers[-1][1]]
    lenders = records[len(query.judges) :] or [None] * len(query.judges)
    standing = {
        owner: reputation.standing(mine, domain, query.now, authenticated=who.authenticated)
        for owner, mine, domain in zip(query.judges, records, lenders, strict=False)
    }
    if lost_at and query.now < lost_at + RELEARNING:
        standing = {owner: replace(one, first=False) for owner, one in standing.items()}
    return readable, outcomes, standing


def _fields(query: FactsQuery, layout: Layout) -> list[bytes]:
    """The sender for every judge, then his domain for every judge, if it lends him anything."""
    who = query.sender
    if who is None:
        return []
    lender = sender.of_domain(who.domain) if who.domain and who.authenticated else None
    names = (who, lender) if lender else (who,)
    return [layout.field(owner, one) for one in names for owner in query.judges]


def left(event: Event, layout: Layout) -> list[Command]:
    """What one event leaves, a command a slot."""
    by_slot: dict[str, list[Evidence]] = {layout.bucket(event.place): []} if event.done else {}
    for one in (*event.evidence, *_written_to(event)):
        # Asking for no more replies is remembered elsewhere and weighs nothing.
        if one.kind is not Kind.OPT_OUT:
            by_slot.setdefault(layout.bucket(one.sender.place), []).append(one)
    here = layout.bucket(event.place)
    return [_learn(event, tag, found, layout, outcomes=tag == here) for tag, found in by_slot.items()]


def _written_to(event: Event) -> Iterable[Evidence]:
    for person in dict.fromkeys(event.wrote):
        if "@" in person.person:
            yield Evidence(person.owner, sender.of_address(person.person), Kind.WROTE)


def _learn(event: Event, tag: str, found: Sequence[Evidence], layout: Layout, *, outcomes: bool) -> Command:
    done = event.done if outcomes else ()
    keys = [f"{tag}:event:{layout.event(event.id)}", f"{tag}:r", *(f"{tag}:done:{key.digest}" for key, _, _ in done)]
    parts: list[Part] = [MOST, HASHES, milliseconds(event.now), codec.EVENT_KEPT, ONCE, len(done)]
    for key, reply, seconds in done:
        parts += codec.encode_done(key, reply, seconds, event.now)
    for one in found:
        which: Part = ""
        if one.once:
            keys.append(f"{tag}:once:{layout.once(one)}")
            which = len(keys)
        parts += _line(one, which, layout)
    return _LEARN.call(keys, parts)


def _line(one: Evidence, which: Part, layout: Layout) -> list[Part]:
    """As learn.lua reads it. A stranger's domain learns nothing from him: his word for it is all there is."""
    who = one.sender
    domain = layout.field(one.owner, sender.of_domain(who.domain)) if who.domain else b""
    learns = domain if who.authenticated and who.kind is not NameKind.DOMAIN else b""
    needs = domain if one.kind is Kind.SIGNATURE else b""
    signed = one.signed if learns else Signed.NONE
    weight = one.weight
    return [layout.field(one.owner, who), learns, str(weight.good), str(weight.bad), which, needs, signed]
