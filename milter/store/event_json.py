"""An event as one JSON text, for the outbox."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from milter.core.decision import CountUrgent
from milter.core.evidence import Evidence, Kind
from milter.core.reply_job import ClaimKey, Opted, PersonKey, ReplyIntent, ReplyKind
from milter.core.sender import NameKind, Sender, Signed
from milter.store import today
from milter.store.api import DoneKey, Event, JournalEntry

FORMAT = 1


def encode(event: Event) -> bytes:
    """ASCII alone: bytes of mail that are no UTF-8 survive as escapes."""
    raw = {
        "format": FORMAT,
        "id": event.id,
        "now": event.now.isoformat(),
        "place": event.place,
        "done": [[key.digest, key.queue_id, reply, keep] for key, reply, keep in event.done],
        "replies": [one.encode() for one in event.replies],
        "journal": [[one.owner, one.code, dict(one.fields)] for one in event.journal],
        "counted": [asdict(one) for one in event.counted],
        "opted": [asdict(one) for one in event.opted],
        "wrote": [asdict(one) for one in event.wrote],
        "changes": [[owner, today.encode(change)] for owner, change in event.changes],
        "urgent": [[asdict(one.key), one.until.isoformat()] for one in event.urgent],
        "evidence": [asdict(one) for one in event.evidence],
    }
    return json.dumps(raw, separators=(",", ":")).encode("ascii")


def decode(text: bytes) -> Event:
    """ValueError if this is no event that this version wrote."""
    raw: Any = json.loads(text)
    try:
        if raw["format"] != FORMAT:
            raise ValueError(f"an event of format {raw['format']!r}")
        return Event(
            id=raw["id"],
            now=_aware(raw["now"]),
            place=raw["place"] if "place" in raw else raw["sender_domain"],  # of an older version
            done=tuple((DoneKey(digest, queue_id), reply, keep) for digest, queue_id, reply, keep in raw["done"]),
            replies=tuple(ReplyIntent.decode(one) for one in raw["replies"]),
            journal=tuple(JournalEntry(owner, code, fields) for owner, code, fields in raw["journal"]),
            counted=tuple(_claim_key(one) for one in raw["counted"]),
            opted=tuple(
                Opted(PersonKey(**one["key"]), bool(one["out"]), tuple(_claim_key(each) for each in one["records"]))
                for one in raw.get("opted", ())
            ),
            wrote=tuple(PersonKey(**one) for one in raw.get("wrote", ())),
            changes=tuple((owner, today.decode_one(line)) for owner, line in raw.get("changes", ())),
            urgent=tuple(CountUrgent(_claim_key(key), _aware(until)) for key, until in raw.get("urgent", ())),
            evidence=tuple(_evidence(one) for one in raw.get("evidence", ())),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not an event: {error!r}") from error


def _claim_key(raw: dict[str, Any]) -> ClaimKey:
    return ClaimKey(**{**raw, "kind": ReplyKind(raw["kind"])})


def _evidence(raw: dict[str, Any]) -> Evidence:
    sender = Sender(**{**raw["sender"], "kind": NameKind(raw["sender"]["kind"])})
    return Evidence(**{**raw, "sender": sender, "kind": Kind(raw["kind"]), "signed": Signed(raw["signed"])})


def _aware(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"an instant without offset: {text!r}")
    return instant
