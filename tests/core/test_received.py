"""Received: forms that are read, forms that are not, and the way down to the client."""

from dataclasses import replace

import pytest

from milter.core import received
from milter.core.envelope import Peer
from milter.core.received import Client, NoClient
from tests.core.studio import letter

POSTFIX = "from mail.acme.example (mail.acme.example [192.0.2.1])"
BY = " by backup.example (Postfix) with ESMTPS id 4XyZ for <ana@estudio.example>; Fri, 06 Mar 2026 22:59:50 +0000"


@pytest.mark.parametrize(
    ("value", "address", "helo"),
    [
        (POSTFIX + BY, "192.0.2.1", "mail.acme.example"),
        ("from laptop (unknown [192.0.2.1])" + BY, "192.0.2.1", "laptop"),
        ("from [198.51.100.9] (unknown [192.0.2.1])" + BY, "192.0.2.1", "[198.51.100.9]"),
        ("from a (b [IPv6:2001:db8::1])" + BY, "2001:db8::1", "a"),
        (
            POSTFIX + " (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange ECDHE (P-256) "
            "server-signature RSA-PSS (2048 bits) server-digest SHA256) (No client certificate requested)" + BY,
            "192.0.2.1", "mail.acme.example",
        ),
        ("from helo.example (rdns.example [192.0.2.1] (may be forged)) by b.example (8.17.1/8.17.1) with ESMTP id 1;x",
         "192.0.2.1", "helo.example"),
        ("from helo.example (IDENT:bob@rdns.example [192.0.2.1]) by b.example (8.17.1/8.17.1) with ESMTP id 1; x",
         "192.0.2.1", "helo.example"),
        ("from helo.example ([192.0.2.1]) by b.example (8.17.1/8.17.1) with ESMTP id 1; x",
         "192.0.2.1", "helo.example"),
        ("from rdns.example ([192.0.2.1]:41234 helo=h.example) by b.example with esmtps (TLS1.3) tls (Exim 4.96) "
         "(envelope-from <x@acme.example>) id 1abc-0; x", "192.0.2.1", "h.example"),
        ("from [192.0.2.1] (helo=h.example) by b.example with esmtp (Exim 4.96) id 1", "192.0.2.1", "h.example"),
        ("from [192.0.2.1] (port=5 helo=[198.51.100.9]) by b.example with esmtp (Exim 4.96) id 1",
         "192.0.2.1", "[198.51.100.9]"),
        ("from [192.0.2.1] by b.example with esmtp (Exim 4.96) id 1; x", "192.0.2.1", "[192.0.2.1]"),
        ("from EUR01.prod.example (2001:db8:7::1) by DB9.prod.example (2001:db8:7::2) with Microsoft SMTP Server "
         "(version=TLS1_2, cipher=TLS_ECDHE_RSA) id 15.20.1.2; x", "2001:db8:7::1", "EUR01.prod.example"),
        ("from mail.acme.example (192.0.2.1) by ex.example (10.0.0.2) with Microsoft SMTP Server id 15.1.2507.23 via "
         "Frontend Transport; x", "192.0.2.1", "mail.acme.example"),
        ("from unknown (HELO h.example) (192.0.2.1) by 0 with SMTP; 6 Mar 2026 22:59:50 -0000",
         "192.0.2.1", "h.example"),
        ("from rdns.example (192.0.2.1) by b.example with SMTP; x", "192.0.2.1", "rdns.example"),
        ("from unknown (HELO ?) (bob@192.0.2.1) by b.example with SMTP; x", "192.0.2.1", "?"),
        ("from mail-ot1.google.com (mail-ot1.google.com. [192.0.2.1]) by mx.google.com with ESMTPS id x.1; y",
         "192.0.2.1", "mail-ot1.google.com"),
        ("from h.example (rdns.example [::ffff:192.0.2.1]) by b.example with SMTP id 1; x",
         "192.0.2.1", "h.example"),
    ],
)  # fmt: skip
def test_forms(value: str, address: str, helo: str) -> None:
    hop = received.parse(value)
    assert hop and not hop.own
    assert (hop.address, hop.helo) == (address, helo)


@pytest.mark.parametrize(
    "value",
    [
        # As Postfix 3.7 wrote it for a user who logged in.
        "from host.example (unknown [203.0.113.66])\tby mx.estudio.example (Postfix) with ESMTPA id 4jXX7w1l6vzJr1W"
        "\tfor <ana@estudio.example>; Sun, 22 Nov 2026 14:51:08 +0000 (UTC)",
        POSTFIX + " (Authenticated sender: ana) by mx.example (Postfix) with ESMTP id 1; x",
        POSTFIX + " by mx.example (Postfix) with ESMTPSA id 1; x",
        POSTFIX + " by mx.example (Postfix) with ESMTPA id 1; x",
        POSTFIX + " by mx.example (Postfix) with UTF8SMTPSA id 1; x",
        "from [192.0.2.1] (helo=x) by b.example with esmtpsa (TLS1.3) (Exim 4.96) id 1; x",
        "from h (r [192.0.2.1]) (authenticated bits=0) by b.example (8.17.1) with ESMTPSA id 1; x",
        "by mx.example (Postfix, from userid 1000) id 1; x",
        "from ana by b.example with local (Exim 4.96) id 1; x",
        "from A.prod.example ([2001:db8::1]) by B.prod.example ([2001:db8::2]) with mapi id 15.20; x",
    ],
)
def test_users_of_the_host_itself(value: str) -> None:
    hop = received.parse(value)
    assert hop and hop.own


