"""Look-alikes of whom the owner knows: the lists of tests/cases/look_alike.toml, and what they cost."""

import pickle
import random
from dataclasses import replace

import pytest

from milter.core import pipeline
from milter.core.address import Mailbox
from milter.core.confusables import deletions, one_edit
from milter.core.decision import Decision
from milter.core.owner import AddressBook, Client, Owner, Trust
from tests.core import studio
from tests.core.scenario import outcome, table

CASES = table("look_alike.toml")
CLIENTS = {
    **studio.CLIENTS,
    "acme": replace(studio.ACME, names={"laura@acme.example": "Laura", "laura.acme@gmail.example": "Laura"}),
    "bistro": replace(studio.BISTRO, names={"chef@bistro.example": "Jean Petit"}),
    "cafes": Client("cafes", "España Cafés", ("@xn--espaa-rta.example",), "Clientes/Cafés"),
    "rei": Client("rei", "Laura Rei", ("@laura.example",), "Clientes/Rei", names={"hola@laura.example": "Laura"}),
    "serie": Client("serie", "Serie", ("@s1.example", "@shop1.example"), "Clientes/Serie"),
}
POLICY = studio.with_replies(
    studio.with_owner(
        clients=CLIENTS,
        client_book=AddressBook.of({one.id: one.addresses for one in CLIENTS.values()}),
        people_book=AddressBook.of({"people": ("primo@familia.example", "@vecinos.example")}),
    ),
    trust=Trust.AUTHENTICATED,
)
ANA = POLICY.owners[0]


def pairs(key: str) -> list[tuple[str, str, str]]:
    return [(case["like"], case["whose"], one) for case in CASES for one in case[key]]


def decided(author: str, extra: str = "") -> Decision:
    """From a stranger who is proven: what he looks like must count all the same."""
    sender = "x@mail.evil.test"
    stamp = f"Authentication-Results: mx.estudio.example; spf=pass smtp.mailfrom={sender}"
    header = f"{stamp}\nReceived: by mx.estudio.example; x\n{extra}From: {author}"
    transaction = studio.letter(header, mail_from=sender)
    return pipeline.decide(transaction, transaction.recipients[0], studio.facts(transaction, POLICY), POLICY)


def likeness(decision: Decision) -> list[tuple[str, str]]:
    return [
        (one.code.removeprefix("sender-resembles-"), one.evidence)
        for one in decision.reasons
        if one.code.startswith("sender-resembles-")
    ]


@pytest.mark.parametrize(("like", "whose", "author"), pairs("from"))
def test_who_looks_like_somebody_is_marked_and_not_answered(like: str, whose: str, author: str) -> None:
    decision = decided(author)
    assert [(how, evidence.startswith(whose)) for how, evidence in likeness(decision)] == [(like, True)]
    assert (decision.sender_class, decision.keywords) == ("prospect", ("$Prospect", "$LookAlike"))
    assert decision.client is None and decision.folder is None
    assert outcome(decision) == "reply-withheld-look-alike"


@pytest.mark.parametrize(("like", "whose", "author"), pairs("unlike"))
def test_who_does_not_is_answered_like_any_stranger(like: str, whose: str, author: str) -> None:
    decision = decided(author)
    assert likeness(decision) == []
    if decision.sender_class == "prospect":
        assert decision.keywords == ("$Prospect",) and outcome(decision) == "prospect"
    else:
        assert decision.client and decision.client.id == whose.removeprefix("client ")


def test_every_way_of_looking_alike_has_both_lists() -> None:
    for case in CASES:
        assert case["from"] and case["unlike"], case["like"]


@pytest.mark.parametrize("author", ["laura@acme.example", "laura.acme@gmail.example", "chef@bistro.example"])
def test_whoever_is_listed_looks_like_nobody_else(author: str) -> None:
    decision = decided(f"ACME Veterinaria <{author}>")
    assert decision.sender_class == "client" and likeness(decision) == []


def test_a_listed_look_alike_is_itself() -> None:
    """The sister company's domain, once it is written into the owner's file."""
    sisters = AddressBook.of({"acme": (*studio.ACME.addresses, "@acme.test")})
    policy = replace(POLICY, owners=(replace(ANA, client_book=sisters),))
    transaction = studio.letter(mail_from="laura@acme.test")
    facts = studio.facts(transaction, policy)
    decision = pipeline.decide(transaction, transaction.recipients[0], facts, policy)
    assert decision.client and decision.client.id == "acme"
    assert likeness(decided("laura@acme.test")) != []


