"""In which language a reply is written: somebody said it, the mail shows it, or it is the owner's."""

from dataclasses import replace

import pytest

from milter.core import pipeline
from milter.core.owner import Owner
from tests.core import studio
from tests.core.studio import ANA, letter

GALICIAN = "Ola Ana, dende esta mañá a tenda non carga e os clientes non poden pagar. Podes miralo? Grazas"
FRENCH = "Bonjour, depuis ce matin la boutique ne charge plus et les clients ne peuvent pas payer. Merci"
ALL = frozenset(
    (name, one) for name in ("closed", "prospect") for one in ("es", "en", "ca", "gl", "eu", "pt", "fr", "de")
)
BY_TEXT, BY_SETTING, BY_OWNER = "its text", "the client's setting", "the owner's language"


def said(header: str, body: str = "Hola", *, sender: str = "laura@acme.example", owner: Owner = ANA) -> str:
    """ "language: why" of the reply, from the reason's evidence."""
    transaction = letter(header, mail_from=sender, body=body.encode() + b"\r\n")
    policy = studio.with_owner(texts=owner.texts or ALL, language=owner.language)
    decision = pipeline.decide(transaction, transaction.recipients[0], studio.facts(transaction, policy), policy)
    assert decision.reply is not None, decision.reasons
    evidence = next(one.evidence for one in decision.reasons if one.code.startswith("reply-due-"))
    template, _, rest = evidence.partition(" (")
    assert template == decision.reply.template and rest.startswith(decision.reply.language)
    return rest.removesuffix(")")


@pytest.mark.parametrize(
    ("header", "body", "sender", "expected"),
    [
        ("", "Hola", "laura@acme.example", f"es: {BY_OWNER}"),
        ("", GALICIAN, "laura@acme.example", f"gl: {BY_TEXT}"),
        ("", GALICIAN, "someone@new.example", f"gl: {BY_TEXT}"),
        ("", GALICIAN, "chef@bistro.example", f"fr: {BY_SETTING}"),
        ("Content-Language: de", GALICIAN, "chef@bistro.example", f"fr: {BY_SETTING}"),
        ("Content-Language: ca-ES", GALICIAN, "laura@acme.example", "ca: Content-Language"),
        ("Content-Language: it, pt-BR (Portuguese)", GALICIAN, "laura@acme.example", "pt: Content-Language"),
        ("Content-Language: it", GALICIAN, "laura@acme.example", f"gl: {BY_TEXT}"),
        ("Accept-Language: es;q=0.3, gl;q=0.9, *;q=0.1", FRENCH, "laura@acme.example", "gl: Accept-Language"),
        ("Accept-Language: en-US\nContent-Language: eu", FRENCH, "laura@acme.example", "eu: Content-Language"),
        ("Accept-Language: fr;q=0, ;;;,=,", "Hola", "laura@acme.example", f"es: {BY_OWNER}"),
        ("Content-Language: " + "xx," * 5000, "Hola", "laura@acme.example", f"es: {BY_OWNER}"),
        ("", "Buongiorno, il negozio non si carica e i clienti non possono pagare", "laura@acme.example", f"es: {BY_OWNER}"),
    ],
)  # fmt: skip
def test_who_says_it(header: str, body: str, sender: str, expected: str) -> None:
    assert said(header, body, sender=sender) == expected


def test_only_a_language_there_is_a_text_in() -> None:
    few = replace(ANA, texts=frozenset({("closed", "es"), ("closed", "en")}))
    assert said("Content-Language: fr, en", GALICIAN, owner=few) == "en: Content-Language"
    assert said("", GALICIAN, owner=few) == f"es: {BY_OWNER}"
    assert said("", "Hola", owner=replace(few, language="it")) == "en: no other text"
    assert said("", "Hola", sender="chef@bistro.example", owner=few) == f"es: {BY_OWNER}"


def test_quoted_text_is_not_the_writer_s() -> None:
    assert said("", GALICIAN + "\r\n\r\n> " + FRENCH * 5) == f"gl: {BY_TEXT}"
