"""What is known of one name for one owner, as commands read it; and which names can be asked for at all."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import click

from milter.core import address, mailboxes, reputation, sender
from milter.core.facts import People, Standing
from milter.core.keys import Keys
from milter.core.owner import AddressBook, Owner
from milter.core.policy import Policy
from milter.core.reply_job import ClaimKey, ReplyKind
from milter.core.reputation import Record
from milter.core.sender import NameKind, Sender
from milter.store.api import Event, FactsQuery, Journaled, JournalEntry
from milter.store.layout import Layout
from milter.store.redis import RedisStore
from milter.store.reputation import Known, Reputation

EXAMPLES = "laura@acme.example, or acme.example for its domain"
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
MOST = 10_000  # journal entries: all that is kept of an owner
SET_BY_HAND = "reputation-set"
NAMES = 500  # of one entry: an import of thousands leaves the others their place
FORECAST = 400  # days: after that hardly anything of any evidence is left
_DOMAIN = re.compile(r"(?!-)(?:[a-z0-9_-]{1,63}\.)+[a-z][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True)
class Rated:
    """`who` as `owner` knows him at `now`. `known` as it is written; `unproven`: claimed without proof, one a network, faded.

    `people`: whether the owner wrote to him, and when.
    """

    owner: Owner
    who: Sender
    listed: bool
    known: Known
    unproven: tuple[Record, ...]
    now: datetime
    people: People = field(default_factory=dict)

    @property
    def by_evidence(self) -> Standing:
        """By the evidence alone."""
        return self._at(self.now)

    @property
    def standing(self) -> Standing:
        """What counts for a proven mail: whom the owner's file names is trusted, whatever the evidence says."""
        found = self.by_evidence
        return reputation.listed(found, authenticated=True) if self.listed else found

    @property
    def record(self) -> Record | None:
        return reputation.at(self.known.record, self.now) if self.known.record else None

    @property
    def domain(self) -> Record | None:
        return reputation.at(self.known.domain, self.now) if self.known.domain else None

    @property
    def is_known(self) -> bool:
        """Whether this owner has an opinion of his own: evidence, or an entry in his file."""
        return self.listed or self.known.record is not None

    def curve(self, days: int) -> list[tuple[float, float, float]]:
        """(low, share, high) for today and each of the next `days` if nothing more happens."""
        found = []
        for day in range(days + 1):
            later = self.now + timedelta(days=day)
            record = reputation.at(self.known.record, later) if self.known.record else None
            prior = reputation.share(reputation.at(self.known.domain, later) if self.known.domain else None)
            low, high = reputation.bounds(record, prior)
            found.append((low, reputation.share(record, prior), high))
        return found

    def changes(self) -> tuple[datetime, str] | None:
        """When the standing by the evidence becomes another by itself, and which; None: not for more than a year."""
        code = self.by_evidence.code
        days = (self.now + timedelta(days=day) for day in range(1, FORECAST))
        return next(((day, then) for day in days if (then := self._at(day).code) != code), None)

    def _at(self, now: datetime) -> Standing:
        return reputation.standing(self.known.record, self.known.domain, now)


def name_of(text: str, policy: Policy) -> Sender:
    """The proven name that somebody typed: an address, or a domain with or without an at sign. BadParameter."""
    name = address.normal(text.strip().strip("<>"))
    local, domain = address.split(name)
    if "@" in name and local:
        if not mailboxes.is_address(name) or not _DOMAIN.fullmatch(domain):
            raise click.BadParameter(f"'{shown(text)}' is no address; write for example {EXAMPLES}")
        if policy.addressed(name):
            raise click.BadParameter(f"{shown(name)} is an owner's own address: of those there is no reputation")
        return sender.of_address(name, policy.recipient_delimiter)
    domain = address.normal_domain(name.lstrip("@"))
    if not _DOMAIN.fullmatch(domain):
        raise click.BadParameter(f"'{shown(text)}' is neither an address nor a domain; write for example {EXAMPLES}")
    return sender.of_domain(domain)


def reputation_of(store: RedisStore, keys: Keys) -> Reputation:
    return Reputation(store.link, Layout(keys))


async def rate(store: RedisStore, policy: Policy, owner: Owner, names: Sequence[Sender], now: datetime) -> list[Rated]:
    """In order, without what is only claimed: that has to be searched for."""
    known = await reputation_of(store, policy.keys).read(owner.id, names)
    return [
        Rated(owner, who, _is_listed(owner, who), one, (), now)
        for who, one in zip(names, known, strict=True)
    ]  # fmt: skip


async def claimed(store: RedisStore, policy: Policy, owner: Owner, who: Sender, now: datetime) -> tuple[Record, ...]:
    """What was claimed of this address without proof."""
    if who.kind is not NameKind.ADDRESS:
        return ()
    found = await reputation_of(store, policy.keys).strangers(owner.id, who.name)
    return tuple(reputation.at(one, now) for one in found)


async def written_to(store: RedisStore, owner: Owner, who: Sender, now: datetime) -> People:
    """What else is remembered of this person: as a mail of his would ask it."""
    if who.kind is not NameKind.ADDRESS:
        return {}
    asked = ClaimKey(owner.id, "", who.name, ReplyKind.PROSPECT)
    return (await store.facts(FactsQuery(now, who.place, claims=(asked,)))).people


async def candidates(store: RedisStore, policy: Policy, owner: Owner) -> list[Sender]:
    """Names that can be asked for. Redis knows hashes only: these are from the owner's file and his journal, with their domains."""
    books: tuple[AddressBook, ...] = (owner.client_book, owner.contact_book, owner.people_book, owner.alert_book)
    found = [one for book in books for one in book.exact]
    found += [one for entry in await store.history.journal(owner.id, BEGINNING, MOST) for one in names_in(entry)]
    domains = [sender.of_domain(one) for book in books for one in book.domains]
    domains += [sender.of_domain(one) for one in found if _DOMAIN.fullmatch(one)]
    found = [one for one in found if mailboxes.is_address(one) and not policy.addressed(one)]
    people = dict.fromkeys(sender.of_address(one, policy.recipient_delimiter) for one in found)
    domains += [sender.of_domain(one.domain) for one in people if one.domain]
    return [*people, *dict.fromkeys(domains)]


def names_in(entry: Journaled) -> tuple[str, ...]:
    """The normal addresses of one entry of the journal; also the domains of one that notes what was set by hand."""
    fields = entry.entry.fields
    told = (address.unwrapped(fields[name]) for name in ("from", "to") if fields.get(name))
    return (*told, *filter(None, fields.get("names", "").split("\n")))


def noted(owner: Owner, names: Sequence[str], policy: Policy, now: datetime) -> Event:
    """That this was set by hand: in the journal, or nobody could list them."""
    pages = (names[at : at + NAMES] for at in range(0, len(names), NAMES))
    journal = tuple(JournalEntry(owner.id, SET_BY_HAND, {"names": "\n".join(page)}) for page in pages)
    return Event(policy.keys.name(SET_BY_HAND, owner.id, now.isoformat()), now, "", journal=journal)


def shown(text: str) -> str:
    """Text from mail or a file for a terminal: what is not printable, or turns the writing round, as its number."""
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text)


def _is_listed(owner: Owner, who: Sender) -> bool:
    """By address or domain in the owner's file, as client, contact or one of the people."""
    books: tuple[AddressBook, ...] = (owner.client_book, owner.contact_book, owner.people_book)
    name = f"@{who.name}" if who.kind is NameKind.DOMAIN else who.name
    return any(book.by_address(name) or book.by_domain(name) for book in books)
