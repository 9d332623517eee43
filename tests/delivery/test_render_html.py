"""The HTML that is made from a text."""

import re

import pytest

from milter.delivery.html import Look, link_color, to_html

from .studio import ANA, STUDIO, TEXTS, intent, own, with_studio

LOOK = Look("es", "t", "Ana Souto", hosts=frozenset({"estudio.example"}), addresses=frozenset({"ana@estudio.example"}))


def test_a_page_that_stands_alone() -> None:
    html = TEXTS.render(intent(), ANA).html
    assert html.startswith('<!DOCTYPE html>\n<html lang="es">')
    assert re.findall(r'src="([^"]*)"', html) == ["https://estudio.example/logo.png"]
    assert re.findall(r'href="([^"]*)"', html) == ["https://estudio.example"]
    assert 'alt="Estudio Souto"' in html and "max-width:600px" in html and "color-scheme" in html
    assert not re.search(r"<link|<script|url\(|@import|background(?!:)", html)
    # Dark readers keep their own colours: nothing but links is coloured.
    assert re.findall(r'[";]color:(#\w+)', html) == ["#1f5f5b"]


def test_the_logo_stands_above_the_signature_and_the_footer_is_small() -> None:
    html = TEXTS.render(intent(), ANA).html
    places = [
        html.index(one) for one in ("queda todo junto", "<img", "Un saludo,", "font-size:13px", "Mensaje automático.")
    ]
    assert places == sorted(places)


def test_no_logo_no_image() -> None:
    assert "<img" not in TEXTS.render(intent(), with_studio(brand=type(STUDIO.brand)("Estudio"))).html


def test_a_button_only_for_the_booking_page() -> None:
    html = TEXTS.render(intent("call-request"), ANA).html
    assert 'href="https://citas.estudio.example/ana" style="display:inline-block' in html
    assert "inline-block" not in TEXTS.render(intent(), ANA).html
    assert "inline-block" not in TEXTS.render(intent("call-request"), with_studio(booking="")).html


def test_the_better_address_can_be_written_to() -> None:
    assert 'href="mailto:ana@estudio.example"' in TEXTS.render(intent("wrong-address"), ANA).html


def test_bullets_are_a_list() -> None:
    assert TEXTS.render(intent("prospect", client=None), ANA).html.count("<li>") == 3


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("https://estudio.example/a?b=1.", ["https://estudio.example/a?b=1"]),
        ("(https://www.estudio.example)", ["https://www.estudio.example"]),
        ("ana@estudio.example, ana@casa.example", ["mailto:ana@estudio.example"]),
        ("https://estudio.example.evil.example", []),
        ("https://evilestudio.example", []),
        ("https://estudio.example@evil.example/", []),
        ("https://someone:secret@estudio.example/", []),
        ("https://estudio.example\\@evil.example", ["https://estudio.example"]),
        ("http://[bad", []),
        ("javascript:alert(1) data:text/html,x ftp://estudio.example", []),
        ('https://estudio.example/"onclick=x', ["https://estudio.example/"]),
    ],
)
def test_only_our_own_links_can_be_clicked(text: str, links: list[str]) -> None:
    assert re.findall(r'href="([^"]*)"', to_html(text, LOOK)) == links


@pytest.mark.parametrize(
    "color", ["red", "#fff", "#1f5f5b;background:url(https://evil.example)", "", "#1f5f5b\n", "#gggggg"]
)
def test_a_colour_that_is_none_is_ours(color: str) -> None:
    assert link_color(color) == "#1a5fb4"
    assert link_color("#1F5F5b") == "#1F5F5b"


def test_own_html_is_wrapped_unless_whole_and_values_are_escaped() -> None:
    source = "Subject: x\n\nHola\n--- html ---\n<p>{{ subject }}</p>"
    html = own(closed=source).render(intent(subject="<b>&"), ANA).html
    assert "<p>&lt;b&gt;&amp;</p>" in html and html.startswith("<!DOCTYPE html>")
    whole = own(closed=source.replace("<p>", "<html><p>")).render(intent(subject="a"), ANA).html
    assert whole == "<html><p>a</p>\n"
    for meta in ('<meta charset="{}">', '<META http-equiv=Content-Type content="text/html; charset={}">'):
        word = own(closed=source.replace("<p>", f"<html>{meta.format('windows-1252')}<p>")).render(
            intent(subject="ñ"), ANA
        )
        assert word.html == f"<html>{meta.format('utf-8')}<p>ñ</p>\n"
