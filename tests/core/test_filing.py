"""The recipient address that takes a copy to its mailbox and folder."""

from dataclasses import replace

import pytest

from milter.core import filing, pipeline
from milter.core.decision import Decision, FileInto
from milter.core.owner import AddressBook, Plan
from milter.core.policy import FilingMethod
from tests.core import studio
from tests.core.studio import letter

DETAIL = replace(studio.POLICY, filing=FilingMethod.DETAIL)


def decided(**envelope: str) -> Decision:
    transaction = letter(**envelope)  # type: ignore[arg-type]
    return pipeline.decide(transaction, transaction.recipients[0], studio.facts(transaction), studio.POLICY)


@pytest.mark.parametrize(
    ("envelope", "address"),
    [
        ({}, "ana@estudio.example"),
        ({"rcpt_to": "ANA@Estudio.example"}, "ANA@Estudio.example"),
        ({"rcpt_to": "ana+web@estudio.example"}, "ana+web@estudio.example"),
        ({"rcpt_to": "hola+web@estudio.example"}, "ana@estudio.example"),
        ({"rcpt_to": "ana@casa.example"}, "ana@estudio.example"),
        ({"rcpt_to": "ana+x@casa.example", "mail_from": "primo@familia.example"}, "ana+x@casa.example"),
        ({"mail_from": "primo@familia.example"}, "ana@casa.example"),
        ({"rcpt_to": "luis@otro.example"}, "luis@otro.example"),
    ],
)
def test_delivery_address(envelope: dict[str, str], address: str) -> None:
    assert filing.delivery_address(decided(**envelope), studio.POLICY) == address


@pytest.mark.parametrize(
    ("folder", "address"),
    [
        ("Clientes/ACME", "ana+Clientes/ACME@estudio.example"),
        ("Clientes/ACME Veterinaria", '"ana+Clientes/ACME Veterinaria"@estudio.example'),
        ("Clientes/S.A.", "ana@estudio.example"),
        ("Clientes/Señor", "ana@estudio.example"),
        ('Clientes/"x"', "ana@estudio.example"),
        ("Clientes/a\r\nRCPT TO:<x@y>", "ana@estudio.example"),
        ("x" * 300, "ana@estudio.example"),
    ],
)
def test_filing_by_detail(folder: str, address: str) -> None:
    decision = decided()
    actions = tuple(FileInto(folder) if isinstance(one, FileInto) else one for one in decision.actions)
    assert filing.delivery_address(replace(decision, actions=actions), DETAIL) == address


def test_by_detail_mail_without_a_folder_and_personal_mail_stay_as_received() -> None:
    assert filing.delivery_address(decided(mail_from="x@nuevo.example"), DETAIL) == "ana@estudio.example"
    personal = decided(rcpt_to="ana+x@casa.example", mail_from="x@nuevo.example")
    assert filing.delivery_address(personal, DETAIL) == "ana+x@casa.example"


def test_keywords_are_atoms_whatever_the_plan_is_called() -> None:
    client = replace(studio.ACME, plan=Plan('or o"(*)', "Oro"))
    policy = studio.with_owner(clients={"acme": client}, client_book=AddressBook.of({"acme": client.addresses}))
    transaction = letter()
    decision = pipeline.decide(transaction, transaction.recipients[0], studio.facts(transaction), policy)
    assert decision.keywords == ("$Client", "$Plan-or_o____")
