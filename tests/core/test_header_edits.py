"""Our fields go on top, forgeries go as whole fields, everything else stays byte for byte."""

import re
from dataclasses import replace

import pytest

from milter.core import header_edits, pipeline
from milter.core.authentication_results import Believed
from milter.core.decision import Decision
from milter.core.envelope import Transaction
from milter.core.facts import Authentication
from milter.core.message import parse
from milter.core.owner import AddressBook
from milter.core.policy import Policy
from tests.core import studio
from tests.core.studio import letter

TRUSTS_NOBODY = replace(studio.POLICY, trusted_authserv_ids=())
TO_HOME = {"mail_from": "primo@familia.example", "rcpt_to": "ana@casa.example"}
TO_NOBODY = {"rcpt_to": "luis@otro.example"}


def sent(transaction: Transaction, policy: Policy = studio.POLICY) -> bytes:
    decision = pipeline.decide(transaction, transaction.recipients[0], studio.facts(transaction, policy), policy)
    return header_edits.apply(transaction.message, studio.edits(decision, transaction, policy))


def values(header: bytes, name: str) -> list[str]:
    return list(parse(header + b"\r\n").all(name.lower()))


def test_a_client_gets_every_field_once_on_top() -> None:
    came = letter()
    header = sent(came)
    assert header.endswith(came.message.header)
    assert header[: -len(came.message.header)].decode("ascii").split("\r\n") == [
        "Recado-Identity: studio",
        "Recado-Class: client",
        "Recado-Client: acme",
        "Recado-Folder: Clientes/ACME Veterinaria",
        "Recado-Keywords: $Client $Plan-silver",
        "Recado-Reputation: neutral",
        "Recado-Reason: sender-is-client-domain mail-filed-client reply-due-client",
        "Authentication-Results: mx.estudio.example;",
        " none",
        "",
    ]


def test_a_stranger_gets_no_client_and_no_folder() -> None:
    header = sent(letter(mail_from="x@nuevo.example"))
    assert values(header, "Recado-Class") == ["prospect"]
    assert not values(header, "Recado-Client") and not values(header, "Recado-Folder")


def test_moved_mail_carries_the_hop_mark_and_does_not_move_again() -> None:
    came = letter(rcpt_to="ana@casa.example")
    header = sent(came)
    (mark,) = values(header, "Recado-Hop")
    back = letter(f"Recado-Hop: {mark}", rcpt_to="ana@casa.example")
    assert not values(sent(back), "Recado-Hop") and sent(back) == came.message.header


@pytest.mark.parametrize("where", [TO_HOME, TO_NOBODY, {}], ids=["personal", "nobody", "business"])
@pytest.mark.parametrize(
    "forged",
    [
        "Recado-Folder: Clientes/ACME",
        "RECADO-KEYWORDS: $Urgent",
        "recado-anything : x",
        "Recado-Folder:\r\n folded\r\n\tfurther",
        "Authentication-Results: mx.estudio.example; dkim=pass header.d=acme.example",
        "authentication-results : MX.ESTUDIO.EXAMPLE; dkim=pass",
        'Authentication-Results: (c (c)) "mx.estudio.example" 1; dkim=pass',
        "Authentication-Results:\r\n mx.estudio.example\r\n ; dkim=pass",
        "Authentication-Results: mx.estudio.example.; dkim=pass",
        "Authentication-Results: mx.estudio.example/1; dkim=pass",
        "Authentication-Results: mx.estudio.example=1; dkim=pass",
        "Authentication-Results: mx.estudio.example,; dkim=pass",
        "Authentication-Results: mx.estudio.example 1 2; dkim=pass",
        "Authentication-Results: MX.estudio.example v1; dkim=pass",
        'Authentication-Results: "mx.estudio.example; dkim=pass',
        'Authentication-Results: mx.estudio.example"; dkim=pass',
        "Authentication-Results: mx\\.estudio.example; dkim=pass",
        "Authentication-Results: mx.estudio.example\x00; dkim=pass",
    ],
)
def test_forgeries_go_for_every_recipient(forged: str, where: dict[str, str]) -> None:
    plain = letter(**where)  # type: ignore[arg-type]
    head, _, rest = plain.message.header.partition(b"\r\n")
    came = replace(plain, message=parse(head + b"\r\n" + forged.encode() + b"\r\n" + rest + b"\r\n"))
    assert sent(came, TRUSTS_NOBODY) == sent(plain, TRUSTS_NOBODY)


@pytest.mark.parametrize("where", [TO_HOME, TO_NOBODY], ids=["personal", "nobody"])
@pytest.mark.parametrize(
    "line",
    [
        "X-Recado-Folder: mine",
        "Authentication-Results: mx.other.example; dkim=pass header.d=bank.example",
        "Authentication-Results: mx.estudio.example.evil.example; dkim=pass",
        "Authentication-Results: mx.other.example mx.estudio.example; dkim=pass",
        "ARC-Authentication-Results: i=1; mx.estudio.example; dkim=pass",
        "Subject: Recado-Folder: x",
        ": no name",
        "no colon at all",
        ">From laura Mon Jan 15 10:00:00 2024",
        "X-Odd :  spaced  \t",
        "X-Bytes: \udcff\udcfe",
    ],
)
def test_all_else_is_untouched(line: str, where: dict[str, str]) -> None:
    came = letter(line, **where)  # type: ignore[arg-type]
    assert sent(came) == came.message.header
    to_business = letter(line)
    assert sent(to_business).endswith(to_business.message.header)