@pytest.mark.parametrize(
    ("author", "marked"),
    [
        ("laura@acrne.example", True),
        ("laura@acmee.example", True),
        ("laura@acme.example.evil.test", True),
        ("laura@acme.test", False),
        ("ACME Veterinaria <noticias@envios.example>", False),
        ('"laura@acme.example" <noticias@envios.example>', False),
        ("laura@acme-mail.test", False),
    ],
)
def test_a_machine_is_marked_for_its_domain_alone(author: str, marked: bool) -> None:
    """Services write in a client's name, from domains of their own."""
    decision = decided(author, "List-Id: <x.example>\n")
    assert decision.sender_class == "automatic" and outcome(decision) == "reply-withheld-list"
    assert decision.keywords == (("$Automatic", "$LookAlike") if marked else ("$Automatic",))


def test_personal_mail_is_not_looked_at() -> None:
    transaction = studio.letter("From: laura@acrne.example", mail_from="x@evil.test", rcpt_to="ana@casa.example")
    decision = pipeline.decide(transaction, transaction.recipients[0], studio.facts(transaction, POLICY), POLICY)
    assert decision.keywords == () and likeness(decision) == []


def test_of_several_authors_one_is_enough() -> None:
    decision = decided("Nueva <nueva@cliente.example>, Laura <laura@acrne.example>")
    assert "$LookAlike" in decision.keywords and outcome(decision) == "reply-withheld-several-authors"


@pytest.mark.parametrize(
    "author", ["", "x", "@", "x@", "@x", "x@y", "x@.", "x@..example", '"' + "a." * 500 + '" <x@y.z>']
)
def test_broken_authors_are_read_in_peace(author: str) -> None:
    decided(author or "()")
    ANA.look_alikes.find(Mailbox(author * 40, author))


# The tables


def many_clients(count: int) -> Owner:
    chosen = random.Random(1)
    syllables = (
        "ba",
        "ce",
        "di",
        "lo",
        "mu",
        "re",
        "sa",
        "ti",
        "vo",
        "na",
        "pe",
        "gu",
        "cli",
        "tra",
        "fon",
        "mar",
        "sol",
    )
    clients = {}
    for index in range(count):
        label = "".join(chosen.choice(syllables) for _ in range(4))
        clients[f"c{index}"] = Client(f"c{index}", f"{label} Servicios", (f"@{label}.example",), "")
    book = AddressBook.of({one.id: one.addresses for one in clients.values()})
    return replace(ANA, clients=clients, client_book=book)


class Counted(dict[str, object]):
    """A table that counts how often it is asked."""

    asked = 0

    def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
        Counted.asked += 1
        return super().get(key, default)


def asked(owner: Owner) -> int:
    known = owner.look_alikes
    counted = replace(known, near=Counted(known.near), glued=Counted(known.glued))  # type: ignore[arg-type]
    Counted.asked = 0
    counted.find(Mailbox("Nueva Sánchez", "nueva@completamente.test"))
    return Counted.asked


def test_a_message_asks_no_more_of_five_thousand_clients_than_of_five() -> None:
    few, many = asked(many_clients(5)), asked(many_clients(5000))
    assert 0 < few == many < 30


def test_an_owner_travels_with_his_tables() -> None:
    there = pickle.loads(pickle.dumps(ANA))
    assert there == ANA and there.look_alikes == ANA.look_alikes
    assert there.look_alikes.find(Mailbox("", "laura@acrne.example"))


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("acme", "acmee", True),
        ("acme", "cme", True),
        ("acme", "acne", True),
        ("acme", "came", True),
        ("acme", "acem", True),
        ("acme", "acme", False),
        ("acme", "emca", False),
        ("acme", "acmeee", False),
        ("acme", "axxe", False),
        ("acme", "mcae", False),
        ("", "a", True),
    ],
)
def test_one_edit(one: str, other: str, near: bool) -> None:
    assert one_edit(one, other) is near and one_edit(other, one) is near
    assert not near or deletions(one) & deletions(other), "the table would not find it"
