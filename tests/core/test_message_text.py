"""What a person wrote in a message, whatever its mailer made of it."""

import pytest

from milter.core.message import parse
from milter.core.message_text import plain_text


def mail(header: str, body: str, charset: str = "utf-8") -> str:
    content = header.strip().replace("\n", "\r\n").encode() + b"\r\n\r\n" + body.replace("\n", "\r\n").encode(charset)
    return plain_text(parse(content))


PLAIN = "Content-Type: text/plain; charset=utf-8"
HTML = "Content-Type: text/html; charset=utf-8"
ALTERNATIVE = """--b1
Content-Type: text/html

<p>in HTML</p>
--b1
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

la p=E1gina no =
carga
--b1--
"""
NESTED = f"""--b0
Content-Type: multipart/alternative; boundary=b1

{ALTERNATIVE}
--b0
Content-Type: text/plain
Content-Disposition: attachment; filename=log.txt

not me
--b0--
"""


@pytest.mark.parametrize(
    ("header", "body", "text"),
    [
        ("Subject: x", "Hola, Ana", "Hola, Ana"),
        (PLAIN, "página", "página"),
        (f"{PLAIN}\nContent-Transfer-Encoding: base64", "cMOhZ2luYSBub\n3ZhLg==", "página nova."),
        (f"{PLAIN}\nContent-Transfer-Encoding: quoted-printable", "p=C3=A1gi=\nna", "página"),
        ("Content-Type: multipart/alternative; boundary=b1", ALTERNATIVE, "la página no carga"),
        ("Content-Type: multipart/mixed; boundary=b0", NESTED, "la página no carga"),
        ("Content-Type: multipart/mixed; boundary=none", ALTERNATIVE, ""),
        (
            HTML,
            "<style>p {}</style><p>La <b>página</b> no&nbsp;carga</p><blockquote>tuyo</blockquote>",
            "La página no carga",
        ),
        ("Content-Type: text/plain; charset=klingon", "hola", "hola"),
        ("Content-Type: application/pdf", "%PDF", ""),
        ("Content-Type: text/plain; charset=utf-8\nContent-Disposition: attachment", "log", ""),
        (PLAIN, "", ""),
    ],
)
def test_the_text_to_read(header: str, body: str, text: str) -> None:
    assert mail(header, body) == text


@pytest.mark.parametrize(
    ("body", "written"),
    [
        ("> tu mensaje\n> de ayer\nSí, vale", "Sí, vale"),
        ("Sí, vale\n\nEl vie, 20 nov 2026 a las 23:45, Ana (<ana@x.example>) escribió:\n> hola", "Sí, vale"),
        ("Oui\n\nLe ven. 20 nov. 2026 à 23:45, Ana a écrit :\n> bonjour", "Oui"),
        ("D'accord\n-- \nLaura\nACME", "D'accord"),
        ("Ok\n\nEnviado desde mi iPhone", "Ok"),
        ("Ok\n________________________________\nDe: Ana\nEnviado: lunes 3", "Ok"),
        ("Ok\n\n-----Mensaje original-----\nDe: Ana <a@x>", "Ok"),
        ("Bon dia, adjunto la factura\n\nAviso legal: este mensaje es confidencial", "Bon dia, adjunto la factura"),
        ("Te mando el contrato confidencial\nUn saludo", "Te mando el contrato confidencial\nUn saludo"),
        ("-- \nLaura", "--\nLaura"),
    ],
)
def test_what_somebody_else_wrote_is_left_out(body: str, written: str) -> None:
    assert mail(PLAIN, body) == written


@pytest.mark.parametrize(
    "body",
    [
        "<" * 200_000, "> " * 100_000, ">\n" * 100_000, "=\n" * 100_000, "a" * 300_000, "\x00\xff" * 1000, "@:" * 100_000,
        "--b\n" * 50_000,
    ],
    ids=lambda one: repr(one[:4]),
)  # fmt: skip
def test_hostile_bodies_are_read_to_a_limit(body: str) -> None:
    for header in (
        PLAIN,
        HTML,
        "Content-Type: multipart/mixed; boundary=b",
        f"{PLAIN}\nContent-Transfer-Encoding: base64",
    ):
        assert len(mail(header, body)) <= 2048