@pytest.mark.parametrize(
    "value",
    [
        "",
        "nonsense",
        "from mail.acme.example by b.example with ESMTP id 1; x",
        "from [192.0.2.1] by b.example with ESMTP id 1; x",
        "from (mail [192.0.2.1]) by b.example with ESMTP id 1",
        "from x (y [192.0.2.999])" + BY,
        "from x (HELO y) (192.0.2.1) (198.51.100.1) by b.example with SMTP; x",
        "from x (y [192.0.2.1]) (z [198.51.100.1])" + BY,
        "from x (y [192.0.2.1]" + BY,
        "from x (y z [192.0.2.1])" + BY,
        "from x (ESMTPSA is what I am) by b.example with ESMTP id 1; x",
        "from " + "(" * 3000,
        "from x" + " (a)" * 3000,
    ],
)
def test_what_is_not_known_for_certain_is_not_read(value: str) -> None:
    assert received.parse(value) is None


OURS = (
    "Received: from client.example (client.example [203.0.113.7]) by mx.estudio.example (Postfix) with ESMTP id Q1; x"
)
FROM_RELAY = (
    "Received: from backup.example (backup.example [192.0.2.50]) by mx.estudio.example (Postfix) with ESMTP id Q1; x"
)
AT_RELAY = (
    "Received: from client.example (client.example [203.0.113.7]) by backup.example (Postfix) with ESMTP id R1; x"
)
FORGED = "Received: from good.example (good.example [198.51.100.1]) by backup.example (Postfix) with ESMTP id R0; x"
AT_SECOND = (
    "Received: from second.example (second.example [192.0.2.51]) by backup.example (Postfix) with ESMTP id R1; x"
)
SCANNED = "Received: from localhost (localhost [127.0.0.1]) by backup.example (Postfix) with ESMTP id R2; x"


def client(fields: str, address: str = "203.0.113.7", **peer: str) -> Client | NoClient:
    transaction = replace(letter(fields), peer=Peer(address=address, helo="h", **peer))
    return received.client(
        transaction, lambda one: one.startswith(("127.", "10.")), lambda one, name: one.startswith("192.0.2.5")
    )


def test_the_client_that_postfix_told_of() -> None:
    assert client(OURS, queue_id="Q1") == Client("203.0.113.7", "h")
    assert client("") == Client("203.0.113.7", "h")


@pytest.mark.parametrize(
    ("fields", "peer", "why"),
    [
        (OURS, {"source": "LOCAL"}, "sent on this host"),
        (OURS, {"address": ""}, "the client is not known"),
        (OURS, {"address": "10.1.2.3"}, "the client is of our own network"),
        (OURS, {"address": "::ffff:127.0.0.1"}, "the client is of our own network"),
        (OURS.replace("ESMTP", "ESMTPSA"), {"queue_id": "Q1"}, "the sender is a user of ours"),
        (OURS.replace("ESMTP", "ESMTPA"), {}, "the sender is a user of ours"),
        ("Received: from x (unknown [10.9.9.9]) by mx (amavis) with ESMTP id A; x\n" + OURS.replace("ESMTP", "ESMTPSA"),
         {"queue_id": "Q1"}, "the sender is a user of ours"),
        (FROM_RELAY, {"address": "192.0.2.50"}, "nobody stands before the trusted relays"),
        (f"{FROM_RELAY}\nReceived: odd", {"address": "192.0.2.50"}, "the Received of a trusted relay cannot be read"),
        (f"{FROM_RELAY}\n{AT_RELAY.replace('ESMTP', 'ESMTPSA')}", {"address": "192.0.2.50"},
         "the sender is a user of a trusted relay"),
        (f"{FROM_RELAY}\n{AT_RELAY.replace('203.0.113.7', '192.168.1.9')}\n{FORGED}", {"address": "192.0.2.50"},
         "a trusted relay names a host of its own network"),
    ],
)  # fmt: skip
def test_there_is_no_client_to_judge(fields: str, peer: dict[str, str], why: str) -> None:
    assert client(fields, **peer) == NoClient(why)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "below",
    ["", FORGED, OURS.replace("ESMTP", "ESMTPSA").replace("Q1", "Q0"), OURS.replace("ESMTP", "ESMTPSA")],
)
def test_what_the_client_wrote_below_is_not_asked(below: str) -> None:
    assert client(f"{OURS}\n{below}", queue_id="Q1") == Client("203.0.113.7", "h")


@pytest.mark.parametrize(
    "fields",
    [
        f"{FROM_RELAY}\n{AT_RELAY}\n{FORGED}",
        f"{FROM_RELAY}\n{SCANNED}\n{AT_RELAY}\n{FORGED}",
        f"{FROM_RELAY}\n{AT_SECOND}\n{AT_RELAY}\n{FORGED}",
        f"{AT_RELAY}\n{FORGED}",
    ],
)
def test_behind_relays_the_first_host_that_is_none(fields: str) -> None:
    assert client(fields, address="192.0.2.50", queue_id="Q1") == Client("203.0.113.7", "client.example")


def test_a_relay_of_our_own_network_that_is_named_is_looked_through() -> None:
    """A scanner on this host that takes the mail in and gives it back, and tells of no client."""
    back = "Received: from localhost (localhost [127.0.0.1]) by mx.estudio.example (Postfix) with ESMTP id Q2; x"
    scanned = (
        "Received: from mx.estudio.example ([127.0.0.1]) by localhost (mx [127.0.0.1]) (amavisd-new) with ESMTP id A; x"
    )
    fields = f"{back}\n{scanned}\n{OURS}\n{FORGED}"
    transaction = replace(letter(fields), peer=Peer(address="127.0.0.1", queue_id="Q2"))

    def seen(relays: tuple[str, ...]) -> Client | NoClient:
        return received.client(transaction, lambda one: one.startswith("127."), lambda one, name: one in relays)

    assert seen(("127.0.0.1",)) == Client("203.0.113.7", "client.example")
    assert seen(()) == NoClient("the client is of our own network")
