"""Who wrote, found out by ourselves: DKIM, SPF and DMARC of one message, looked up at the same time within one budget.

Whatever fails is a temperror: said as such, no proof of anything, and never a reason to hold mail back.
"""

import asyncio
import ipaddress
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar

from milter.core import address, authentication_results, dmarc, ip, pipeline, received, reputation
from milter.core.authentication_results import Believed, own_id
from milter.core.decision import Decision, Disposition
from milter.core.envelope import Transaction
from milter.core.facts import Authentication, Facts, Missing
from milter.core.policy import Policy
from milter.core.received import Client, NoClient
from milter.lookup import dkim
from milter.lookup.dkim import Signature, verify_signatures
from milter.lookup.dns import SECONDS, Budget, Failed, Records, Resolver
from milter.lookup.findings import Findings, authentication_of, author_domain
from milter.lookup.process import HashProcess
from milter.lookup.spf import SpfResult, check_spf
from milter.settings import networks
from milter.settings.findings import Wrong
from milter.settings.values import Settings

log = logging.getLogger("milter.lookup")

LATE = 0.2  # seconds behind the budget's end at which a look-up that did not keep to it is given up
# The reason that asks for proof in mail that is passed on untouched: the owner writes to himself.
UNPROVEN_OWNER = "hours-kept-unauthenticated"
AT_A_TIME = 20  # recipients decided between two looks at the loop
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Checks:
    """What there is to check in a message: signatures, and the client that SPF is asked about."""

    signed: bool
    client: Client | NoClient


class Authenticator:
    """One for a worker. `resolver` is swapped as one reference when the name servers change."""

    def __init__(self, resolver: Resolver, child: HashProcess) -> None:
        self.resolver = resolver
        self.child = child
        self._retiring: set[asyncio.Task[None]] = set()

    def use(self, resolver: Resolver) -> None:
        """From the next message on; those in hand end with the one they began with."""
        task = asyncio.create_task(_retired(self.resolver))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)
        self.resolver = resolver

    async def verify(self, checks: Checks, transaction: Transaction, settings: Settings) -> Authentication:
        """Never raises, and never takes longer than the budget."""
        budget = Budget.start()
        author = author_domain(transaction)
        names = dmarc.names(author)
        resolver = self.resolver
        gone = dmarc.Wrong("temperror")
        signatures, (spf, client), published = await asyncio.gather(
            _limited(self._signatures(transaction, resolver, budget), _unverified(transaction), budget),
            _limited(_spf(resolver, budget, checks.client, transaction, settings), _lost(checks, transaction), budget),
            asyncio.gather(*(_limited(_policy(resolver, one, budget), gone, budget) for one in names)),
        )
        writer = address.normal(address.author(transaction.message)) if author else ""
        found = Findings(author, signatures, spf, client, tuple(published), writer)
        return authentication_of(found, transaction.mail_from, own_id(settings.policy))

    async def _signatures(self, transaction: Transaction, resolver: Resolver, budget: Budget) -> tuple[Signature, ...]:
        if not transaction.message.has(dkim.FIELD):
            return ()
        return await verify_signatures(transaction.message, resolver, budget, transaction.now, self.child)

    async def close(self) -> None:
        for task in (retiring := tuple(self._retiring)):
            task.cancel()
        await asyncio.gather(*retiring, return_exceptions=True)
        await asyncio.gather(self.resolver.close(), self.child.close())


async def _retired(resolver: Resolver) -> None:
    try:
        await asyncio.sleep(SECONDS)
    finally:
        await resolver.close()


async def proven(
    transaction: Transaction, settings: Settings, authenticator: "Authenticator | None"
) -> tuple[Believed, tuple[Decision, ...]]:
    """What is believed of the sender, and what would be decided on that alone, by recipient.

    Believed results win, and then nothing is verified. Nothing is looked up either for mail that nobody asks about: of no owner,
    personal at a personal address, or with nothing in it to verify. Without `authenticator` nobody is asked at all.
    """
    believed = authentication_results.believed(transaction, settings.policy)
    checks: Checks | Missing = Missing("not verified")
    if authenticator and isinstance(believed.authentication, Missing):
        checks = _checks(transaction, settings)
        believed = Believed(checks) if isinstance(checks, Missing) else believed
    draft = await _draft(transaction, settings, believed)
    if authenticator and isinstance(checks, Checks) and any(_asks_who_wrote(one) for one in draft):
        believed = Believed(await authenticator.verify(checks, transaction, settings))
        draft = await _draft(transaction, settings, believed)
    return believed, draft


def from_client(transaction: Transaction, settings: Settings) -> Transaction:
    """As the client itself would have brought it, where trusted relays stand between.

    Relays known by their names are known here only where XFORWARD told the name: nothing is looked up.
    """
    if not settings.trusted_relays:
        return transaction
    found = _client(transaction, settings)
    if isinstance(found, NoClient):
        return transaction
    return replace(transaction, peer=replace(transaction.peer, address=found.address))


