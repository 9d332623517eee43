"""Carries out what `recado learn` is told: reads the stored message, and tells the store, or the outbox when that is away."""

import asyncio
import contextlib
import logging
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from milter.cli import learn_waiting, live, rehearsal, stored
from milter.cli.instant import parse_instant
from milter.cli.letters import Letter
from milter.core import address, learning, received, sender
from milter.core.envelope import Peer, Transaction
from milter.core.evidence import Evidence
from milter.core.learning import Learned, Lesson, Nothing
from milter.core.owner import Kind
from milter.core.policy import Addressed, Policy
from milter.core.sender import NameKind
from milter.errors import StoreAway
from milter.settings import secret
from milter.settings.findings import Wrong
from milter.settings.values import Settings
from milter.store.api import Event, JournalEntry
from milter.store.layout import Layout, milliseconds
from milter.store.lessons import Lessons
from milter.store.outbox import Kept, Outbox
from milter.store.redis import RedisStore
from milter.store.reputation import Reputation

log = logging.getLogger("milter.cli")

OUTBOX = "outbox"


def learn_now(file: Path, lesson: str, user: str | None, content: bytes, at: str | None) -> None:
    """One line on standard output that says what came of it, without a name. Exit 1 if this can learn nothing at all."""
    settings = _settings(file)
    now = parse_instant(at).astimezone(UTC) if at else rehearsal.now()
    with rehearsal.quiet():
        said = asyncio.run(_learn(settings, Lesson(lesson), user, content, now))
    click.echo(f"recado learn {lesson}: {said}")


def learn_waiting_ones(file: Path, held: int | None) -> None:
    """All that waits, the oldest first, and what is added meanwhile; nothing if somebody else is at it."""
    try:
        folder = learn_waiting.directory(file)
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{file}: {error}; name the recado.toml that --later was given") from error
    if not learn_waiting.listed(folder):
        click.echo("nothing waits")
    while waiting := learn_waiting.listed(folder):
        mine, held = held, None
        with learn_waiting.alone(folder, mine) as alone:
            if not alone:
                return  # whoever holds the lock looks once more after letting go of it
            settings = _settings(file)
            gone = [_learn_one(settings, one) for one in waiting]
            if not all(gone):
                return


def _learn_one(settings: Settings, one: learn_waiting.Waiting) -> bool:
    """Whether it waits no more. Learned twice it counts once, so it is removed last."""
    try:
        at = datetime.fromtimestamp(one.at / 1e9, UTC)
        with rehearsal.quiet():
            said = asyncio.run(_learn(settings, Lesson(one.lesson), one.user or None, one.path.read_bytes(), at))
        click.echo(f"recado learn {one.lesson}: {said}")
    except Exception:  # outermost loop: one message must not keep the others waiting for ever
        log.exception("recado learn: %s cannot be learned and is given up", one.path.name)
    with contextlib.suppress(OSError):
        one.path.unlink()
    return not one.path.exists()


def _settings(file: Path) -> Settings:
    settings = rehearsal.settings_of(file)
    found = secret.read(settings.secret_path)
    if isinstance(found, Wrong):
        raise click.ClickException(f"{found.what}: {found.instead}, or run this as root or as the service's user")
    if found is None:
        raise click.ClickException(f"{settings.secret_path} is not there yet: recado serve has not run here")
    return settings


async def _learn(settings: Settings, lesson: Lesson, user: str | None, content: bytes, now: datetime) -> str:
    found = _taught(settings, lesson, user, content, now)
    if isinstance(found, Nothing):
        return f"nothing to learn: {found.why}"
    try:
        async with live.opened(settings) as store:
            return await _tell(store, found, settings, now)
    except StoreAway as away:
        return await _keep(found, settings, now, str(away))


def _taught(settings: Settings, lesson: Lesson, user: str | None, content: bytes, now: datetime) -> Learned | Nothing:
    policy, message = settings.policy, stored.message_of(content)
    if not message.fields:
        return Nothing("it has no header; give one whole message as a mail program saves it (.eml)")
    mailbox = _mailbox(policy, user) if user else None
    if user and mailbox is None:
        return Nothing("this mailbox is no owner's")
    if lesson is Lesson.SENT:
        return learning.sent(message, mailbox.owner if mailbox else None, policy, now)
    before = stored.read(content, policy)
    sent_to = next((at for one in before.rcpt_to if (at := policy.addressed(one))), None)
    addressed = mailbox or sent_to
    if addressed is None:
        return Nothing("it was sent to no owner")
    if sent_to and sent_to.owner.id == addressed.owner.id and sent_to.identity.kind is Kind.PERSONAL:
        addressed = sent_to  # where both identities share a mailbox
    marked = message.has("recado-identity")
    letter = Letter("learn", before.message, before.mail_from, before.rcpt_to, now)
    transaction = _with_client(rehearsal.transaction(letter, 0, settings))
    if settings.trusted_relays:
        from milter.lookup import authentication  # what verifies takes longer to load than all that is done here

        transaction = authentication.from_client(transaction, settings)
    return learning.moved(transaction, lesson, addressed, marked, policy)