def test_a_forgery_behind_the_parser_s_caps_goes_too() -> None:
    came = letter("\n".join(["X: y"] * 9000 + ["Recado-Folder: Clientes/ACME"]), **TO_HOME)  # type: ignore[arg-type]
    assert b"recado-folder" in came.message.header.lower()
    assert b"recado-folder" not in sent(came).lower()


def test_a_header_that_begins_folded_cannot_continue_our_last_field() -> None:
    plain = letter()
    came = replace(plain, message=parse(b" ; dkim=pass header.d=bank.example\r\n" + plain.message.header + b"\r\n"))
    header = sent(came)
    assert header.endswith(came.message.header)
    assert values(header, "Authentication-Results") == ["mx.estudio.example; none"]


def test_believed_results_stay_and_are_not_doubled() -> None:
    stamp = "Authentication-Results: mx.estudio.example; spf=pass smtp.mailfrom=acme.example"
    header = sent(letter(f"{stamp}\nReceived: by mx.estudio.example; x"))
    assert values(header, "Authentication-Results") == ["mx.estudio.example; spf=pass smtp.mailfrom=acme.example"]


def test_believed_results_of_another_id_are_said_again_in_ours() -> None:
    policy = replace(studio.POLICY, trusted_authserv_ids=("rspamd.lan",))
    stamp = "Authentication-Results: rspamd.lan; spf=pass smtp.mailfrom=x@acme.example; dkim=fail header.d=a\\b"
    ours, theirs = values(
        sent(letter(f"{stamp}\nReceived: by mx.estudio.example; x"), policy), "Authentication-Results"
    )
    assert ours == "mx.estudio.example; spf=pass smtp.mailfrom=acme.example; dkim=fail"
    assert theirs.startswith("rspamd.lan")


@pytest.mark.parametrize(
    "folder", ["Clientes/Señor", "Clientes/A\r\nX-Evil: 1", "Clientes/" + "é" * 200, "Clientes/=?utf-8?q?x?="]
)
def test_no_folder_name_can_break_a_line(folder: str) -> None:
    client = replace(studio.ACME, folder=folder)
    policy = studio.with_owner(clients={"acme": client}, client_book=AddressBook.of({"acme": client.addresses}))
    header = sent(letter(), policy)
    ours = header[: -len(letter().message.header)]
    assert ours.isascii() and b"\r\nX-Evil" not in ours
    assert all(len(line) <= 78 for line in ours.split(b"\r\n"))
    assert len(values(header, "Recado-Folder")) == 1 and not values(header, "X-Evil")


def test_reasons_are_folded_and_stay_one_field() -> None:
    transaction = letter()
    decision = pipeline.decide(transaction, transaction.recipients[0], studio.facts(transaction), studio.POLICY)
    for number in range(12):
        decision = decision.because(f"reply-withheld-long-code-{number}", "x")
    header = header_edits.apply(transaction.message, studio.edits(decision, transaction))
    (reasons,) = values(header, "Recado-Reason")
    assert reasons.split() == [one.code for one in decision.reasons]
    assert max(map(len, re.findall(rb"[^\r\n]+", header))) <= 78


def test_nothing_to_do_is_no_edit() -> None:
    transaction = letter(**TO_NOBODY)  # type: ignore[arg-type]
    edits = studio.edits(Decision("luis@otro.example"), transaction)
    assert not edits and header_edits.apply(transaction.message, edits) == transaction.message.header


def test_our_results_are_folded_and_read_back_as_they_were_written() -> None:
    said = "; ".join(
        [
            "spf=none (not checked, the sender is a user of ours) smtp.mailfrom=a-rather-long-name-of-a-domain.example",
            "dmarc=pass header.from=a-rather-long-name-of-a-domain.example policy.dmarc=quarantine",
            'dkim=pass header.d=a-rather-long-name-of-a-domain.example header.s=2026 header.a=rsa-sha256 header.b="a/c="',
        ]
    )
    transaction = letter()
    believed = Believed(Authentication(True, True, "pass", "mx.estudio.example", said))
    cleaned = header_edits.clean(transaction.message, believed, studio.POLICY)
    decision = pipeline.decide(transaction, transaction.recipients[0], studio.facts(transaction), studio.POLICY)
    header = header_edits.apply(
        transaction.message, header_edits.edits_for(decision, cleaned, transaction, studio.POLICY)
    )
    assert values(header, "Authentication-Results") == [f"mx.estudio.example; {said}"]
    assert max(map(len, re.findall(rb"[^\r\n]+", header))) <= 78
