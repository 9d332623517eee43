"""By which names the reputation knows a sender: proven ones, claimed ones, lists."""

from dataclasses import replace

import pytest

from milter.core import sender
from milter.core.envelope import Direction, Peer, Transaction
from milter.core.facts import Authentication, Missing
from milter.core.message import parse
from milter.core.sender import Signed
from tests.core.reputation_stories import BEGIN

PROVEN = Authentication(True, True, "pass", "mx.studio.example", "dkim=pass header.d=acme.example")
BOUNCES_PROVEN = Authentication(False, True, "none", "mx.studio.example")
FORGED = Authentication(False, True, "fail", "mx.studio.example")
NOBODY = Authentication(False, False, "none", "mx.studio.example")
UNKNOWN = Missing("temperror")
LIST = "List-Id: Talk (all of it) <Talk.Lists.Example>\n"


def letter(header: str, mail_from: str = "", client: str = "203.0.113.77", source: str = "REMOTE") -> Transaction:
    content = parse((header + "\n").replace("\n", "\r\n").encode())
    return Transaction("0", "lmtp", Direction.INBOUND, Peer(client, source=source), mail_from, (), (), content, BEGIN)


def name(header: str, known: Authentication | Missing, mail_from: str = "bounce@acme.example", **peer: str) -> str:
    found = sender.named(letter(header, mail_from, **peer), known, "+")
    return f"{found.kind} {found.name} {found.network} / {found.domain} @ {found.place}" if found else ""


CASES = [
    # a proven author is known by his address and lent to by his organisation, wherever he writes from
    ("From: Laura <Laura@ACME.example>\n", PROVEN, "a laura@acme.example  / acme.example @ acme.example"),
    ("From: laura+web@mail.acme.example\n", PROVEN, "a laura@mail.acme.example  / acme.example @ acme.example"),
    ("From: laura@acme.example\n" + LIST, PROVEN, "a laura@acme.example  / acme.example @ acme.example"),
    ("From: info@ñandu.example\n", PROVEN, "a info@xn--andu-fqa.example  / xn--andu-fqa.example @ xn--andu-fqa.example"),
    # providers lend nothing, and their senders do not crowd one slot
    ("From: laura@gmail.com\n", PROVEN, "a laura@gmail.com  /  @ laura@gmail.com"),
    ("From: laura@hotmail.es\n", PROVEN, "a laura@hotmail.es  /  @ laura@hotmail.es"),
    ("From: laura@euskalnet.net\n", PROVEN, "a laura@euskalnet.net  /  @ laura@euskalnet.net"),
    ("From: x1@privaterelay.appleid.com\n", PROVEN, "a x1@privaterelay.appleid.com  /  @ x1@privaterelay.appleid.com"),
    # whoever rents a name below a hosting domain is an organisation of his own
    ("From: a@ana.github.io\n", PROVEN, "a a@ana.github.io  / ana.github.io @ ana.github.io"),
    ("From: a@github.io\n", PROVEN, "a a@github.io  / github.io @ github.io"),
    ("From: a@x.gov.uk\n", PROVEN, "a a@x.gov.uk  / x.gov.uk @ x.gov.uk"),
    # nobody proven counts together with his network
    ("From: laura@acme.example\n", NOBODY, "u laura@acme.example 203.0.113.0/24 / acme.example @ acme.example"),
    ("From: laura@acme.example\n", UNKNOWN, "u laura@acme.example 203.0.113.0/24 / acme.example @ acme.example"),
    ("From: laura@acme.example\n", FORGED, "u laura@acme.example 203.0.113.0/24 / acme.example @ acme.example"),
    ("From: laura@acme.example\n", BOUNCES_PROVEN, "u laura@acme.example 203.0.113.0/24 / acme.example @ acme.example"),
    # a list that breaks the author's signature: the list, as the domain of its bounces is proven
    ("From: laura@acme.example\n" + LIST, BOUNCES_PROVEN, "l talk.lists.example acme.example  / acme.example @ acme.example"),
    ("From: laura@acme.example\n" + LIST, NOBODY, "u laura@acme.example 203.0.113.0/24 / acme.example @ acme.example"),
    ("From: laura@acme.example\n" + LIST, FORGED, "u laura@acme.example 203.0.113.0/24 / acme.example @ acme.example"),
    ("From: a@b.example\nList-Id: no brackets\n", BOUNCES_PROVEN, "u a@b.example 203.0.113.0/24 / b.example @ b.example"),
    # two authors, or none: the envelope is all there is
    ("From: a@b.example, c@d.example\n", PROVEN, "u bounce@acme.example 203.0.113.0/24 / acme.example @ acme.example"),
    ("Subject: x\n", PROVEN, "u bounce@acme.example 203.0.113.0/24 / acme.example @ acme.example"),
]  # fmt: skip


