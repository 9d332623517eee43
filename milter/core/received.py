"""Received (RFC 5321 section 4.4) as Postfix, Exim, Exchange, sendmail and qmail write it: which client handed a mail over.

Believed only of hosts of ours. What a client says of itself stands in it too (its HELO), so a form that is not known to the
letter, or that leaves a choice, is not read at all.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from milter.core import ip
from milter.core.envelope import Transaction

MOST = 25  # relays that are looked through
_SPACES = re.compile(r"\s+")
_LONGEST = 2000
_HEAD = re.compile(
    r"from (?P<word>[^\s()]+)(?P<comments>(?: \((?:[^()]|\([^()]*\))*\))*) by (?P<by>[^\s()]+)(?P<rest>.*)"
)
_COMMENT = re.compile(r"\(((?:[^()]|\([^()]*\))*)\)")
_WITH = re.compile(r" with (?P<with>[A-Za-z0-9]+)")
_ID = re.compile(r" id <?(?P<id>[A-Za-z0-9.+_-]+)")
_IP = r"(?:IPv6:)?[0-9A-Fa-f.:]+"
# Postfix, sendmail, Gmail, Courier: the name that the address has, or none, and the address.
_NAMED = re.compile(rf"(?:[^\s@\[\]]*@)?[^\s@\[\]]* ?\[(?P<ip>{_IP})\](?: \(may be forged\))?", re.I)
_SAID = r"(?:helo|ident|port)=\S+"
_EXIM = re.compile(rf"\[(?P<ip>{_IP})\](?::\d+)?(?: {_SAID})*", re.I)
_EXIM_NAMELESS = re.compile(rf"{_SAID}(?: {_SAID})*", re.I)
_EXIM_HELO = re.compile(r"(?:\A| )helo=(\S+)", re.I)
_BARE = re.compile(rf"(?:\S*@)?(?P<ip>{_IP})")  # Exchange, qmail
_HELO = re.compile(r"HELO (?P<helo>\S*)", re.I)  # qmail
_LITERAL = re.compile(rf"\[(?P<ip>{_IP})\](?::\d+)?", re.I)
_AUTHENTICATED = re.compile(
    r"(?:utf8)?(?:esmtp|lmtp|smtp)s?a", re.I
)  # RFC 3848, RFC 6531; Exim says smtpsa without EHLO
_SAID_SO = re.compile(r"\((?:authenticated|smtp-auth)\b", re.I)  # sendmail, Postfix ("Authenticated sender:"), qmail
# Networks behind which nobody else's SPF record can look (RFC 1918, 6598, 3927, 4193, 4291).
_PRIVATE = tuple(
    map(
        ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10"),
    )
)
_LOCAL = frozenset({"local", "mapi", "http", "https"})


@dataclass(frozen=True, slots=True)
class Hop:
    """One Received: the client's `address`, what it called itself, the `id` of the mail there. `own`: not handed over by SMTP
    from elsewhere, or by a user who logged in. The name that the address has is not read: not every server checks that one.
    """

    address: str
    helo: str
    id: str
    own: bool


@dataclass(frozen=True, slots=True)
class Client:
    """The host that handed a mail to us, or to the last of our relays: an IP address and what it called itself."""

    address: str
    helo: str


@dataclass(frozen=True, slots=True)
class NoClient:
    """There is none whose address could be judged. `why` in plain words."""

    why: str


def parse(value: str) -> Hop | None:
    """The unfolded value; None for a form that is not known for certain."""
    text = _SPACES.sub(" ", value[:_LONGEST]).strip()
    trace = _trace(text)
    if trace["with"].lower() in _LOCAL or text.startswith("by "):
        return Hop("", "", trace["id"], own=True)
    head = _HEAD.match(text)
    if head is None:
        return None
    own = bool(_AUTHENTICATED.fullmatch(trace["with"]) or _SAID_SO.search(text))
    found = _client(head["word"], _COMMENT.findall(head["comments"]), head["rest"])
    if found is None:
        return Hop("", "", trace["id"], own=True) if own else None
    address, helo = found
    return Hop(address, helo, trace["id"], own)


def _trace(text: str) -> dict[str, str]:
    """What stands outside comments: `with` and `id`."""
    outside = re.sub(r" \((?:[^()]|\([^()]*\))*\)", "", text)
    words = {}
    for name, pattern in (("with", _WITH), ("id", _ID)):
        found = pattern.search(outside)
        words[name] = found[name] if found else ""
    return words


def _client(word: str, comments: Sequence[str], rest: str) -> tuple[str, str] | None:
    """(address, HELO), if exactly one of the comments names an address."""
    found: list[tuple[str, str]] = []
    helo = word
    for one in comments:
        if said := _HELO.fullmatch(one):
            helo = said["helo"]
        elif exim := _EXIM.fullmatch(one):
            other = _EXIM_HELO.search(one)
            found.append((exim["ip"], other[1] if other else word))
        elif named := _NAMED.fullmatch(one):
            found.append((named["ip"], word))
        elif bare := _BARE.fullmatch(one):
            found.append((bare["ip"], helo))
        elif _EXIM_NAMELESS.fullmatch(one) and (literal := _LITERAL.fullmatch(word)):
            other = _EXIM_HELO.search(one)
            found.append((literal["ip"], other[1] if other else word))
    if not comments and "(Exim " in rest and (literal := _LITERAL.fullmatch(word)):
        found.append((literal["ip"], word))
    if len(found) != 1:
        return None
    address = ip.plain(found[0][0])
    return (address, found[0][1]) if address else None


def client(
    transaction: Transaction, is_ours: Callable[[str], bool], is_relay: Callable[[str, str], bool]
) -> Client | NoClient:
    """Who to check SPF for: relay by relay down to the first host that is none of them.

    `is_ours(address)`: of our own networks. `is_relay(address, name)`: one whose Received is believed; `name` as our Postfix
    has checked it, "" where nobody did.
    """
    peer = transaction.peer
    address = ip.plain(peer.address)
    if peer.source == "LOCAL":
        return NoClient("sent on this host")
    if not address:
        return NoClient("the client is not known")
    relayed = is_relay(address, peer.name.rstrip(".").lower())
    if is_ours(address) and not relayed:
        return NoClient("the client is of our own network")
    hops = [parse(one) for one in transaction.message.all("received")[:MOST]]
    ours = _of_our_postfix(hops, peer.queue_id, address)
    if ours >= 0 and (hop := hops[ours]) and hop.own:
        return NoClient("the sender is a user of ours")
    if not relayed:
        return Client(address, peer.helo)
    for one in hops[ours + 1 :]:
        if one is None:
            return NoClient("the Received of a trusted relay cannot be read")
        if one.own:
            return NoClient("the sender is a user of a trusted relay")
        if is_ours(one.address) or is_relay(one.address, ""):
            continue
        if _is_private(one.address):
            return NoClient("a trusted relay names a host of its own network")
        return Client(one.address, one.helo)
    return NoClient("nobody stands before the trusted relays")


def _is_private(address: str) -> bool:
    there = ip_address(address)
    return any(there in one for one in _PRIVATE)


def _of_our_postfix(hops: Sequence[Hop | None], queue_id: str, address: str) -> int:
    """Where our own Postfix wrote its Received: the topmost that has its queue id, or names the client that it told us of.

    Nobody outside can write above it. -1: it wrote none.
    """
    for index, one in enumerate(hops):
        if one and ((queue_id and one.id == queue_id) or one.address == address):
            return index
    return -1