async def _draft(transaction: Transaction, settings: Settings, believed: Believed) -> tuple[Decision, ...]:
    # As most mail has it: where the store says otherwise, the service decides again.
    policy = settings.policy
    owners = (policy.written_to(one.address, one.original) for one in transaction.recipients)
    usual = {one.owner.id: reputation.USUAL for one in owners if one}
    return await decided(transaction, Facts(authentication=believed.authentication, standing=usual), policy)


async def decided(transaction: Transaction, facts: Facts, policy: Policy) -> tuple[Decision, ...]:
    """For each recipient. A thousand of them take a while, and the loop has others to serve meanwhile."""
    decisions = []
    for at, one in enumerate(transaction.recipients, start=1):
        decisions.append(pipeline.decide(transaction, one, facts, policy))
        if at % AT_A_TIME == 0:
            await asyncio.sleep(0)
    return tuple(decisions)


def _asks_who_wrote(draft: Decision) -> bool:
    return draft.disposition is Disposition.MARKED or any(one.code == UNPROVEN_OWNER for one in draft.reasons)


def _checks(transaction: Transaction, settings: Settings) -> Checks | Missing:
    """What to verify; Missing if there is nothing, and so no need of DNS."""
    client = _client(transaction, settings)
    signed = transaction.message.has(dkim.FIELD)
    if not signed and isinstance(client, NoClient):
        return Missing(f"unsigned, and {client.why}")
    return Checks(signed, client)


async def _limited(look_up: Awaitable[Value], instead: Value, budget: Budget) -> Value:
    try:
        async with asyncio.timeout_at(budget.deadline + LATE):
            return await look_up
    except TimeoutError:
        log.warning("a look-up did not keep to its time")
    except Exception:  # the promise of this house: a bug in looking up never holds mail back
        log.exception("a look-up failed")
    return instead


def _unverified(transaction: Transaction) -> tuple[Signature, ...]:
    if not transaction.message.has(dkim.FIELD):
        return ()
    return (Signature("temperror", "", "", "", "", "", "not verified"),)


def _lost(checks: Checks, transaction: Transaction) -> tuple[SpfResult | None, Client | NoClient]:
    if isinstance(checks.client, NoClient):
        return None, checks.client
    return _unsure(transaction, checks.client), checks.client


def _unsure(transaction: Transaction, client: Client) -> SpfResult:
    domain = address.normal_domain(address.split(transaction.mail_from)[1])
    return SpfResult("temperror", domain or client.helo, "mailfrom" if transaction.mail_from else "helo")


async def _spf(
    resolver: Resolver, budget: Budget, client: Client | NoClient, transaction: Transaction, settings: Settings
) -> tuple[SpfResult | None, Client | NoClient]:
    """None where there is no client to ask about. Relays given by name are known by their addresses, too."""
    if isinstance(client, NoClient):
        return None, client
    if names := _names(settings.trusted_relays):
        addresses, sure = await _addresses(resolver, names, budget)
        client = _client(transaction, settings, addresses)
        if isinstance(client, NoClient):
            return None, client
        if not sure:
            return _unsure(transaction, client), client
    return await check_spf(resolver, budget, client.address, client.helo, transaction.mail_from), client


async def _addresses(resolver: Resolver, names: Sequence[str], budget: Budget) -> tuple[frozenset[str], bool]:
    """The addresses of hosts, and whether those are all of them."""
    answers = await asyncio.gather(
        *(resolver.lookup(name, "A", budget) for name in names),
        *(resolver.lookup(name, "AAAA", budget) for name in names),
    )
    found = (ip.plain(str(value)) for one in answers if isinstance(one, Records) for value in one.values)
    return frozenset(found), not any(isinstance(one, Failed) for one in answers)


async def _policy(resolver: Resolver, name: str, budget: Budget) -> dmarc.Found:
    match await resolver.lookup(name, "TXT", budget):
        case Records(values):
            return dmarc.record([one for one in values if isinstance(one, bytes)])
        case Failed():
            return dmarc.Wrong("temperror")
        case _:
            return None


@lru_cache(maxsize=16)
def _networks(relays: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(one for one in map(networks.network, relays) if not isinstance(one, Wrong))


@lru_cache(maxsize=16)
def _names(relays: tuple[str, ...]) -> tuple[str, ...]:
    """Those that are host names, lower case."""
    return tuple(one.lower() for one in relays if isinstance(networks.network(one), Wrong))


def _client(transaction: Transaction, settings: Settings, named: frozenset[str] = frozenset()) -> Client | NoClient:
    """Whom SPF is about. `named`: the addresses of those relays that are given by name, where they were looked up."""
    relays = settings.trusted_relays
    member, names = _member(_networks(relays)), _names(relays)
    return received.client(
        transaction,
        _member(settings.mynetworks + LOOPBACK),
        lambda one, name: one in named or member(one) or name in names,
    )


def _member(inside: Sequence[Network]) -> Callable[[str], bool]:
    def member(one: str) -> bool:
        there = ipaddress.ip_address(one)
        return any(there in network for network in inside)

    return member
