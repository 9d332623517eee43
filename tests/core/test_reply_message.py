"""The bytes of a reply: the format rules R1 to R12, read back with a parser that is not ours."""

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import getaddresses
from zoneinfo import ZoneInfo

import pytest

from milter.core.owner import Folders, Identity, Kind, Owner, Replies
from milter.core.reply_job import ReplyIntent
from milter.core.reply_message import NotAddressable, Rendered, build, one_line

NOW = datetime(2026, 11, 20, 22, 51, 7, tzinfo=UTC)
STUDIO = Identity("studio", Kind.BUSINESS, ("ana@estudio.example",), "ana@estudio.example")
HOME = Identity("home", Kind.PERSONAL, ("ana@casa.example",), "ana@casa.example")
TEXT = "Hola, Laura:\n\n" + "Tu mensaje ha llegado bien. " * 20 + "\n.\nFrom aquí\n\nAna · é\n"
RENDERED = Rendered("Respuesta automática: La tienda", TEXT, '<html lang="es">\n<p>á=b</p>\n</html>\n', "Laura")
ONCE = (
    "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Auto-Submitted", "X-Auto-Response-Suppress",
    "In-Reply-To", "References", "Content-Language", "Content-Type",
)  # fmt: skip


def owner(name: str = "Ana Souto") -> Owner:
    madrid = ZoneInfo("Europe/Madrid")
    return Owner("ana", name, madrid, "es", None, Replies(), (STUDIO, HOME), Folders("", "", ""))


def intent(**changes: object) -> ReplyIntent:
    values = {
        "claims": (), "opens": None, "owner": "ana", "identity": "studio", "from_address": "ana@estudio.example",
        "correspondent": "laura@acme.example", "client": "acme", "template": "closed", "language": "es", "trust": "anyone",
        "subject": "La tienda", "parent_id": "<a1@acme.example>", "references": ("<r1@acme.example>",),
        "message_id": "<5b1c.9f2e@mx.estudio.example>", "smtputf8": False, "created": NOW, "not_before": NOW, "not_after": NOW,
    }  # fmt: skip
    return ReplyIntent(**{**values, **changes})


def raw(rendered: Rendered = RENDERED, name: str = "Ana Souto", **changes: object) -> bytes:
    return build(intent(**changes), rendered, owner(name), STUDIO, NOW)


def read(content: bytes) -> EmailMessage:
    parsed = message_from_bytes(content, policy=SMTP)
    assert isinstance(parsed, EmailMessage) and not parsed.defects
    return parsed


def holds(content: bytes, *, ascii_only: bool = True) -> EmailMessage:
    """What is true of every reply."""
    head, _, body = content.partition(b"\r\n\r\n")
    assert b"\r" not in content.replace(b"\r\n", b"") and b"\n" not in content.replace(b"\r\n", b"")
    assert head.isascii() or not ascii_only
    assert body.isascii() and content.endswith(b"\r\n")
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert max(map(len, body.split(b"\r\n"))) <= 78
    parsed = read(content)
    for name in ONCE[:8]:
        assert len(parsed.get_all(name)) == 1, name
    for name in ("Cc", "Bcc", "Reply-To", "Sender", "Disposition-Notification-To", "Precedence", "List-Id"):
        assert name not in parsed
    assert parsed["Auto-Submitted"] == "auto-replied" and parsed["X-Auto-Response-Suppress"] == "All"
    assert parsed["MIME-Version"] == "1.0" and parsed["Content-Language"] == "es"
    assert b"casa.example" not in content
    return parsed


def test_a_reply_read_back() -> None:
    parsed = holds(raw())
    assert [name for name in parsed if name in ONCE] and sorted(parsed.keys()) == sorted(ONCE)
    assert str(parsed["From"]) == "Ana Souto <ana@estudio.example>"
    assert str(parsed["To"]) == "Laura <laura@acme.example>"
    assert str(parsed["Subject"]) == "Respuesta automática: La tienda"
    assert str(parsed["Date"]) == "Fri, 20 Nov 2026 23:51:07 +0100"
    assert parsed["Message-ID"] == "<5b1c.9f2e@mx.estudio.example>"
    assert parsed["In-Reply-To"] == "<a1@acme.example>"
    assert parsed["References"] == "<r1@acme.example> <a1@acme.example>"
    assert parsed.get_content_type() == "multipart/alternative"
    plain, html = parsed.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert plain.get_content() == TEXT.replace("\n", "\r\n") or plain.get_content() == TEXT
    assert html.get_content().replace("\r\n", "\n") == RENDERED.html


def test_the_same_intent_gives_the_same_bytes_and_another_another_boundary() -> None:
    assert raw() == raw()
    assert read(raw()).get_boundary() != read(raw(message_id="<other@mx.estudio.example>")).get_boundary()


def test_lines_that_mail_would_change_are_encoded() -> None:
    body = raw().partition(b"\r\n\r\n")[2]
    assert not re.search(rb"^(From |\.)", body, re.M)
    assert b"=46rom aqu" in body and b"\r\n=2E\r\n" in body


