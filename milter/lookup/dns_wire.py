"""DNS messages (RFC 1035 section 4): one question out, the answer to it in.

Read here, in one bounded walk, and not by dnspython: that took 1.2 s for an answer of 5 kB, 255 MX of 126 labels each, such
as a stranger's name server may give. Meanwhile the loop would serve nobody.
"""

import struct
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from milter.lookup.dns_answers import Answer, Failed, Key, NoRecords, Records

LONGEST = 16_384  # bytes of an answer
MOST_HOSTS = 50  # of an MX or PTR answer; SPF reads ten
PAYLOAD = 1232  # bytes: what crosses every network unfragmented (DNS flag day 2020)
TYPES = {"A": 1, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}
IN, OPT = 1, 41
CODES = {0: "noerror", 1: "formerr", 2: "servfail", 3: "nxdomain", 4: "notimp", 5: "refused"}
_WITHOUT_QUESTION = (1, 2, 4, 5)  # codes of servers that did not even read it
_RESPONSE, _OPCODE, _TRUNCATED, _RECURSE = 0x8000, 0x7800, 0x0200, 0x0100
CIRCLE = "aliases in a circle"  # a resolver says SERVFAIL of it
_HEADER, _LONGEST_NAME, _MOST_POINTERS, _LONGEST_CHAIN = 12, 255, 127, 16


class Unreadable(Exception):
    """An answer that is broken, or longer than we read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One message. `ttl` in seconds, None if it gives none · `alias`: the name to ask for instead, "" if there is none ·
    `truncated`: ask again over TCP.
    """

    answer: Answer
    ttl: int | None = None
    alias: str = ""
    truncated: bool = False


def question(asked: Key, ident: int) -> bytes:
    """`asked` as `dns_answers.key` gives it; with EDNS (RFC 6891), so that most answers fit a datagram."""
    header = struct.pack("!6H", ident, _RECURSE, 1, 0, 0, 1)
    return header + _uncompressed(asked[0]) + struct.pack("!HHBHHIH", TYPES[asked[1]], IN, 0, OPT, PAYLOAD, 0, 0)


def read(wire: bytes, asked: Key, ident: int) -> Reading | None:
    """None if `wire` is not the answer to this question (RFC 5452 section 9.1)."""
    if len(wire) > LONGEST:
        raise Unreadable
    try:
        return _read(_Walk(wire), asked, ident)
    except (IndexError, struct.error) as error:
        raise Unreadable from error


@dataclass(slots=True)
class _Walk:
    """`at` moves along; `tails` are names that were pointed to, so none is put together twice."""

    wire: bytes
    at: int = 0
    tails: dict[int, bytes] = field(default_factory=dict)

    def numbers(self, form: str) -> tuple[int, ...]:
        found = struct.unpack_from(form, self.wire, self.at)
        self.at += struct.calcsize(form)
        return found

    def name(self) -> bytes:
        """Uncompressed and in lower case (RFC 1035 section 4.1.4)."""
        wire, at, found = self.wire, self.at, bytearray()
        end, target, head, pointers = 0, 0, 0, 0
        while length := wire[at]:
            if length < 64:
                found += wire[at : at + 1 + length]
                at += 1 + length
            elif length >= 0xC0 and pointers < _MOST_POINTERS:
                pointers += 1
                here, at = at, (length & 0x3F) << 8 | wire[at + 1]
                if pointers == 1:
                    end, target, head = here + 2, at, len(found)
                if at in self.tails:
                    found += self.tails[at]
                    break
            else:
                raise Unreadable
            if len(found) >= _LONGEST_NAME:
                raise Unreadable
        else:
            found.append(0)
        if len(found) > _LONGEST_NAME:
            raise Unreadable
        name = bytes(found).lower()  # no length byte is a letter
        if pointers:
            self.tails[target] = name[head:]
        self.at = end or at + 1
        return name


@dataclass(slots=True)
class _Found:
    values: list[Any] = field(default_factory=list)
    ttl: int = 0


