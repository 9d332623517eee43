"""Names of the keys, and instants as they stand in Redis. A slot a bucket of senders, a slot a shard of owners."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from milter.core.evidence import Evidence
from milter.core.keys import Keys
from milter.core.reply_job import ClaimKey, PersonKey
from milter.core.sender import NameKind, Sender

META = "recado:meta"
HOUR_OF_ALL = "recado:{all}:hour"  # replies of every owner: a slot of its own
BUCKETS = 16384  # of senders: at a million of them a bucket stays a compact listpack
SHARDS = 16  # of owners
NAME = 6  # bytes of a sender's name in his slot: of 10,000 in one, two share it in one slot of five million
CLAIMED = 4  # of a stranger's: those that are the same for every network he came from
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Layout:
    """No name holds an address: everything that comes from mail is hashed with the secret."""

    keys: Keys

    def bucket(self, place: str) -> str:
        """The tag of the slot of senders for a `core.sender` place."""
        return f"recado:{{s{int(self.keys.name('bucket', place)[:8], 16) % BUCKETS}}}"

    def field(self, owner: str, sender: Sender) -> bytes:
        """The bytes that name a sender among those of his slot, for one owner."""
        name = bytes.fromhex(self.keys.name("reputation", sender.kind, owner, sender.name))[:NAME]
        if sender.kind is not NameKind.STRANGER:
            return name
        return (
            name[:CLAIMED]
            + bytes.fromhex(self.keys.name("network", owner, sender.name, sender.network))[: NAME - CLAIMED]
        )

    def once(self, evidence: Evidence) -> str:
        """The name of evidence that counts once."""
        one = evidence
        return self.keys.name(
            "once", one.owner, one.kind, one.sender.kind, one.sender.name, one.sender.network, one.once
        )

    def shard(self, owner: str) -> int:
        return int(self.keys.name("owner", owner)[:8], 16) % SHARDS

    def record(self, key: ClaimKey) -> str:
        """The name of a record inside its owner's slot."""
        shadow = "shadow" if key.shadow else "live"
        return self.keys.name("claim", key.owner, key.identity, key.person, key.kind, shadow)

    def person(self, key: PersonKey) -> str:
        """The name of a person inside the owner's slot."""
        return self.keys.name("person", key.owner, key.person)

    def event(self, id: str) -> str:
        return self.keys.name("event", id)


def shard_tag(shard: int) -> str:
    return f"recado:{{o{shard:02}}}"


def milliseconds(instant: datetime | None) -> str:
    """Whole milliseconds since 1970 in decimal; "" for None. Exact up to the year 9999, where floats are not."""
    return "" if instant is None else str((instant - _EPOCH) // _MILLISECOND)


def instant(milliseconds: bytes | str | int) -> datetime:
    return _EPOCH + int(milliseconds) * _MILLISECOND


def from_seconds(seconds: bytes | str | float) -> datetime:
    return _EPOCH + timedelta(seconds=float(seconds))