@pytest.mark.parametrize(
    "parent", ["", "no brackets", "<a b@c>", "<a@b>\r\nBcc: x@y", "<>", "<" + "a" * 1000 + "@b>", "<ñ@b>"]
)
def test_a_parent_without_a_usable_id_is_not_named(parent: str) -> None:
    parsed = holds(raw(parent_id=parent))
    assert "In-Reply-To" not in parsed and "References" not in parsed


def test_references_keep_the_root_and_the_latest() -> None:
    many = tuple(f"<{number}.{'x' * 60}@acme.example>" for number in range(500))
    parsed = holds(raw(references=(*many, "<a1@acme.example>", "broken", "<x\r\nBcc:y>")))
    ids = parsed["References"].split()
    assert ids == [many[0], *many[-10:], "<a1@acme.example>"]
    assert max(raw(references=many).partition(b"\r\n\r\n")[0].split(b"\r\n"), key=len).count(b"<") == 1


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: plain",
        "Respuesta automática: ñandú " * 8,
        "word " * 50,
        "x" * 300,
        "日本語の件名" * 40,
        "🙂" * 100,
        "=?utf-8?q?Bcc=3A_x?= forged",
        "a\r\nBcc: all@evil.example",
        "tab\tand\x00nul\x1b and\u2028line",
        "lone \ud800 surrogate",
        "a" * 100_000,
    ],
    ids=lambda value: ascii(value[:20]),
)
def test_any_subject(subject: str) -> None:
    content = raw(Rendered(subject, "x\n", "<p>x</p>\n"))
    parsed = holds(content)
    assert str(parsed["Subject"]) == one_line(subject, 300)
    plain = one_line(subject, 300).isascii() and "=?" not in subject
    assert (b"Subject: =?utf-8?" not in content) == plain
    for word in re.findall(rb"=\?utf-8\?[^ ]*\?=", content.partition(b"\r\n\r\n")[0]):
        assert len(word) <= 75  # RFC 2047 section 2


@pytest.mark.parametrize(
    ("name", "raw_field"),
    [
        ("Ana Souto", b"From: Ana Souto <ana@estudio.example>\r\n"),
        ("Souto, Ana (web)", b'From: "Souto, Ana (web)" <ana@estudio.example>\r\n'),
        ('Ana "A" \\ Souto', b'From: "Ana \\"A\\" \\\\ Souto" <ana@estudio.example>\r\n'),
        ("Xan Peña", b"From: =?utf-8?b?WGFuIFBlw7Fh?= <ana@estudio.example>\r\n"),
        ("a@b <c@d>", b'From: "a@b <c@d>" <ana@estudio.example>\r\n'),
        ("=?utf-8?q?x?=", b"From: =?utf-8?"),
        ("Ana\r\nBcc: x@y", b'From: "Ana Bcc: x@y" <ana@estudio.example>\r\n'),
    ],
)
def test_names(name: str, raw_field: bytes) -> None:
    content = raw(name=name)
    assert raw_field in content
    parsed = holds(content)
    mailboxes = parsed["From"].addresses
    assert [(one.display_name, one.addr_spec) for one in mailboxes] == [(one_line(name, 120), "ana@estudio.example")]


def test_a_long_name_is_folded() -> None:
    parsed = holds(raw(Rendered("x", "x\n", "x\n", "María de los Ángeles " * 5)))
    assert [one.addr_spec for one in parsed["To"].addresses] == ["laura@acme.example"]


@pytest.mark.parametrize(
    "correspondent",
    [
        "laura@acme.example",
        "SRS0=ab=cd=acme.example=laura@forwarder.example",
        '"laura pena"@acme.example',
        '"a@b\\"c"@acme.example',
        "laura@[192.0.2.1]",
        "o'neil+x/y=z@acme.example",
    ],
)
def test_to_is_the_envelope_sender_to_the_letter(correspondent: str) -> None:
    for name in ("", "Laura"):
        content = raw(Rendered("x", "x\n", "x\n", name), correspondent=correspondent)
        assert f"{correspondent}>\r\n" in content.decode() or f"To: {correspondent}\r\n" in content.decode()
        holds(content)


@pytest.mark.parametrize(
    "correspondent",
    [
        "",
        "laura",
        "@acme.example",
        "a@b\r\nBcc: c@d",
        "a@b, c@d",
        "a@b>,<c@d",
        "a b@c",
        "a@b c",
        "a" * 400 + "@b",
        "a@b;c",
        "a\x00@b",
    ],
)
def test_what_is_no_address_gets_no_reply(correspondent: str) -> None:
    with pytest.raises(NotAddressable, match=r"^To: "):
        raw(correspondent=correspondent)
    with pytest.raises(NotAddressable, match=r"^From: "):
        raw(from_address=correspondent)


def test_only_an_address_that_needs_smtputf8_is_not_ascii() -> None:
    assert b"<laura@xn--diseo-rta.example>" in raw(correspondent="laura@diseño.example")
    content = raw(correspondent="peña@diseño.example", smtputf8=True)
    holds(content, ascii_only=False)
    assert "To: Laura <peña@diseño.example>\r\n".encode() in content
    others = content.replace("peña@diseño".encode(), b"")
    assert others.isascii()


def test_one_recipient() -> None:
    assert getaddresses([str(read(raw())["To"])]) == [("Laura", "laura@acme.example")]