def _mailbox(policy: Policy, user: str) -> Addressed | None:
    """Whose mailbox: by an address of his, or, where users have no domain, by the name before the at sign or of his file."""
    if "@" in user:
        return policy.addressed(user)
    names = {address.split(each.mailbox)[0]: each.mailbox for one in policy.owners for each in one.identities[::-1]}
    owner = policy.owner(user)
    mailbox = names.get(user.lower()) or (owner.identities[0].mailbox if owner else "")
    return policy.addressed(mailbox) if mailbox else None


def _with_client(transaction: Transaction) -> Transaction:
    """Who handed it to our own server is told by that server's Received, the topmost of the message as it arrived."""
    hop = received.parse(transaction.message.first("received") or "")
    peer = Peer(address=hop.address, source="LOCAL" if hop.own and not hop.address else "") if hop else Peer()
    return replace(transaction, peer=peer)


async def _tell(store: RedisStore, learned: Learned, settings: Settings, now: datetime) -> str:
    layout = Layout(settings.policy.keys)
    lessons = Lessons(store.link, layout)
    before = await lessons.last(learned.owner, learned.message)
    if before and before[0] is learned.lesson:
        return "learned before"
    await store.settle(_event(learned, layout, before))
    for one in learned.wrote:
        await store.promises.kept(one.owner, one.person, learned.at)
    await lessons.note(learned.owner, learned.message, learned.lesson, now)
    if before:
        await _take_back(Reputation(store.link, layout), learned, before, now)
    return f"learned{', and what was learned before is taken back' if before else ''}"


async def _take_back(reputation: Reputation, learned: Learned, before: tuple[Lesson, datetime], now: datetime) -> None:
    lesson, since = before
    people = learned.people
    for person, known in zip(people, await reputation.read(learned.owner, people), strict=True):
        if known.record:
            await reputation.put(learned.owner, person, learning.taken_back(known.record, lesson, since, now))
        if known.domain and person.domain and person.authenticated:  # a stranger's domain has learned nothing from him
            domain = sender.of_domain(person.domain)
            await reputation.put(learned.owner, domain, learning.taken_back(known.domain, lesson, since, now))


def _event(learned: Learned, layout: Layout, before: tuple[Lesson, datetime] | None) -> Event:
    """Junk, ham and junk again are three events of one message: each is named with what was learned before it."""
    then = f"{before[0]} {milliseconds(before[1])}" if before else ""
    people = [one for one in learned.people if one.kind in (NameKind.ADDRESS, NameKind.STRANGER)]
    return Event(
        id=layout.keys.name("learn", learned.message, learned.lesson, then),
        now=learned.at,
        place=learned.people[0].place,
        journal=tuple(
            JournalEntry(
                learned.owner, f"learned-{learned.lesson}", {"from": one.name, "proven": _yes(one.authenticated)}
            )
            for one in people
        ),
        wrote=learned.wrote,
        evidence=tuple(
            Evidence(learned.owner, one, learned.lesson.kind) for one in learned.people if not learned.wrote
        ),
    )


def _yes(it: bool) -> str:
    return "yes" if it else "no"


async def _keep(learned: Learned, settings: Settings, now: datetime, why: str) -> str:
    """The daemon applies it when the store is back. What was learned before of this message is not taken back then."""
    folder = settings.state_dir / OUTBOX
    learn_waiting.make(folder)
    outbox = Outbox(folder)
    kept = await outbox.put(_event(learned, Layout(settings.policy.keys), None))
    await outbox.close()
    waits = "it waits in the outbox" if kept is Kept.KEPT else "and it is lost: the outbox is full or cannot be written"
    click.echo(f"recado learn {learned.lesson}: the store does not answer ({why}); {waits}", err=True)
    return "not yet learned" if kept is Kept.KEPT else "not learned"
