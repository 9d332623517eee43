"""Whatever comes, deciding neither fails nor takes long: every reader is linear in its input and capped."""

from dataclasses import replace

import pytest

from milter.core import header_edits, mime, pipeline
from milter.core.message import parse
from tests.core import studio
from tests.core.studio import letter

FIELDS = (
    "From", "To", "Cc", "Subject", "Message-ID", "References", "In-Reply-To", "Auto-Submitted", "Precedence", "Return-Path",
    "Content-Type", "Authentication-Results", "Received", "X-Loop", "Reply-To", "Delivered-To", "X-Auto-Response-Suppress",
)  # fmt: skip
PIECES = (
    "(", ")", '"', "\\", "<", ">", ",", ";", ":", "@", "a@b.", "=?utf-8?q?x?= ", "=?", "\\\"", "=", ". ", " =", "(\\", '"\\',
    "text/calendar;", "bounces-", "-return-1", "no-", "noreply.", "fuera de oficina ", "<a@b> ", " ", "\t", "\x00", "\x85", "ñ",
    "\udcff", "-", "+", "=x=", "srs0=a=", "<a@b>,", "by ", "boundary=",
)  # fmt: skip
HUGE = 100_000


@pytest.mark.parametrize("field", FIELDS)
def test_long_repetitions(field: str) -> None:
    for piece in PIECES:
        transaction = letter(f"{field}: {piece * (HUGE // len(piece))}")
        decision = pipeline.decide(transaction, transaction.recipients[0], studio.facts(transaction), studio.POLICY)
        assert decision.reasons and all(len(one.evidence) <= 120 for one in decision.reasons)
        header_edits.apply(transaction.message, studio.edits(decision, transaction))


@pytest.mark.parametrize(
    "sender", ["x" * 5000 + "@a.example", "@", "a@", '"\\"@x', "a@b@c", "-" * 500, "\udcff@x.es", "a b@c"]
)
def test_odd_envelope_senders(sender: str) -> None:
    transaction = letter("From: laura@acme.example", mail_from=sender)
    decision = pipeline.decide(transaction, transaction.recipients[0], studio.facts(transaction), studio.POLICY)
    assert decision.reply is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\r\n",
        b"no colon\r\n\r\n",
        b" folded first\r\n\r\nx",
        b"x" * 70000,
        b"From: a\r\n" * 5000,
        b":\r\n\r\n",
        b"\xff: \xfe\r\n\r\n",
    ],
)
def test_odd_messages(content: bytes) -> None:
    transaction = replace(letter(), message=parse(content))
    decision = pipeline.decide(transaction, transaction.recipients[0], studio.facts(transaction), studio.POLICY)
    header = header_edits.apply(transaction.message, studio.edits(decision, transaction))
    assert decision.reply is None and header.endswith(transaction.message.header)


@pytest.mark.parametrize("boundary", ["", "(", "a" * 5000, "\\", '"', "..*+"])
def test_odd_multiparts(boundary: str) -> None:
    part = f'--{boundary}\r\nContent-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'
    header = f'Content-Type: multipart/mixed; boundary="{boundary}"'
    transaction = letter(header, body=(part * 3000).encode())
    pipeline.decide(transaction, transaction.recipients[0], studio.facts(transaction), studio.POLICY)


@pytest.mark.parametrize("kind", ["text/plain", "text/html"])
@pytest.mark.parametrize(
    "piece",
    [
        "&#9",
        "9",
        "&",
        "&#x",
        "<",
        "<!--",
        "<p ",
        "</",
        "<title>",
        "<br>",
        "> ",
        ">",
        "\t",
        "=20",
        "-- \r\n",
        "¿llamar?",
    ],
)
def test_odd_bodies(kind: str, piece: str) -> None:
    """A client's, which is read for calls, urgency and wishes."""
    for start in ("", "&#", "<a href='", "<head "):
        body = (start + piece * (HUGE // len(piece))).encode()
        transaction = letter(f"From: laura@acme.example\nContent-Type: {kind}; charset=utf-8", body=body)
        decision = pipeline.decide(transaction, transaction.recipients[0], studio.facts(transaction), studio.POLICY)
        assert decision.sender_class == "client"


def test_of_thousands_of_fields_the_body_is_not_told() -> None:
    """Their values are decoded for nobody, once a rule and recipient."""
    (part,) = mime.leaves(parse(b"X-A: v\r\n" * 3000 + b"Content-Type: text/html\r\n\r\n<p>\r\n"))
    assert (part.kind, part.fields, part.body) == ("text/html", {"content-type": "text/html"}, b"<p>\r\n")
