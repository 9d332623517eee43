"""Addresses out of fields and envelopes, and encoded words."""

import tracemalloc

import pytest

from milter.core import address, encoded_words, lexical, mailboxes
from tests.core.studio import letter


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("Ana <ana@x.es>", ["ana@x.es"]),
        ("ana@x.es (Ana)", ["ana@x.es"]),
        ("Ana (a (b) \\) , c@d) <ana@x.es> (e)", ["ana@x.es"]),
        ('"Souto, Ana <x@y>" <ana@x.es>', ["ana@x.es"]),
        ("Souto, Ana <ana@x.es>", ["ana@x.es"]),
        ("a@x.es, b@x.es ,, c@x.es", ["a@x.es", "b@x.es", "c@x.es"]),
        ("Equipo: a@x.es, B <b@x.es>; c@x.es", ["a@x.es", "b@x.es", "c@x.es"]),
        ("undisclosed-recipients:;", []),
        ("<@a.es,@b.es:ana@x.es>", ["ana@x.es"]),
        ("ana @ x . es", ["ana@x.es"]),
        ('"ana souto"@x.es', ['"ana souto"@x.es']),
        ("ana@[192.0.2.1]", ["ana@[192.0.2.1]"]),
        ("José <josé@dom.es>", ["josé@dom.es"]),
        ("<>", [""]),
        ("<", [""]),
        ("", []),
        # What two readers would read differently is no address (CVE-2023-27043).
        ("<a@x.es> <b@y.es>", [""]),
        ("<a@x.es> b@y.es", [""]),
        ("Ana ana@x.es", [""]),
        ("alice@example.org)bob@y.es", [""]),
        ("a@b@c", [""]),
        ("a..b@x.es", [""]),
        ("<a@x.es", [""]),
        ("a\x00b@x.es", [""]),
        ("alice@example.org <bob@evil.es>", ["bob@evil.es"]),
    ],
)
def test_mailboxes(value: str, found: list[str]) -> None:
    assert [one.address for one in mailboxes.parse(value)] == found


def test_names_are_decoded() -> None:
    (one,) = mailboxes.parse("=?utf-8?q?Luc=C3=ADa_Ferrer?= <l@c.es>")
    assert one.name == "Lucía Ferrer"


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("l@c.es (=?utf-8?q?Luc=C3=ADa?=), (Ana) <a@c.es> (twice)", ["Lucía", "Ana"]),
        ("Lucía (hey) <l@c.es> (bye), b@c.es", ["Lucía", ""]),
        ("(, l@c.es", []),
    ],
)
def test_a_comment_is_the_name_of_who_has_none(value: str, names: list[str]) -> None:
    assert [one.name for one in mailboxes.parse(value)] == names


def test_an_own_address_far_down_a_real_list_is_found() -> None:
    many = ", ".join(f"user{number}@x.example" for number in range(5000))
    assert "ana@estudio.example" in letter(f"To: {many}, ana@estudio.example").message.listed


@pytest.mark.parametrize(
    ("envelope", "name"),
    [
        ("Laura+x@ACME.example", "laura@acme.example"),
        ("SRS0=HHH=TT=acme.example=laura@forward.example", "laura@acme.example"),
        ("SRS1=HHH=other.example==HHH=TT=acme.example=laura@forward.example", "laura@acme.example"),
        ("prvs=0123456789=laura@acme.example", "laura@acme.example"),
        ("btv1==0123abcd==laura@acme.example", "laura@acme.example"),
        ("btv1=0123abcd=laura@acme.example", "laura@acme.example"),
        ("laura@acme.example", "laura@acme.example"),
    ],
)
def test_the_person_behind_an_envelope_sender(envelope: str, name: str) -> None:
    assert address.correspondent_name(envelope, "+") == name


def test_a_tag_keeps_its_domain_and_srs_is_not_unwrapped_for_trust() -> None:
    assert address.untagged("prvs=1=laura@acme.example") == "laura@acme.example"
    assert address.untagged("SRS0=H=T=acme.example=laura@forward.example").endswith("@forward.example")


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("=?utf-8?q?a_=C3=B1?= b", "a ñ b"),
        ("=?utf-8?b?w7E=?= =?utf-8?b?w7E?=", "ññ"),
        ("=?utf-8?q?=C3?= =?utf-8?q?=B1?=", "ñ"),
        ("=?iso-8859-1*es?Q?=F1?=", "ñ"),
        ("=?utf-8?q?a?= =?iso-8859-1?q?=F1?= x", "añ x"),
        ("=?unicode_escape?q?=5Cx?= =?idna?q?x?=", "\\xx"),
        ("=?x\x00y?q?a?=", "a"),
        ("plain", "plain"),
    ],
)
def test_decoding(text: str, decoded: str) -> None:
    assert encoded_words.decode(text) == decoded


@pytest.mark.parametrize("text", ["Clientes/Señor", "=?utf-8?q?x?=", "ñ" * 300, "plain", "a/b & c"])
def test_encoding_comes_back(text: str) -> None:
    coded = encoded_words.encode(text)
    assert coded.isascii() and all(len(line) < 77 for line in coded.split("\r\n"))
    assert encoded_words.decode(coded.replace("\r\n ", " ")) == text


def test_no_long_address_of_a_stranger_stays_in_memory() -> None:
    tracemalloc.start()
    try:
        for number in range(50):
            domain = f"{number}{'x' * 100_000}.example"
            address.normal(f"a@{domain}")
            address.organisational_domain(domain)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 1_000_000
    assert address.normal(f"A@{'X' * 400}.example") == f"a@{'x' * 400}.example", "and it is read as any other"


def test_parameters() -> None:
    kind, found = lexical.parameters(
        'Multipart/Report (x;y); Report-Type="delivery-status"; boundary="a;\\"b"; boundary=c'
    )
    assert (kind, found) == ("multipart/report", {"report-type": "delivery-status", "boundary": 'a;"b'})


@pytest.mark.parametrize(
    ("domain", "normal"),
    [
        ("straße.example", "xn--strae-oqa.example"),
        ("mail.STRAẞE.example.", "mail.xn--strae-oqa.example"),
        ("ßx.ñandú。example", "xn--x-pfa.xn--and-6ma2c.example"),
        ("βόλος.example", "xn--nxasmm1c.example"),
        ("strasse.example", "strasse.example"),
        ("ñandú.example", "xn--and-6ma2c.example"),
        (f"{'ß' * 60}.example", f"{'ß' * 60}.example"),
    ],
)
def test_a_domain_with_letters_that_only_the_newer_idna_knows_is_no_other_domain(domain: str, normal: str) -> None:
    assert address.normal_domain(domain) == normal
