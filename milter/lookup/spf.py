"""Whether the client may send for the domain it names (SPF, RFC 7208): pyspf decides, our resolver asks."""

import asyncio
import logging
import re
from dataclasses import dataclass

from milter.core import ip
from milter.core.address import normal_domain, split
from milter.core.ip import IpAddress
from milter.lookup.dns import Answer, Budget, Kind, Resolver
from milter.lookup.spf_query import Query, Unknown

log = logging.getLogger("milter.lookup")

# Each pass learns what one term needs: ten terms of two steps each, the records of their domains, %{p}.
MOST_PASSES = 50
_LONGEST = 254  # characters of a name with its last dot
# A multi-label domain name (RFC 7208 section 4.3). Underscores exist, address literals and all-numeric top labels do not.
_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_-]{1,63}\.)+(?![0-9]+\Z)[a-z0-9_-]{1,63}")


@dataclass(frozen=True, slots=True)
class SpfResult:
    """`result` none, neutral, pass, fail, softfail, temperror or permerror · `domain` that was checked, lower case, A-labels ·
    `scope` "mailfrom", or "helo" for mail with a null reverse-path.
    """

    result: str
    domain: str
    scope: str


async def check_spf(resolver: Resolver, budget: Budget, address: str, helo: str, mail_from: str) -> SpfResult:
    """`address` of the client, `mail_from` without angle brackets. Whatever goes wrong is a result, never an exception."""
    scope = "mailfrom" if mail_from else "helo"
    # RFC 7208 section 2.4: without a reverse-path the identity is postmaster at the HELO name.
    local, domain = split(mail_from) if mail_from else ("postmaster", helo)
    # No name is longer, in whatever letters; turning them into A-labels would cost as much as the sender likes.
    domain = normal_domain(domain) if len(domain) <= _LONGEST else ""
    client = ip.parse(address)
    if client is None or not _DOMAIN.fullmatch(domain):
        return SpfResult("none", domain, scope)
    sender = (local or "postmaster", domain)  # section 4.3
    return SpfResult(await _evaluated(resolver, budget, client, sender, helo), domain, scope)


async def _evaluated(resolver: Resolver, budget: Budget, client: IpAddress, sender: tuple[str, str], helo: str) -> str:
    answers: dict[tuple[str, Kind], Answer] = {}

    def known(name: str, kind: Kind) -> Answer | None:
        if (name, kind) not in answers and (answer := resolver.known(name, kind)):
            answers[name, kind] = answer
        return answers.get((name, kind))

    for _ in range(MOST_PASSES):
        try:
            return str(Query(client, sender, helo, known).check()[0])
        except Unknown as missing:
            found = await asyncio.gather(*(resolver.lookup(name, kind, budget) for name, kind in missing.wanted))
            answers.update(zip(missing.wanted, found, strict=True))
        except Exception as error:  # noqa: BLE001  # pyspf may stumble anywhere over what a stranger wrote
            log.warning("an SPF record could not be evaluated", extra={"error": type(error).__name__})
            break
    return "permerror"
