"""The owner's mail to himself: heeded only if it is proven to be his and carries the token."""

from datetime import datetime

import pytest

from milter.core import pipeline
from milter.core.decision import ChangeHours, Decision
from milter.core.overrides import Clear, Override, Said
from milter.core.today_mail import token_of
from tests.core import studio

TOKEN = token_of(studio.KEYS, "ana")
AT = studio.CLOSED  # Tuesday 17 November 2026, 10:15
DATE = "Date: Tue, 17 Nov 2026 10:10:00 +0100"
RECEIVED = "Received: from mail.example by mx.estudio.example with ESMTPS id 1; Tue, 17 Nov 2026 10:14:59 +0100"
RESULTS = (
    "Authentication-Results: mx.estudio.example; dkim=pass header.d=estudio.example; "
    "spf=pass smtp.mailfrom=ana@estudio.example"
)
PROVEN = f"{RESULTS}\n{RECEIVED}"


CLOSE = f"hoy cierro 13:00 {TOKEN}"
NOT_UNDERSTOOD = ["hours-kept-not-understood"]


def mail(
    subject: str,
    head: str = PROVEN,
    date: str = DATE,
    author: str = "ana@estudio.example",
    to: str = "ana@estudio.example",
) -> Decision:
    header = f"{head}\nFrom: Ana <{author}>\nSubject: {subject}\n{date}"
    transaction = studio.letter(header, mail_from=author, rcpt_to=to, at=AT)
    return pipeline.decide(transaction, transaction.recipients[0], studio.facts(transaction), studio.POLICY)


def codes(decision: Decision) -> list[str]:
    return [one.code for one in decision.reasons if one.code.startswith("hours-")]


def madrid(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=studio.MADRID)


@pytest.mark.parametrize(
    ("subject", "change"),
    [
        (f"hoy cierro 13:00 {TOKEN}", Override(madrid("2026-11-17 13:00"), madrid("2026-11-18 00:00"), False)),
        (f"{TOKEN} today close 13:00", Override(madrid("2026-11-17 13:00"), madrid("2026-11-18 00:00"), False)),
        (f"Hoy abro 11:00-12:00 [{TOKEN.upper()}]", Override(madrid("2026-11-17 11:00"), madrid("2026-11-17 12:00"), True)),
        (f"vuelvo el lunes {TOKEN}", Override(madrid("2026-11-17 10:15"), madrid("2026-11-23 00:00"), False, Said.AWAY)),
        (f"=?utf-8?q?hoy_cierro_13:00_{TOKEN}?=", Override(madrid("2026-11-17 13:00"), madrid("2026-11-18 00:00"), False)),
        (f"hoy normal {TOKEN}", Clear(Said.TODAY)),
    ],
)  # fmt: skip
def test_a_proven_mail_with_the_token_changes_the_hours(subject: str, change: Override | Clear) -> None:
    decision = mail(subject)
    assert decision.hours and decision.hours.change == change
    assert TOKEN not in decision.hours.said.casefold()
    assert codes(decision) == ["hours-changed-mail"]


def test_the_mail_itself_is_delivered_as_always() -> None:
    heeded, plain = mail(f"hoy cierro 13:00 {TOKEN}"), mail("hoy cierro 13:00")
    assert [one for one in heeded.actions if not isinstance(one, ChangeHours)] == list(plain.actions)
    assert (heeded.disposition, heeded.reply) == (plain.disposition, None)


@pytest.mark.parametrize(
    ("why", "decision", "reasons"),
    [
        ("no token", mail("hoy cierro 13:00"), []),
        ("another owner's", mail(f"hoy cierro 13:00 {token_of(studio.KEYS, 'bea')}"), []),
        ("a piece of it", mail(f"hoy cierro 13:00 {TOKEN[:-1]}"), []),
        ("nothing proves it", mail(f"hoy cierro 13:00 {TOKEN}", RECEIVED), ["hours-kept-unauthenticated"]),
        (
            "DMARC failed",
            mail(f"hoy cierro 13:00 {TOKEN}", PROVEN.replace("dkim=pass", "dmarc=fail; dkim=fail").replace("spf=pass", "spf=fail")),
            ["hours-kept-unauthenticated"],
        ),
        (
            "somebody else's mail, proven to be his",
            mail(
                f"hoy cierro 13:00 {TOKEN}",
                PROVEN.replace("estudio.example;", "@").replace("estudio.example", "acme.example").replace("@", "estudio.example;"),
                author="laura@acme.example",
            ),
            [],
        ),
        ("yesterday's", mail(CLOSE, date="Date: Mon, 16 Nov 2026 23:50:00 +0100"), NOT_UNDERSTOOD),
        ("hours old", mail(CLOSE, date="Date: Tue, 17 Nov 2026 03:00:00 +0100"), NOT_UNDERSTOOD),
        ("from tomorrow", mail(CLOSE, date="Date: Wed, 18 Nov 2026 10:00:00 +0100"), NOT_UNDERSTOOD),
        ("without a date", mail(CLOSE, date="X-Date: none"), NOT_UNDERSTOOD),
        ("a time that has passed", mail(f"hoy cierro 09:00 {TOKEN}"), NOT_UNDERSTOOD),
        ("other words", mail(f"Mira esto {TOKEN}"), NOT_UNDERSTOOD),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)  # fmt: skip
def test_every_other_mail_changes_nothing(why: str, decision: Decision, reasons: list[str]) -> None:
    assert (decision.hours.change if decision.hours else None) is None
    assert codes(decision) == reasons
    assert bool(decision.hours) is (reasons == NOT_UNDERSTOOD)


def test_a_mail_to_both_addresses_is_heeded_once() -> None:
    both = f"{PROVEN}\nTo: ana@estudio.example, ana@casa.example"
    heeded = [
        mail(f"hoy cierro 13:00 {TOKEN}", both, to=one).hours for one in ("ana@estudio.example", "ana@casa.example")
    ]
    assert sum(one is not None for one in heeded) == 1
