"""DNS messages read in one bounded walk: what dnspython writes, what a stranger's name server may write, and plain junk."""

import random
import struct
from ipaddress import ip_address

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from milter.lookup.dns_answers import Failed, Key, NoRecords, Records, key
from milter.lookup.dns_wire import LONGEST, MOST_HOSTS, Reading, Unreadable, question, read

IDENT = 4711
ASKED: Key = ("www.acme.example", "A")
SOA = "acme.example. 900 IN SOA ns.acme.example. hostmaster.acme.example. 1 3600 600 86400 120"


def message(asked: Key, *records: str, authority: tuple[str, ...] = (), code: str = "NOERROR") -> bytes:
    """An answer as dnspython writes it; a record is "name ttl IN TYPE value"."""
    query = dns.message.from_wire(question(asked, IDENT))
    answer = dns.message.make_response(query, recursion_available=True)
    answer.set_rcode(dns.rcode.from_text(code))
    for section, lines in ((answer.answer, records), (answer.authority, authority)):
        for line in lines:
            name, ttl, group, kind, value = line.split(" ", 4)
            section.append(dns.rrset.from_text(name, int(ttl), group, kind, value))
    return answer.to_wire(max_size=65535)


def test_a_question_is_what_dnspython_reads() -> None:
    query = dns.message.from_wire(question(("a_b.acme.example", "TXT"), IDENT))
    assert (query.id, query.question[0].to_text()) == (IDENT, "a_b.acme.example. IN TXT")
    assert query.flags & dns.flags.RD and (query.edns, query.payload) == (0, 1232)


READINGS: dict[str, tuple[Key, tuple[str, ...], Reading]] = {
    "addresses, the lowest TTL": (
        ASKED,
        ("www.acme.example. 60 IN A 192.0.2.1", "www.acme.example. 30 IN A 192.0.2.2"),
        Reading(Records((ip_address("192.0.2.1"), ip_address("192.0.2.2"))), 30),
    ),
    "IPv6": (
        ("www.acme.example", "AAAA"),
        ("www.acme.example. 60 IN AAAA 2001:db8::1",),
        Reading(Records((ip_address("2001:db8::1"),)), 60),
    ),
    "a text of several strings is one": (
        ("acme.example", "TXT"),
        (r'acme.example. 60 IN TXT "v=spf1 " "" "-all\255"',),
        Reading(Records((b"v=spf1 -all\xff",)), 60),
    ),
    "mail exchangers, one of them none": (
        ("acme.example", "MX"),
        ("acme.example. 60 IN MX 10 MX.acme.example.", "acme.example. 60 IN MX 0 ."),
        Reading(Records(((10, "mx.acme.example"), (0, ""))), 60),
    ),
    "a host with a dot inside a label is none": (
        ("1.2.0.192.in-addr.arpa", "PTR"),
        (r"1.2.0.192.in-addr.arpa. 60 IN PTR mail\.acme.example.",),
        Reading(Records(("",)), 60),
    ),
    "aliases are followed, whatever their order": (
        ASKED,
        (
            "edge.example. 40 IN A 192.0.2.1",
            "cdn.example. 20 IN CNAME edge.example.",
            "WWW.acme.example. 60 IN CNAME cdn.example.",
        ),
        Reading(Records((ip_address("192.0.2.1"),)), 20),
    ),
    "an alias that nobody followed": (
        ASKED,
        ("www.acme.example. 60 IN CNAME cdn.example.",),
        Reading(NoRecords(), 60, "cdn.example"),
    ),
    "aliases in a circle": (
        ASKED,
        ("www.acme.example. 60 IN CNAME b.example.", "b.example. 60 IN CNAME www.acme.example."),
        Reading(Failed("aliases in a circle")),
    ),
    "what was not asked for does not count": (
        ASKED,
        ("bank.example. 60 IN A 203.0.113.1", 'www.acme.example. 60 IN TXT "x"'),
        Reading(NoRecords()),
    ),
    "what is not of the Internet does not count": (
        ("acme.example", "TXT"),
        ('acme.example. 60 CH TXT "chaos"', 'acme.example. 60 IN TXT "x"'),
        Reading(Records((b"x",)), 60),
    ),
}


@pytest.mark.parametrize("name", READINGS)
def test_what_a_message_says(name: str) -> None:
    asked, records, expected = READINGS[name]
    assert read(message(asked, *records), asked, IDENT) == expected


NEGATIVE: dict[str, tuple[bytes, Reading]] = {
    "no such name, for as long as the SOA says": (
        message(ASKED, authority=(SOA,), code="NXDOMAIN"),
        Reading(NoRecords(), 120),
    ),
    "nothing of this kind": (message(ASKED, authority=(SOA,)), Reading(NoRecords(), 120)),
    "an alias to nothing": (
        message(ASKED, "www.acme.example. 60 IN CNAME b.acme.example.", authority=(SOA,)),
        Reading(NoRecords(), 60),
    ),
    "an alias to no such name, without SOA": (
        message(ASKED, "www.acme.example. 60 IN CNAME b.acme.example.", code="NXDOMAIN"),
        Reading(NoRecords()),
    ),
    "without SOA: not for keeping": (message(ASKED, code="NXDOMAIN"), Reading(NoRecords())),
    "the server failed": (message(ASKED, code="SERVFAIL"), Reading(Failed("servfail"))),
    "refused": (message(ASKED, code="REFUSED"), Reading(Failed("refused"))),
}