@pytest.mark.parametrize(("header", "known", "expected"), CASES)
def test_names(header: str, known: Authentication | Missing, expected: str) -> None:
    assert name(header, known) == expected


def test_a_forwarder_s_envelope_is_the_original_one() -> None:
    wrapped = "SRS0=HHH=TT=acme.example=laura@forwarder.example"
    assert name("Subject: x\n", NOBODY, wrapped).startswith("u laura@acme.example ")


def test_nobody_at_all_is_nobody() -> None:
    assert name("Subject: x\n", NOBODY, "") == ""


NETWORKS = [
    ("203.0.113.77", "203.0.113.0/24"),
    ("2001:db8:1:2::3", "2001:db8:1::/48"),
    ("IPv6:2001:db8:1:2::3", "2001:db8:1::/48"),
    ("::ffff:203.0.113.77", "203.0.113.0/24"),
    ("127.0.0.1", "local"),
    ("::1", "local"),
    ("", "unknown"),
    ("[UNAVAILABLE]", "unknown"),
]


@pytest.mark.parametrize(("client", "expected"), NETWORKS)
def test_networks(client: str, expected: str) -> None:
    assert name("From: a@b.example\n", NOBODY, client=client).startswith(f"u a@b.example {expected} ")


def test_what_this_host_submits_is_local() -> None:
    assert name("From: a@b.example\n", NOBODY, source="LOCAL").startswith("u a@b.example local ")


def test_the_slot_of_the_outcomes_does_not_depend_on_who_was_proven() -> None:
    """A retry may be verified otherwise, and must find what was answered."""
    for header, _, _ in CASES:
        one = letter(header, "bounce@acme.example")
        places = {found.place for known in (PROVEN, NOBODY, UNKNOWN) if (found := sender.named(one, known, "+"))}
        assert sender.claimed_place(one) in places
    forwarded = letter("Subject: x\n", "SRS0=HHH=TT=acme.example=laura@forwarder.example")
    assert sender.claimed_place(forwarded) == "acme.example"


SIGNED = [
    ("dkim=pass header.d=acme.example", Signed.PASSED),
    ("dkim=pass header.d=mail.acme.example; spf=pass", Signed.PASSED),
    ("dkim=fail header.d=acme.example; dkim=pass header.d=acme.example", Signed.PASSED),
    ("dkim=fail header.d=acme.example; dkim=pass header.d=esp.example", Signed.FAILED),
    ("dkim=fail header.d=esp.example", Signed.NONE),
    ("dkim=temperror header.d=acme.example", Signed.NONE),
    ("spf=pass smtp.mailfrom=acme.example", Signed.NONE),
    ("", Signed.NONE),
]


@pytest.mark.parametrize(("summary", "expected"), SIGNED)
def test_what_became_of_the_author_s_signature(summary: str, expected: Signed) -> None:
    known = replace(PROVEN, summary=summary)
    found = sender.named(letter("From: laura@acme.example\n"), known, "+")
    assert found and sender.signed(known, found) is expected
    assert sender.signed(Missing("away"), found) is Signed.NONE
