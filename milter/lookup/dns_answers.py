"""Questions and answers of the DNS as values: which names may be asked for, and what a server's message says."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Literal

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

Kind = Literal["TXT", "A", "AAAA", "MX", "PTR"]
Key = tuple[str, Kind]

PAYLOAD = 1232  # bytes: what crosses every network unfragmented (DNS flag day 2020)


@dataclass(frozen=True, slots=True)
class Records:
    """At least one value, in the server's order: TXT bytes, joined from its strings · A and AAAA addresses of `ipaddress` ·
    MX (preference, host) · PTR host. Hosts without the last dot, "" for the root.
    """

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class NoRecords:
    """There is no such name, or it has nothing of this kind. Also said of what can be no name, which nobody is asked."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It could not be found out (a temperror). `why` for evidence: "timeout", "servfail". It never holds the name."""

    why: str


Answer = Records | NoRecords | Failed


@dataclass(frozen=True, slots=True)
class Reading:
    """One message. `ttl` in seconds, None if it gives none · `alias`: the name to ask for instead, "" if there is none."""

    answer: Answer
    ttl: int | None = None
    alias: str = ""


def key(name: str, kind: Kind) -> Key | None:
    """What is asked for `name`, in lower case without its last dot; None if that cannot be a name.

    Mail brings anything: empty labels, labels over 63 and names over 253 bytes (RFC 1035 section 2.3.4), other scripts.
    """
    plain = name.removesuffix(".").lower()
    if not plain.isascii() or not plain.isprintable() or not all(0 < len(one) < 64 for one in plain.split(".")):
        return None
    return (plain, kind) if len(plain) < 254 else None


def query(asked: Key) -> dns.message.QueryMessage:
    # Label by label: in dnspython's text form a backslash would begin an escape.
    name = dns.name.Name([*(one.encode() for one in asked[0].split(".")), b""])
    return dns.message.make_query(name, asked[1], use_edns=0, payload=PAYLOAD)


def probe() -> dns.message.QueryMessage:
    """What every resolver knows without asking anybody."""
    return dns.message.make_query(dns.name.root, "SOA", use_edns=0, payload=PAYLOAD)


def read(message: dns.message.QueryMessage) -> Reading:
    code = message.rcode()
    if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return Reading(Failed(dns.rcode.to_text(code).lower()))
    try:
        chain = message.resolve_chaining()
    except dns.message.ChainTooLong:
        return Reading(NoRecords())
    except dns.exception.DNSException:
        return Reading(Failed("unreadable answer"))
    if chain.answer:
        return Reading(Records(tuple(_value(one) for one in chain.answer)), chain.minimum_ttl)
    settled = code == dns.rcode.NXDOMAIN or _has_soa(message)
    if chain.cnames and not settled:
        return Reading(NoRecords(), chain.minimum_ttl, _host(chain.canonical_name))
    # RFC 2308 section 5: an empty answer without SOA is not for keeping.
    return Reading(NoRecords(), chain.minimum_ttl if _has_soa(message) else None)


def _has_soa(message: dns.message.QueryMessage) -> bool:
    return any(one.rdtype == dns.rdatatype.SOA for one in message.authority)


def _value(record: Any) -> bytes | IPv4Address | IPv6Address | tuple[int, str] | str:
    match record.rdtype:
        case dns.rdatatype.TXT:
            return b"".join(record.strings)
        case dns.rdatatype.A:
            return IPv4Address(record.address)
        case dns.rdatatype.AAAA:
            return IPv6Address(record.address)
        case dns.rdatatype.MX:
            return record.preference, _host(record.exchange)
        case _:
            return _host(record.target)


def _host(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True) if name != dns.name.root else ""