@pytest.mark.parametrize("name", NEGATIVE)
def test_what_an_empty_message_says(name: str) -> None:
    wire, expected = NEGATIVE[name]
    assert read(wire, ASKED, IDENT) == expected


def altered(wire: bytes, at: int, byte: int) -> bytes:
    return wire[:at] + bytes([byte]) + wire[at + 1 :]


GOOD = message(ASKED, "www.acme.example. 60 IN A 192.0.2.1")
FOREIGN = {
    "another id": altered(GOOD, 0, GOOD[0] ^ 1),
    "a question": altered(GOOD, 2, GOOD[2] & 0x7F),
    "another opcode": altered(GOOD, 2, GOOD[2] | 0x20),
    "another question": message(("www.acme.examplf", "A")),
    "another kind": message(("www.acme.example", "AAAA")),
    "no question": GOOD[:4] + b"\0\0" + GOOD[6:],
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_answers_another_question(name: str) -> None:
    assert read(FOREIGN[name], ASKED, IDENT) is None
    assert read(GOOD, ASKED, IDENT) == Reading(Records((ip_address("192.0.2.1"),)), 60)


def test_a_truncated_message_says_only_that() -> None:
    found = read(altered(GOOD, 2, GOOD[2] | 2)[:40], ASKED, IDENT)
    assert found and found.truncated


def test_a_ttl_that_is_negative_is_none() -> None:
    """RFC 2181 section 8."""
    ttl = GOOD.index(struct.pack("!I", 60))
    assert read(altered(GOOD, ttl, 0xFF), ASKED, IDENT) == Reading(Records((ip_address("192.0.2.1"),)), 0)


def test_a_text_longer_than_its_record() -> None:
    wire = message(("acme.example", "TXT"), 'acme.example. 60 IN TXT "abc"')
    with pytest.raises(Unreadable):
        read(altered(wire, wire.index(b"\3abc"), 4), ("acme.example", "TXT"), IDENT)


def test_a_name_that_points_to_itself() -> None:
    head = GOOD[: GOOD.index(b"\xc0\x0c")]
    with pytest.raises(Unreadable):
        read(head + struct.pack("!H", 0xC000 | len(head)) + GOOD[len(head) + 2 :], ASKED, IDENT)


def test_pointers_that_make_a_name_of_a_thousand_labels() -> None:
    """Pointers forward and backward: a name ends at 255 bytes, whatever it is made of."""
    head = GOOD[: GOOD.index(b"\xc0\x0c")]
    with pytest.raises(Unreadable):
        read(head + b"\x01a" + struct.pack("!H", 0xC000 | len(head)) + GOOD[len(head) + 2 :], ASKED, IDENT)


def test_a_set_of_hosts_is_cut() -> None:
    asked: Key = (f"{'a.' * 126}b", "MX")
    lines = [f"{asked[0]}. 60 IN MX {one} h.{asked[0][2:]}." for one in range(200)]
    found = read(message(asked, *lines), asked, IDENT)
    assert found and isinstance(found.answer, Records) and len(found.answer.values) == MOST_HOSTS


def test_a_message_too_long() -> None:
    with pytest.raises(Unreadable):
        read(GOOD + bytes(LONGEST), ASKED, IDENT)
    assert read(GOOD + bytes(100), ASKED, IDENT)


def test_junk_is_unreadable_or_nothing() -> None:
    """Every byte of good messages changed, at random but always the same."""
    chance = random.Random(1)
    whole = [message(asked, *records) for asked, records, _ in READINGS.values()]
    for asked, wire in zip((asked for asked, _, _ in READINGS.values()), whole, strict=True):
        for _ in range(2000):
            spoilt = bytearray(wire)
            for _ in range(chance.randint(1, 4)):
                spoilt[chance.randrange(2, len(spoilt))] = chance.randrange(256)
            try:
                found = read(bytes(spoilt[: chance.randint(12, len(spoilt))]), asked, IDENT)
            except Unreadable:
                continue
            assert found is None or isinstance(found, Reading)


NAMES = {
    "Acme.Example.": "acme.example",
    "_dmarc.acme.example": "_dmarc.acme.example",
    "a\\b!.example": "a\\b!.example",
    f"{'a' * 63}.example": f"{'a' * 63}.example",
    f"{'a.' * 126}a": f"{'a.' * 126}a",
}
NO_NAMES = ["", ".", "acme..example", ".example", f"{'a' * 64}.example", f"{'a.' * 127}a", "peña.example", "a\nb.example",
            "a\0.example", "\ud800.example", "acme.example.."]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_that_may_be_asked_for(name: str) -> None:
    assert key(name, "TXT") == (NAMES[name], "TXT")
    assert dns.message.from_wire(question((NAMES[name], "TXT"), IDENT))


@pytest.mark.parametrize("name", NO_NAMES)
def test_names_that_are_none(name: str) -> None:
    assert key(name, "TXT") is None
