"""The words of a notice: every problem that an owner can make, told in Spanish, and harmless whatever it quotes."""

import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from milter.delivery import notices, problem_words
from milter.delivery.render import check_source
from milter.settings.notice import Notice
from milter.settings.values import Problem
from tests.core.studio import POLICY
from tests.delivery.studio import FRIDAY_NIGHT
from tests.settings import test_owner_problems as found
from tests.settings.samples import OWNER, House

FILE = Path("/etc/recado/owners/ana.toml")
PROBLEM = Problem(FILE, 12, "identity.studio.hours", "is empty", 'write "Mo-Fr 09:00-18:00", or remove the line')
NOTICE = Notice("ana", "es", "ana@estudio.example", (PROBLEM,), True)

LINES = [line for _, line in found.CASES.values()] + [line for *_, line in found.TOP.values()]
LINES.append("8: identity.studio.dkim.key_file: /etc/a.pem is not there; write where recado dkim-key put the key")
SYNTAX = ["a b", 'a = "b', "a = [1", 'a = 1\na = 2', "[a]\n[a]", "a = b", "a = 2026-02-30", "= 1", 'a = "\x01"',
          "a = si", "a = Mo-Fr 16:00",
          "a = 2026-12-4", "[a", 'a@b.example = "c"',
          'a = { a@b.example = "c" }', "a = 1 2",
          "a.b = 1\na = 2", "a = " + "[" * 3000, "\xff"]  # fmt: skip
HOURS = ["", "mo-fr 16:00-20:00", "Lu-Vi 16-20", "Mo-Fr 16-", "Mo-Fr 16:00-20:00 Feb 30", "off", "nunca"]
TEXTS = {
    "closed.es.txt": [
        "{% for a in b %}{% endfor %}", "{{ opens.year }}", "{{ opens[0] }}", "{% include 'x' %}", "{% macro a() %}{% endmacro %}",
        "{% set a = 1 %}", "{{ lipsum() }}", "{{ openz }}", "{{ zzzzzz }}", "{% if closed %}", "{# nada", "{{ opens | safe }}",
        "{{ 1 + 1 }}", "{% block bodi %}{% endblock %}", "{{ super() }}", '{% extends "closed.es.txt" %}', "x" * 70_000,
        "Asunto: hola\n\nHola", "Subject: hola\nHola", "a\n--- html ---\nb\n--- html ---\nc", "{{ opens", "{% if closed %}" * 60,
        '{% extends "base.es.txt" %}\nHola', "Vuelvo { opens }", "Hola{ % if closed % }", "",
        "{% si closed %}", "{% extends “base.es.txt” %}",
    ],
    "closed.xx.txt": ["Hola"], "closd.es.txt": ["Hola"],
}  # fmt: skip

# A translation of a loose pattern may leave half of the sentence in English.
HALF_ENGLISH = re.compile(r"\b(a list|whole|such as|without|between|or leave|below|of its own|names?: )\b")


def of_line(line: str) -> Problem:
    number, key, rest = re.fullmatch(r"(\d+): ((?:[^:]|: (?=x))+?): (.*)", line, re.S).groups()  # type: ignore[union-attr]
    what, _, instead = rest.partition("; ")
    return Problem(FILE, int(number), key, what, instead)


def own_texts() -> list[Problem]:
    said = [check_source(name, source) for name, sources in TEXTS.items() for source in sources]
    parted = [re.fullmatch(r"line (\d+): (.*?); (.*)", one, re.S) for one in said if one]
    assert len(parted) == sum(map(len, TEXTS.values())) and all(parted)
    return [
        Problem(FILE.parent / "ana/closed.es.txt", int(one[1]), "closed.es.txt", one[2], one[3])
        for one in parted
        if one
    ]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def in_his_file(house: House) -> list[Problem]:
    problems = []
    for text in SYNTAX:
        house.owner(text.encode("latin-1"))
        problems += house.load().problems
    for hours in HOURS:
        house.owner(f'{OWNER}hours = "{hours}"\n')
        problems += house.load().problems
    return problems


def test_every_problem_is_told_in_spanish(house: House) -> None:
    problems = [*map(of_line, LINES), *in_his_file(house), *own_texts()]
    untold = []
    for one in problems:
        what, instead = problem_words.said(one, "es")
        if one.key != "syntax" and what == one.what:
            untold.append(one.what)
        if instead == one.instead:
            untold.append(one.instead)
        assert not re.search(r"\{[a-z]\}", what + instead)
        assert not HALF_ENGLISH.search(instead), instead
    assert untold == [], "\n".join(untold)
    assert len(problems) > 80


KEPT = [
    ('"Europe/Madird" is not a time zone', 'write "Europe/Madrid"',
     "«Europe/Madird» no es una zona horaria", 'escribe "Europe/Madrid"'),
    ('"{nombre}" stands for nothing', 'write "Clientes/{name}"', "«{nombre}» no significa nada aquí", 'escribe "Clientes/{name}"'),
    ("there is no {{ openz }}", "write {{ opens }}", "no existe {{ openz }}", "escribe {{ opens }}"),
    ("something nobody thought of", "do what you can", "something nobody thought of", "do what you can"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "instead", "said", "meant"), KEPT)
