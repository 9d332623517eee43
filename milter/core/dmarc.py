"""DMARC (RFC 7489, and RFC 9989 where it is milder): the policy that a domain publishes, alignment, and the verdict.

What a failure leads to is the domain's word: with p=none it asks that nothing be done, so such a failure proves nothing and
withholds nothing; with quarantine and reject it withholds whatever a forger could gain.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from milter.core.address import normal_domain, organisational_domain

POLICIES = ("none", "quarantine", "reject")
MOST = 4096  # bytes of a record that are read

_VERSION = re.compile(r"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_HOST = re.compile(r"(?=.{1,246}\Z)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62})*")
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[^\s,!]+", re.I)


@dataclass(frozen=True, slots=True)
class Record:
    """What a domain publishes: `policy` for itself, `subdomains` for those without a record; one of POLICIES each."""

    policy: str
    subdomains: str
    strict_dkim: bool = False
    strict_spf: bool = False


@dataclass(frozen=True, slots=True)
class Wrong:
    """A record that is there and cannot be used (permerror), or that could not be had (temperror)."""

    result: str


Found = Record | Wrong | None


@dataclass(frozen=True, slots=True)
class Identifiers:
    """Who vouches for the message, as DKIM and SPF said (RFC 7489 section 3.1).

    `signed`: domains of passing signatures; `unsure_signed`: of those that nobody could check.
    `spf`: its result, "" where it was not computed; `sender`: the domain that it speaks for.
    """

    signed: tuple[str, ...] = ()
    unsure_signed: tuple[str, ...] = ()
    spf: str = ""
    sender: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`result`: pass, fail, none, temperror or permerror (RFC 7489 section 11.2). `policy`: what the domain asks for, "" if
    nothing."""

    result: str
    policy: str = ""

    @property
    def forged(self) -> bool:
        """A failure about which the domain asks that something be done."""
        return self.result == "fail" and self.policy != "none"


def names(author: str) -> tuple[str, ...]:
    """Where the policy for a normal From domain is looked for, in order (RFC 7489 section 6.6.3); () for what is no domain."""
    if not _HOST.fullmatch(author):
        return ()
    return tuple(dict.fromkeys(f"_dmarc.{one}" for one in (author, organisational_domain(author))))


def record(values: Sequence[bytes]) -> Found:
    """The one record among the TXT values of a name; several are none that can be used."""
    texts = [one[:MOST].decode("latin-1") for one in values]
    found = [one for one in texts if _VERSION.match(one)]
    if not found:
        return None
    return _read(found[0]) if len(found) == 1 else Wrong("permerror")


def _read(text: str) -> Record | Wrong:
    """Tags in any order behind the version; unknown ones and broken ones are as if they were not there (section 6.3)."""
    tags: dict[str, str] = {}
    for one in text.split(";"):
        name, equals, value = one.partition("=")
        if equals:
            tags.setdefault(name.strip().lower(), value.strip())
    policy, subdomains = tags.get("p", "").lower(), tags.get("sp", tags.get("p", "")).lower()
    if policy not in POLICIES or subdomains not in POLICIES:
        # Section 6.6.3, step 6: somebody who only collects reports, as if p=none; else nothing that can be used.
        if not _URI.search(tags.get("rua", "")):
            return Wrong("permerror")
        policy = subdomains = "none"
    if tags.get("t", "").lower() == "y" or re.fullmatch("0+", tags.get("pct", "")):
        # RFC 9989: while a domain tests, each policy is one step milder. It keeps no other percentage, and neither do we.
        policy, subdomains = (POLICIES[max(0, POLICIES.index(one) - 1)] for one in (policy, subdomains))
    return Record(policy, subdomains, tags.get("adkim", "").lower() == "s", tags.get("aspf", "").lower() == "s")


def aligned(one: str, author: str, *, strict: bool = False) -> bool:
    """RFC 7489 section 3.1: the same domain, or, relaxed, the same organisation. A public suffix is nobody's organisation."""
    if not one or not author:
        return False
    mine, his = normal_domain(one), normal_domain(author)
    return mine == his or (not strict and organisational_domain(mine) == organisational_domain(his))


def judge(author: str, found: Sequence[Found], identifiers: Identifiers) -> Verdict:
    """The verdict about the From domain `author` (normal; "" if there is no single one). `found`: by name in `names(author)`."""
    places = names(author)
    if not places:
        return Verdict("permerror")
    at = next((index for index, one in enumerate(found) if one is not None), None)
    if at is None:
        return Verdict("none")
    published = found[at]
    if not isinstance(published, Record):
        return Verdict(published.result if published else "none")
    policy = published.policy if at == 0 else published.subdomains
    if proven(author, published, identifiers):
        return Verdict("pass", policy)
    if not identifiers.spf:
        return Verdict("none")  # SPF might have passed where the mail first arrived: nobody failed
    unsure = identifiers.unsure_signed + ((identifiers.sender,) if identifiers.spf == "temperror" else ())
    if _any_aligned(unsure, author, strict=False):
        return Verdict("temperror")
    return Verdict("fail", policy)


def proven(author: str, published: Found, identifiers: Identifiers) -> bool:
    """Whether From is aligned with what passed. Without a record relaxed; where there may be one that asks for more, strictly."""
    unknown = isinstance(published, Wrong) and published.result == "temperror"
    strict_dkim, strict_spf = (
        (published.strict_dkim, published.strict_spf) if isinstance(published, Record) else (unknown, unknown)
    )
    return _any_aligned(identifiers.signed, author, strict=strict_dkim) or (
        identifiers.spf == "pass" and aligned(identifiers.sender, author, strict=strict_spf)
    )


def _any_aligned(domains: Iterable[str], author: str, *, strict: bool) -> bool:
    return any(aligned(one, author, strict=strict) for one in domains)
