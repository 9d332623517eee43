"""The one record of an automatic reply: claim, job and history in one."""

import json
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

MOVED = timedelta(hours=12)  # an opening put off by less than that is no news worth a second letter


class ReplyKind(StrEnum):
    """What is counted apart: a wrong-address pointer does not use up a prospect's only text.

    URGENT is no reply: how many urgent messages of a client were heeded this month.
    """

    ACKNOWLEDGEMENT = "acknowledgement"
    PROSPECT = "prospect"
    WRONG_ADDRESS = "wrong-address"
    POINTER = "pointer"
    INVITATION = "invitation"
    URGENT = "urgent"


class State(StrEnum):
    """due -> leased -> handed -> sent | unknown | cancelled | withheld, or bounced hard. Once handed, never sent again."""

    DUE = "due"
    LEASED = "leased"
    HANDED = "handed"
    SENT = "sent"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    WITHHELD = "withheld"
    BOUNCED = "bounced"


@dataclass(frozen=True, slots=True)
class ClaimKey:
    """Names a record: `person` is `address.correspondent_name(...)`. Shadow claims are apart from live ones (`shadow`)."""

    owner: str
    identity: str
    person: str
    kind: ReplyKind
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class PersonKey:
    """One person as one owner knows him: `person` as in ClaimKey, for all identities of the owner."""

    owner: str
    person: str


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """What is remembered of a person: wants no automatic replies; when the owner wrote to him last (None: never known)."""

    opted_out: bool = False
    wrote: datetime | None = None


NOTHING_KNOWN = PersonRecord()


@dataclass(frozen=True, slots=True)
class Opted:
    """A person's wish, to be remembered for ever. `records`: the replies to him that may be waiting, taken back with it."""

    key: PersonKey
    out: bool
    records: tuple[ClaimKey, ...] = ()


class Guard(StrEnum):
    """What forbids a new reply. UNTIL: an instant, whatever happens. OPENS: an opening announced and still ahead.

    REPEAT: as UNTIL, for short closures. NONE: nothing, the record is only written along.
    """

    UNTIL = "until"
    OPENS = "opens"
    REPEAT = "repeat"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """A record to claim: see `taken`. `until` and `opens` are written as max(old, new). `since`: when the office closed."""

    key: ClaimKey
    until: datetime
    opens: datetime | None
    guard: Guard
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """An existing record: nothing of a short closure is announced before `until`; `opens` is the opening announced last.

    `since`: when the closed period announced last began; `again`: it was announced twice, because its end was put off.
    """

    until: datetime
    opens: datetime | None
    state: State
    count: int
    since: datetime | None = None
    again: bool = False


def taken(request: ClaimRequest, existing: Claim | None, now: datetime) -> bool:
    """Whether `existing` forbids the reply that `request` belongs to. settle.lua says the same.

    Once a closed period; once more, and never a third time, if it opens MOVED later than this person was told.
    """
    if existing is None or request.guard is Guard.NONE:
        return False
    if request.guard is not Guard.UNTIL and _announced(request, existing, now):
        return existing.again or not _put_off(request, existing)
    return request.guard is not Guard.OPENS and now < existing.until


def _announced(request: ClaimRequest, existing: Claim, now: datetime) -> bool:
    """Whether this person was told of this closed period: the opening told is ahead, or was put off after it had passed."""
    ahead = existing.opens is not None and now < existing.opens
    return ahead or (existing.since is not None and existing.since == request.since)


def _put_off(request: ClaimRequest, existing: Claim) -> bool:
    if request.opens is None:
        return False
    return existing.opens is None or request.opens - existing.opens >= MOVED


@dataclass(frozen=True, slots=True)
class ReplyIntent:
    """What was decided, enough to decide again when due and to render then. Holds no rendered text and none of the client's
    words but the subject (decoded, control characters cut, at most 200 characters).

    `claims`: the first is the job's own record, the others are claimed with it (the author's, and the acknowledgement that a
    wrong-address reply counts as). `opens` is there whenever the identity is closed, whatever the text says of it.
    `correspondent` RCPT TO of the reply, as in MAIL FROM. `from_address` From of the reply. `client` None: the stranger's text.
    `parent_id`/`references` of the parent message, "" and () if it had none. `message_id` of the reply, with brackets.
    `due`: until when the plan promises an answer; None: nothing is promised. `calendar`: the iTIP object that goes with the
    text, CRLF; "" for none; `asked` the (start, end) that its invitation is about, `offered` those that it proposes instead.
    `cause`: the id of the transaction that it answers, for our log.
    """

    claims: tuple[ClaimRequest, ...]
    opens: datetime | None
    owner: str
    identity: str
    from_address: str
    correspondent: str
    client: str | None
    template: str
    language: str
    trust: str
    subject: str
    parent_id: str
    references: tuple[str, ...]
    message_id: str
    smtputf8: bool
    created: datetime
    not_before: datetime
    not_after: datetime
    due: datetime | None = None
    calendar: str = ""
    asked: tuple[tuple[datetime, datetime], ...] = ()
    offered: tuple[tuple[datetime, datetime], ...] = ()
    cause: str = ""

    @property
    def shadow(self) -> bool:
        """A rehearsal: decided and recorded, never sent."""
        return self.claims[0].key.shadow

    def encode(self) -> str:
        """JSON, the form kept in the store and the outbox."""
        # By attribute, not with dataclasses.asdict: that copies deeply and was a fifth of a message's whole CPU.
        values = {name: getattr(self, name) for name in _FIELDS}
        return json.dumps(values, default=_plain, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def decode(cls, text: str) -> "ReplyIntent":
        """The inverse of encode; ValueError if a newer or older version wrote something else."""
        raw: dict[str, Any] = json.loads(text)
        try:
            raw["claims"] = tuple(_claim(one) for one in raw["claims"])
            raw["references"] = tuple(raw["references"])
            raw = {
                "due": None,
                "calendar": "",
                "asked": (),
                "offered": (),
                "cause": "",
            } | raw  # records of an older version
            for name in ("asked", "offered"):
                raw[name] = tuple((datetime.fromisoformat(one), datetime.fromisoformat(end)) for one, end in raw[name])
            for name in ("opens", "created", "not_before", "not_after", "due"):
                raw[name] = _instant(raw[name])
            return cls(**{name: raw[name] for name in _FIELDS})
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a reply intent: {error!r}") from error


def _claim(raw: dict[str, Any]) -> ClaimRequest:
    key = ClaimKey(**{**raw["key"], "kind": ReplyKind(raw["key"]["kind"])})
    until, since = datetime.fromisoformat(raw["until"]), _instant(raw.get("since"))
    return ClaimRequest(key, until, _instant(raw["opens"]), Guard(raw["guard"]), since)


def _instant(raw: str | None) -> datetime | None:
    return datetime.fromisoformat(raw) if raw else None


def _plain(value: object) -> object:
    match value:
        case datetime():
            return value.isoformat()
        case ClaimRequest() | ClaimKey():
            return {one: getattr(value, one) for one in value.__slots__}
    raise TypeError(type(value).__name__)


_FIELDS = tuple(one.name for one in fields(ReplyIntent))
