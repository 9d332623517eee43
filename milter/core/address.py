"""Addresses as mail uses them: comparing, unwrapping, and reading them out of header fields."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from unicodedata import normalize

from publicsuffixlist import PublicSuffixList

from milter.core.confusables import unicode_domain

if TYPE_CHECKING:
    from milter.core.message import Message

_SUFFIXES = PublicSuffixList()
_NEEDLESS_QUOTES = re.compile(r'"([^\s"(),:;<>@\[\]\\.]+(?:\.[^\s"(),:;<>@\[\]\\.]+)*)"')
# Characters of what is remembered (RFC 5321 section 4.5.3.1): mail may bring addresses of 250 KB, and thousands of them.
_LONGEST = 320
NULL = ""  # the null reverse-path (RFC 5321 section 4.5.5)


def split(address: str) -> tuple[str, str]:
    """("local", "domain"); the domain is "" when there is no at sign. The last at sign counts (quoted local parts)."""
    local, at, domain = address.rpartition("@")
    return (local, domain) if at else (address, "")


def normal(address: str) -> str:
    """The form that is compared and hashed: lower case, domain as A-labels without a trailing dot.

    Local parts are compared without case although RFC 5321 section 2.4 lets a host tell them apart: no mailbox host that
    people use does, and two records for one person would mean two replies. Quotes around what needs none mean nothing
    (RFC 5321 section 4.1.2).
    """
    return _remembered_normal(address) if len(address) <= _LONGEST else _normal(address)


def _normal(address: str) -> str:
    local, domain = split(address.strip())
    if quoted := _NEEDLESS_QUOTES.fullmatch(local):
        local = quoted[1]
    if not domain:
        return local.lower()
    return f"{local.lower()}@{normal_domain(domain)}"


_remembered_normal = lru_cache(maxsize=8192)(_normal)


def normal_domain(domain: str) -> str:
    domain = domain.rstrip(".").lower()
    if domain.isascii():
        return domain
    try:
        return _NOT_2003.sub(_a_label, domain).encode("idna").decode("ascii")
    except UnicodeError:
        return domain


# Labels that the codec, which is of IDNA 2003, would make another domain of: "straße" and "strasse" are two (RFC 5894 section 7.2).
_NOT_2003 = re.compile("[^.\u3002\uff0e\uff61]*[ßς][^.\u3002\uff0e\uff61]*")


def _a_label(label: re.Match[str]) -> str:
    return f"xn--{normalize('NFKC', label[0]).encode('punycode').decode('ascii')}"


def as_ascii(address: str) -> str:
    """The same mailbox as servers without SMTPUTF8 write it, if it is only the domain that is not ASCII (RFC 5890 section 2.3.2.1).

    Unchanged where A-labels would name another domain: they leave out what cannot be seen.
    """
    local, domain = split(address)
    if domain.isascii() or not local.isascii():
        return address
    labels = normal_domain(domain)
    same = labels.isascii() and unicode_domain(labels) == normalize("NFKC", domain.rstrip(".")).lower()
    return f"{local}@{labels}" if same else address


def without_detail(address: str, delimiter: str) -> str:
    """`ana+web@x` -> `ana@x` (RFC 5233). An address that begins with the delimiter is left as it is."""
    local, domain = split(address)
    for mark in delimiter:
        head, found, _ = local.partition(mark)
        if found and head:
            local = head
            break
    return f"{local}@{domain}" if domain else local


def detail(address: str, delimiter: str) -> str:
    """`ana+web@x` -> `web`; "" without one."""
    local, _ = split(address)
    for mark in delimiter:
        head, found, rest = local.partition(mark)
        if found and head:
            return rest
    return ""


def organisational_domain(domain: str) -> str:
    """The registrable domain (RFC 7489 section 3.2) of a normal domain; the domain itself where there is none."""
    return _remembered_organisation(domain) if len(domain) <= _LONGEST else _organisation(domain)


def _organisation(domain: str) -> str:
    return _SUFFIXES.privatesuffix(normal_domain(domain)) or normal_domain(domain)


_remembered_organisation = lru_cache(maxsize=4096)(_organisation)

_SRS0 = re.compile(r"srs0[=+-][^=]+=[^=]+=(?P<domain>[^=]+)=(?P<local>.+)", re.I)
_SRS1 = re.compile(r"srs1[=+-][^=]+=[^=]+==(?:[^=]+=)?[^=]+=(?P<domain>[^=]+)=(?P<local>.+)", re.I)
# draft-levine-smtp-batv, and how Barracuda (btv1==hash==local) and SparkPost (msprvs1) write it.
_BATV = re.compile(r"(?:(?:prvs|btv1|msprvs1)=[^=]+=|btv1==[^=]+==)(?P<local>.+)", re.I)


def correspondent_name(address: str, delimiter: str) -> str:
    """The person behind an envelope sender, for remembering only, never for writing to: SRS, BATV and detail unwrapped."""
    return without_detail(unwrapped(address), delimiter)


def unwrapped(address: str) -> str:
    """The normal address inside an SRS or BATV envelope sender; of any other, its normal form."""
    local, domain = split(normal(address))
    if wrapped := _SRS0.fullmatch(local) or _SRS1.fullmatch(local):
        return f"{wrapped['local']}@{wrapped['domain']}"
    return untagged(f"{local}@{domain}")


def untagged(address: str) -> str:
    """The normal address without a BATV tag. The domain stays: unlike SRS, a tag is the sender's own, so it may be trusted."""
    local, domain = split(normal(address))
    tagged = _BATV.fullmatch(local)
    return f"{tagged['local'] if tagged else local}@{domain}"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox of an address header field: display name (decoded, "" if none) and address (as written, "" if broken)."""

    name: str
    address: str


def author(message: "Message") -> str:
    """The one author as written in From:; "" if there is none, or more than one, or it cannot be read for certain."""
    authors = message.authors
    return authors[0].address if len(authors) == 1 else ""
