"""The people and replies that the stories of the store are about. One evening: Friday 19:00 UTC, closed until Monday 08:00."""

from datetime import UTC, datetime, timedelta

from milter.core.evidence import Evidence, Kind
from milter.core.keys import Keys
from milter.core.reply_job import ClaimKey, ClaimRequest, Guard, ReplyIntent, ReplyKind
from milter.core.sender import of_address
from milter.store.api import DoneKey, Event, FactsQuery, JournalEntry

KEYS = Keys(b"a secret of thirty-two bytes...!")
EVENING = datetime(2026, 3, 6, 19, 0, tzinfo=UTC)
MONDAY = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
FOR_EVER = datetime.max.replace(tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def key(
    person: str = "laura@acme.example", kind: ReplyKind = ReplyKind.ACKNOWLEDGEMENT, owner: str = "ana", **more: bool
) -> ClaimKey:
    return ClaimKey(owner, "studio", person, kind, **more)


def request(
    claim: ClaimKey | None = None,
    *,
    until: datetime = MONDAY,
    opens: datetime | None = MONDAY,
    guard: Guard = Guard.OPENS,
) -> ClaimRequest:
    return ClaimRequest(claim or key(), until, opens, guard)


def intent(
    name: str = "1", *claims: ClaimRequest, now: datetime = EVENING, subject: str = "Presupuesto"
) -> ReplyIntent:
    claims = claims or (request(),)
    return ReplyIntent(
        claims=claims,
        opens=MONDAY,
        owner=claims[0].key.owner,
        identity="studio",
        from_address="ana@studio.example",
        correspondent=claims[0].key.person,
        client="acme",
        template="closed",
        language="es",
        trust="authenticated",
        subject=subject,
        parent_id="<parent@acme.example>",
        references=(),
        message_id=f"<{name}@mx.studio.example>",
        smtputf8=False,
        created=now,
        not_before=now + 5 * MINUTE,
        not_after=now + DAY,
    )


def event(id: str = "e1", *replies: ReplyIntent, now: datetime = EVENING, **more: object) -> Event:
    values: dict[str, object] = {"place": "acme.example", **more}
    return Event(id=id, now=now, replies=replies, **values)


def query(*claims: ClaimKey, now: datetime = EVENING, done: tuple[DoneKey, ...] = (), author: str = "") -> FactsQuery:
    who = of_address(author) if author else None
    return FactsQuery(now, "acme.example", who, done, claims, judges=("ana",) if who else ())


def said(kind: Kind = Kind.WROTE, author: str = "laura@acme.example", owner: str = "ana", once: str = "") -> Evidence:
    """One piece of evidence about a proven author."""
    return Evidence(owner, of_address(author), kind, once)


def remembered(queue_id: str = "") -> DoneKey:
    return DoneKey(KEYS.name("done", "one message"), queue_id)


def line(code: str = "reply-queued", owner: str = "ana", **fields: str) -> JournalEntry:
    return JournalEntry(owner, code, fields)


def message_ids(*names: str) -> frozenset[str]:
    return frozenset(f"<{name}@mx.studio.example>" for name in names)
