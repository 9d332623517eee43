"""The situations in which a text is tried: every reader there may be, every cause of being closed, all or nothing to offer.

The instants are fixed, so that a text is judged alike on every day: two years with holidays, a day off and a vacation.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from milter.core import address
from milter.core.acknowledgement.texts import CALL_REQUEST
from milter.core.hours import Closed, Schedule, state_at
from milter.core.owner import Brand, Client, Identity, Kind, Owner, Plan, Tone
from milter.core.reply_job import ReplyIntent
from milter.delivery.render import offered
from milter.delivery.sample import first_address, sample_intent

SUBJECT = "Xylofon Qwertz"  # the client's words; in no language, so that an echo is recognised
NAME = "Zoé"
READER = "zoe@reader.example"
FRIENDLY = "pointer"  # to friends, from home: it may be warm, and says du to everybody
LONGEST_PROMISE = timedelta(days=1)

_WEEK = "Mo-Fr 09:00-14:00,16:00-19:00; PH off"
_CALLS = "Tu,Th 17:00-19:00; PH off"
_CALL = "2027-12-30T17:00"  # one of them, that an invitation is answered with
_NO_PHRASE = "week 1-53/2 Mo-Fr 09:00-18:00; PH off"  # more than weekdays and windows: {{ hours }} is empty
_DAY_OFF = date(2027, 2, 9)
_VACATION = (date(2026, 12, 24), date(2027, 1, 6))
# When the message was written, in the owner's zone; by the name of the situation.
_WRITTEN = {
    "hours": "2026-11-20T23:45",
    "open": "2026-11-18T10:00",
    "before a holiday": "2026-12-07T23:45",
    "holiday": "2026-12-08T10:00",
    "two holidays": "2027-03-25T10:00",
    "before a day off": "2027-02-08T23:45",
    "day off": "2027-02-09T10:00",
    "vacation": "2026-12-26T10:00",
    "another year": "2027-12-31T23:45",
}
_SITUATIONS = {
    "closed": ("hours", "before a holiday", "two holidays", "before a day off", "another year"),
    "holiday": ("holiday", "two holidays", "day off"),
    "vacation": ("vacation",),
    "prospect": ("hours",),
    "neutral": ("vacation", "open"),
    "call-request": ("hours", "vacation", "open"),
}
_OTHERS = ("hours", "open")
_USUAL = ("hours", "holiday", "vacation")


@dataclass(frozen=True, slots=True)
class Scene:
    """What `Texts.render` is asked. `speaker` whose brand is shown; `when` the situation, in words."""

    when: str
    owner: Owner
    speaker: Identity
    intent: ReplyIntent
    count: int = 1
    notifier: bool = False
    due: datetime | None = None

    @property
    def client(self) -> Client | None:
        return self.owner.clients.get(self.intent.client) if self.intent.client else None

    @property
    def channels(self) -> tuple[str, ...]:
        plan = self.client.plan if self.client else None
        return tuple(offered(plan.channels)) if plan else ()


@dataclass(frozen=True, slots=True)
class Said:
    """`phrase` as read, in `line` of the finished text ("" for the text as a whole)."""

    phrase: str
    line: str
    what: str
    instead: str


@dataclass(frozen=True, slots=True)
class _Office:
    """An identity, and who writes to it: (client or None, messages at once)."""

    identity: Identity
    readers: tuple[tuple[Client | None, int], ...]
    situations: tuple[str, ...] = ()


def scenes(owner: Owner, template: str, language: str, tone: Tone) -> Iterator[Scene]:
    """Everybody to whom this text may go. Nothing for an owner without a business identity: only those reply, but to friends."""
    if template == FRIENDLY:
        for one in owner.identities:
            if one.kind is Kind.PERSONAL:
                for reader in (None, _client(None)):
                    yield _scene(owner, one, reader, 1, template, language, tone, "open")
        return
    situations = _SITUATIONS.get(template, _OTHERS)
    for office in _offices(owner):
        for reader, count in office.readers:
            if template == "prospect" and reader is not None:
                continue
            for when in office.situations or situations:
                if when in situations:
                    scene = _scene(owner, office.identity, reader, count, template, language, tone, when)
                    yield scene
                    if template == CALL_REQUEST and reader:
                        yield from _invited(scene)


def _invited(scene: Scene) -> Iterator[Scene]:
    """The same text, when it goes with the answer to an invitation: no, or another time."""
    at = datetime.fromisoformat(_CALL).replace(tzinfo=scene.owner.timezone)
    declined = replace(scene.intent, calendar="BEGIN:VCALENDAR")
    yield replace(scene, intent=declined)
    yield replace(scene, intent=replace(declined, offered=((at, at + timedelta(minutes=30)),)))


def _scene(
    owner: Owner,
    identity: Identity,
    reader: Client | None,
    count: int,
    template: str,
    language: str,
    tone: Tone,
    when: str,
) -> Scene:
    identity = replace(identity, tone=None)
    at = datetime.fromisoformat(_WRITTEN[when]).replace(tzinfo=owner.timezone)
    opens = _opens(owner, at) if when != "open" else None
    staged = replace(
        owner,
        tone=tone,
        identities=(identity, *(one for one in owner.identities if one.name != identity.name)),
        clients={reader.id: reader} if reader else {},
    )
    intent = sample_intent(
        staged, identity, reader, template=template, language=language, subject=SUBJECT, at=at, opens=opens
    )
    plan = reader.plan if reader else None
    promised = plan.answer_within if plan else None
    return Scene(
        when,
        staged,
        identity,
        intent,
        count,
        notifier=plan is not None and plan.urgent == "notify",
        due=opens + promised if opens and promised else None,
    )


def _offices(owner: Owner) -> Iterator[_Office]:
    """Each business identity as it is, with the plans there are; the first also with everything, and with nothing to offer."""
    business = [one for one in owner.identities if one.kind is Kind.BUSINESS]
    plans = (None, *owner.plans.values())
    for one in business:
        yield _Office(one, ((None, 1), *((_client(plan), 1) for plan in plans)), _USUAL)
    if business:
        everything = _plan_of_everything(owner)
        elsewhere = ZoneInfo("Asia/Tokyo" if owner.timezone.key.startswith("America/") else "America/New_York")
        full = _full(business[0], owner)
        yield _Office(full, ((_client(everything), 1), (_client(everything), 3), (None, 1)))
        yield _Office(full, ((_client(everything, timezone=elsewhere), 1),), _USUAL)
        yield _Office(_bare(business[0], owner), ((_client(None, named=False), 1), (None, 1)))


def _client(plan: Plan | None, *, named: bool = True, timezone: ZoneInfo | None = None) -> Client:
    names = {READER: NAME} if named else {}
    return Client("reader", "Reader", (READER,), "", names, plan, timezone=timezone)


def _plan_of_everything(owner: Owner) -> Plan:
    channels = next((one.channels for one in owner.plans.values() if one.channels), {"Telegram": "@handle"})
    return Plan("everything", "", channels, "notify", answer_within=LONGEST_PROMISE)


def _full(identity: Identity, owner: Owner) -> Identity:
    site = f"https://{address.split(first_address(identity))[1]}"
    brand = replace(identity.brand, name=identity.brand.name or owner.name, website=identity.brand.website or site)
    return replace(
        identity,
        schedule=_schedule(_WEEK, owner),
        call_schedule=_schedule(_CALLS, owner),
        booking=identity.booking or f"{site}/",
        brand=brand,
    )


def _bare(identity: Identity, owner: Owner) -> Identity:
    return replace(identity, schedule=_schedule(_NO_PHRASE, owner), call_schedule=None, booking="", brand=Brand())


def _schedule(expression: str, owner: Owner) -> Schedule:
    return Schedule(expression, owner.timezone.key, "ES", "GA", (_DAY_OFF,), (_VACATION,))


def _opens(owner: Owner, at: datetime) -> datetime | None:
    state = state_at(_schedule(_WEEK, owner), at)
    return state.opens if isinstance(state, Closed) else None