def _read(walk: _Walk, asked: Key, ident: int) -> Reading | None:
    echoed, flags, questions, answers, authorities, _ = walk.numbers("!6H")
    code = flags & 0xF
    if echoed != ident or not flags & _RESPONSE or flags & _OPCODE:
        return None
    if questions == 1:
        if walk.name() != _uncompressed(asked[0]) or walk.numbers("!HH") != (TYPES[asked[1]], IN):
            return None
    elif questions or code not in _WITHOUT_QUESTION:
        return None
    if flags & _TRUNCATED:
        return Reading(NoRecords(), truncated=True)
    if CODES.get(code) not in ("noerror", "nxdomain"):
        return Reading(Failed(CODES.get(code, f"code {code}")))
    records: dict[bytes, _Found] = {}
    aliases: dict[bytes, tuple[bytes, int]] = {}
    for _ in range(answers):
        owner, kind, ttl, end = _record(walk)
        if kind == TYPES["CNAME"] and asked[1] != "CNAME":
            aliases[owner] = (walk.name(), ttl)
        elif kind == TYPES[asked[1]]:
            one = records.setdefault(owner, _Found(ttl=ttl))
            if len(one.values) < MOST_HOSTS or asked[1] not in ("MX", "PTR"):
                one.values.append(_value(walk, kind, end))
            one.ttl = min(one.ttl, ttl)
        walk.at = end
    return _followed(asked, records, aliases, _negative_ttl(walk, authorities), final=code != 0)


def _followed(
    asked: Key,
    records: dict[bytes, _Found],
    aliases: dict[bytes, tuple[bytes, int]],
    negative_ttl: int | None,
    *,
    final: bool,
) -> Reading:
    """What the chain of aliases leads to. An empty answer without SOA is no last word about a name at the end of one."""
    name = _uncompressed(asked[0])
    ttls: list[int] = []
    for _ in range(_LONGEST_CHAIN):
        if name in records:
            return Reading(Records(tuple(records[name].values)), min(*ttls, records[name].ttl, 2**31))
        if name not in aliases:
            break
        name, ttl = aliases[name]
        ttls.append(ttl)
    else:
        return Reading(Failed(CIRCLE))
    if ttls and negative_ttl is None and not final:
        return Reading(NoRecords(), min(ttls), _host(name))
    # RFC 2308 section 5: without SOA it is not for keeping.
    return Reading(NoRecords(), None if negative_ttl is None else min(*ttls, negative_ttl, 2**31))


def _record(walk: _Walk) -> tuple[bytes, int, int, int]:
    """Owner, type (0 outside the Internet class), TTL, and where its data ends; the walk stands where they begin."""
    owner = walk.name()
    kind, group, ttl, length = walk.numbers("!HHIH")
    end = walk.at + length
    if end > len(walk.wire):
        raise Unreadable
    # RFC 2181 section 8: a TTL with its highest bit set is 0.
    return owner, kind if group == IN else 0, ttl if ttl < 2**31 else 0, end


def _negative_ttl(walk: _Walk, authorities: int) -> int | None:
    """RFC 2308 section 5: the TTL of the SOA, or the last number in it if that is less."""
    for _ in range(authorities):
        _, kind, ttl, end = _record(walk)
        if kind == TYPES["SOA"] and end - walk.at >= 22:
            return int(min(ttl, struct.unpack_from("!I", walk.wire, end - 4)[0]))
        walk.at = end
    return None


def _value(walk: _Walk, kind: int, end: int) -> bytes | IPv4Address | IPv6Address | tuple[int, str] | str:
    data = walk.wire[walk.at : end]
    if kind == TYPES["TXT"]:
        return _joined(data)
    if kind == TYPES["A"] and len(data) == 4:
        return IPv4Address(data)
    if kind == TYPES["AAAA"] and len(data) == 16:
        return IPv6Address(data)
    if kind == TYPES["MX"]:
        (preference,) = walk.numbers("!H")
        return preference, _host(walk.name())
    if kind == TYPES["PTR"]:
        return _host(walk.name())
    if kind == TYPES["SOA"]:
        return data
    raise Unreadable


def _joined(strings: bytes) -> bytes:
    found, at = [], 0
    while at < len(strings):
        end = at + 1 + strings[at]
        if end > len(strings):
            raise Unreadable
        found.append(strings[at + 1 : end])
        at = end
    return b"".join(found)


def _uncompressed(name: str) -> bytes:
    return b"".join(bytes([len(one)]) + one.encode() for one in name.split(".") if one) + b"\0"


def _host(name: bytes) -> str:
    labels, at = [], 0
    while name[at]:
        labels.append(name[at + 1 : at + 1 + name[at]])
        at += 1 + name[at]
    # A dot or a blank inside a label is legal, but as text it would be another name.
    if not all(33 <= byte <= 126 and byte != ord(".") for one in labels for byte in one):
        return ""
    return b".".join(labels).decode()