def test_what_is_quoted_stays(what: str, instead: str, said: str, meant: str) -> None:
    assert problem_words.said(Problem(FILE, 1, "a", what, instead), "es") == (said, meant)
    assert problem_words.said(Problem(FILE, 1, "a", what, instead), "en") == (what, instead)


def test_a_slip_reads_as_no_error() -> None:
    slip = Problem(
        FILE, 12, "identity.studio.hours", '"23:30-16:00" lasts until 16:00 of the next day',
        'write "16:00-23:30" if that is not meant', warning=True, slip=True,
    )  # fmt: skip
    notice = Notice("ana", "es", "ana@estudio.example", (slip,), True)
    assert mail(notice)["Subject"] == "Recado: mira esto en ana.toml, línea 12"
    assert text(notice) == (
        "Lo que has guardado vale y está en vigor, pero seguramente no hace lo que quieres:\n\n"
        "ana.toml, línea 12 (identity.studio.hours)\n"
        "Qué pasa: «23:30-16:00» dura hasta las 16:00 del día siguiente\n"
        'Qué hacer: escribe "16:00-23:30" si no es lo que querías\n\n'
        "Si es lo que querías, no tienes que hacer nada.\n"
    )


def test_beside_an_error_a_slip_comes_last_and_is_not_counted() -> None:
    slip = Problem(FILE.parent / "ana/closd.es.txt", 0, "closd.es.txt", "is no text that is ever sent", "x", True, True)
    both = replace(NOTICE, problems=(slip, *NOTICE.problems))
    assert mail(both)["Subject"] == mail(NOTICE)["Subject"]
    assert text(both).index("ana.toml") < text(both).index("closd.es.txt")


def test_every_slip_is_told_in_spanish(house: House) -> None:
    slips = []
    for _, line, _ in found.WARNINGS.values():
        house.owner(f"{OWNER}{line}\n")
        slips += [one for one in house.load().problems if one.slip]
    assert len(slips) > 6
    for one in slips:
        what, instead = problem_words.said(one, "es")
        assert what != one.what and instead != one.instead and not HALF_ENGLISH.search(instead)


def text(notice: Notice) -> str:
    return mail(notice).get_content().replace("\r\n", "\n")


def mail(notice: Notice) -> EmailMessage:
    found = message_from_bytes(notices.letter(notice, POLICY, FRIDAY_NIGHT).content, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def test_it_reads_well() -> None:
    assert text(NOTICE) == (
        "Lo que acabas de guardar tiene un error y no se puede usar. Sigue valiendo tu última versión buena: no se pierde "
        "ningún correo.\n\nana.toml, línea 12 (identity.studio.hours)\nQué pasa: está vacío\n"
        'Qué hacer: escribe "Mo-Fr 09:00-18:00", o quita la línea\n\n'
        "En cuanto lo guardes bien, entra en vigor solo. Si el error cambia, te volveré a escribir.\n"
    )


@pytest.mark.parametrize("language", ["en", "gl", "ja", ""])
def test_other_languages_read_english(language: str) -> None:
    made = mail(replace(NOTICE, language=language))
    assert (made["Content-Language"], made["Subject"]) == ("en", "Recado: there is an error in ana.toml, line 12")
    assert 'What to do: write "Mo-Fr 09:00-18:00"' in text(replace(NOTICE, language=language))


def test_nobody_answers_it_and_it_goes_to_the_inbox() -> None:
    letter = notices.letter(NOTICE, POLICY, FRIDAY_NIGHT)
    made = mail(NOTICE)
    assert made["Auto-Submitted"] == "auto-generated" and made["From"].addresses[0].display_name == "Recado"
    assert (letter.mailbox, letter.folder, letter.keywords) == ("ana@estudio.example", "", ())
    assert all(line.isascii() and len(line) < 999 for line in letter.content.split(b"\r\n"))


def test_hostile_names_stay_in_the_text() -> None:
    evil = Problem(Path("/x/a\r\nBcc: all@x.example\r\n.toml"), 1, "a", "b\r\nBcc: c", "d\n.\n\ne")
    assert mail(replace(NOTICE, problems=(evil,)))["Bcc"] is None


@pytest.mark.parametrize(
    ("mailbox", "known"),
    [("ana@estudio.example", True), ("", False), ("a@[127.0.0.1]", True),
     ("ana", False), ("a@b@c", False), ("a b@c.example", False), ("ñ@c.example", False)],
)  # fmt: skip
def test_who_can_be_told(mailbox: str, known: bool) -> None:
    assert notices.deliverable(replace(NOTICE, mailbox=mailbox)) is known


def test_a_file_with_a_hundred_errors_is_one_bearable_mail() -> None:
    many = replace(NOTICE, problems=(PROBLEM,) * 100)
    assert text(many).count("Qué pasa") == notices.MOST and "Hay más errores" in text(many)
