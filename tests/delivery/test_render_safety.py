"""Texts are written by owners and filled with a stranger's words: neither may reach further than the page."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from milter.delivery.render import RenderError, check_source
from milter.delivery.text_source import LARGEST, VARIABLES

from .studio import ANA, CLIENTS, SHIPPED, intent, own

START = "Subject: x\n\n"


def test_shipped_texts_are_right() -> None:
    assert {name: check_source(name, source) for name, source in SHIPPED.items()} == dict.fromkeys(SHIPPED)


@pytest.mark.parametrize(
    ("source", "line", "what"),
    [
        ("Hola {{ nmae }}", 3, "write {{ name }}"),
        ("Hola {{ zzzzzz }}", 3, "use one of subject, name, hours, opens,"),
        ("Hola\n{{ opens", 4, "write {{ opens }} for a variable"),
        ("{% if closed %}\nHola", 3, "write {% endif %} where it ends"),
        ("{% extends 'base.es.txt' %}\nPerdido\n{% block body %}x{% endblock %}", 4, "in no block"),
        ("{% extends 'base.es.txt' %}\n\n{{ opens }}", 5, "in no block"),
        ("{% extends 'base.en.txt' %}", 3, 'write {% extends "base.es.txt" %}'),
        ("{% extends website %}", 3, "only the base"),
        ("{% block boddy %}x{% endblock %}", 3, "write body"),
        ("{% block body %}a{% endblock %}{% block body %}b{% endblock %}", 3, "put both texts into one"),
        ("{{ opens ~ hours }}", 3, "a calculation cannot be used in a text"),
        ("{{ super() }}", 3, "nothing above it"),
        ("{{ name | shout }}", 3, "no filter"),
        ("{# nota", 3, "close {# with #}"),
        ("--- html ---\na\n--- html ---", 5, "a second line"),
        ("{{ opens }}\n--- html ---\n<p>\n<a href='x' title={{ subject }}>{{ opens }}</a>", 6, 'write title="{{ … }}"'),
        ("{{ opens }}\n--- html ---\n<p class=n{{ count }}>{{ opens }}", 5, 'write class="{{ … }}"'),
    ],
)
def test_mistakes_are_named_with_their_line(source: str, line: int, what: str) -> None:
    wrong = check_source("closed.es.txt", START + source)
    assert wrong is not None and what in wrong and wrong.count(f"line {line}: ") == 1


@pytest.mark.parametrize(
    ("name", "source", "what"),
    [
        ("closd.es.txt", "x", "name the file closed.es.txt"),
        ("../../etc/passwd", "x", "name the file"),
        ("closed.es.txt", "Asunto: x\n\nHola", "write Subject:"),
        ("closed.es.txt", "Subject: x\nHola", "line 2: no empty line"),
        ("closed.es.txt", "Subject: {{ sbject }}\n\nHola", "write {{ subject }}"),
        ("closed.es.txt", START + "x" * LARGEST, "longer than"),
        ("closed.es.txt", "Subject: x\n\n", "there is no text in it"),
        ("closed.es.txt", "--- html ---\n<p>x</p>", "there is no text in it"),
        ("closed.es.txt", "\n\nAsunto: x\n\nHola", "line 3: Asunto: is not understood"),
        ("closed.it.txt", START + "Ciao", "no texts are sent in it yet"),
        ("base.es.txt", "{% extends 'base.es.txt' %}", "only the base"),
    ],
)
def test_files_that_cannot_be(name: str, source: str, what: str) -> None:
    wrong = check_source(name, source)
    assert wrong is not None and what in wrong


def test_windows_files_are_texts_too() -> None:
    lines = (
        "\ufeffSubject: Fuera",
        "",
        "Hola{% if name %}, {{ name }}{% endif %}:",
        "{% if urgent %}",
        "no",
        "{% endif %}",
        "Adiós",
    )
    source = "\r\n".join(lines)
    assert check_source("closed.es.txt", source) is None
    assert own(closed=source).render(intent(), ANA).text == "Hola, Laura:\nAdiós\n"


@pytest.mark.parametrize(
    "escape",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ name.__class__ }}",
        "{{ name['__class__'] }}",
        "{{ name | attr('__class__') }}",
        "{{ self }}",
        "{{ self._TemplateReference__context }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ lipsum }}",
        "{{ '%c' % 65 }}",
        "{{ 'x'.format }}",
        "{{ ''.join(['a']) }}",
        "{{ name | map('upper') }}",
        "{{ [name] | list }}",
        "{% include 'base.es.txt' %}",
        "{% import 'base.es.txt' as x %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% set x = name %}{{ x }}",
        "{% call f() %}{% endcall %}",
        "{% filter upper %}x{% endfilter %}",
        "{% autoescape false %}{{ name }}{% endautoescape %}",
        "{% with a = 1 %}{{ a }}{% endwith %}",
        "{{ name | safe }}",
        "{{ super.__class__ }}",
        "{{ super(1) }}",
        "{{ debug }}",
    ],
)
def test_no_way_out(escape: str) -> None:
    for source in (
        escape,
        f'{{% extends "base.es.txt" %}}{{% block body %}}{escape}{{% endblock %}}',
        f"x\n--- html ---\n{escape}",
    ):
        assert check_source("closed.es.txt", START + source), source
        texts = own(closed=START + source)
        assert set(texts.problems) == {"closed.es.txt"}
        with pytest.raises(RenderError, match="no text closed"):
            texts.render(intent(), ANA)


@pytest.mark.parametrize(
    "endless",
    [
        "{% for i in range(1000000000) %}x{% endfor %}",
        "{% for a in 'abc' recursive %}{{ loop('abc') }}{% endfor %}",
        "{{ 'x' * 1000000000 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{{ 'x' ~ 'y' }}",
        "{{ name | center(1000000000) }}",
        "{{ '%1000000000s' % name }}",
        "{{ " + "(" * 20000 + "1" + ")" * 20000 + " }}",
        "{% if " + "not " * 10000 + "closed %}x{% endif %}",
        "{% if closed %}" * 200 + "x" + "{% endif %}" * 200,
        "{% if closed %}" * 60 + "x" + "{% endif %}" * 60,
    ],
    ids=lambda value: value[:30],
)
def test_nothing_endless_or_huge_can_be_written(endless: str) -> None:
    wrong = check_source("closed.es.txt", START + endless)
    assert (wrong is not None and wrong.startswith("line 3: ")) or "too deeply nested" in (wrong or "")


def test_what_grows_by_repeating_is_stopped() -> None:
    base = SHIPPED["base.es.txt"].replace("Un saludo,", "Un saludo, " + "x" * 1000)
    source = '{% extends "base.es.txt" %}{% block farewell %}' + "{{ super() }}\n" * 100 + "{% endblock %}"
    assert check_source("neutral.es.txt", source) is None
    with pytest.raises(RenderError, match="grows beyond"):
        own(base=base, neutral=source).render(intent("neutral"), ANA)


HOSTILE = [
    "{{ owner_name }}{% for x in y %}",
    "=?utf-8?q?Bcc=3A?= =?utf-8?b?e3t9fQ==?=",
    "x\r\nBcc: all@evil.example\r\n\r\n<script>alert(1)</script>",
    "\x1f\x00\x1b[31m\u202e\ud800",
    '"><img src=https://evil.example/x.png onerror=alert(1)>',
    "https://estudio.example@evil.example/ https://evil.example",
    "A" * 100_000,
]


@pytest.mark.parametrize("words", HOSTILE, ids=lambda value: repr(value[:20]))
def test_a_stranger_s_words_stay_words(words: str) -> None:
    """In the worst text an owner can write: the subject everywhere, in HTML too."""
    source = f"{START}Sobre {{{{ subject }}}}, {{{{ name }}}}.\n--- html ---\n<p title='{{{{ subject }}}}'>{{{{ subject }}}}</p>"
    owner = replace(ANA, clients={"acme": replace(CLIENTS["acme"], names={"laura@acme.example": words})})
    for texts in (own(closed=source), own(closed=source.split("--- html")[0])):
        rendered = texts.render(intent(subject=words), owner)
        assert "Ana Souto" not in rendered.text
        assert "\n" not in rendered.subject and len(rendered.subject) <= 300
        assert rendered.text.count("\n") == 1 and len(rendered.text) < 1000
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff]", rendered.subject + rendered.text)
        assert not re.search(r"<(script|img)|href=\"https://e[^\"]*evil", rendered.html)
        assert rendered.text.encode() and rendered.html.encode() and rendered.to_name.encode() is not None


def test_the_freelancer_s_page_lists_every_variable() -> None:
    page = (Path(__file__).parents[2] / "templates" / "README.md").read_text("utf-8")
    table = page.split("## Valores")[1]
    assert re.findall(r"^\| `(\w+)` \|", table, re.M) == list(VARIABLES)


def test_every_variable_can_be_written_and_is_set() -> None:
    source = START + "\n".join(f"{name}: [{{{{ {name} }}}}]" for name in VARIABLES)
    text = own(closed=source).render(intent(), ANA).text
    assert text.count("\n") == len(VARIABLES)
    assert "opens: [el lunes 23 de noviembre a las 16:00]" in text
