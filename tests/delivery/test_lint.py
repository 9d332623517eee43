"""The linter of texts: the shipped ones hold, and each rule finds what it is there for, in its line, and nothing beside it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from milter.core.owner import Kind, Tone
from milter.delivery import phrases
from milter.delivery.lint import Finding, lint
from milter.delivery.lint_words import WORDS
from tests.delivery.studio import ANA, HOME, SHIPPED, STUDIO

ANOTHER = replace(ANA, tone=None, clients={}, plans={"bronze": ANA.clients["bronze"].plan})


def with_body(body: str, template: str = "closed", language: str = "es") -> dict[str, str]:
    """One text of the owner's own above its base. The body begins in line 3."""
    source = f'{{% extends "base.{language}.txt" %}}\n{{% block body %}}\n{body}\n{{% endblock %}}\n'
    return {f"{template}.{language}.txt": source, f"base.{language}.txt": SHIPPED[f"base.{language}.txt"]}


def found(sources: Mapping[str, str], owner=ANOTHER, own: bool = True) -> list[Finding]:
    return list(lint(owner, sources, own=sources if own else ()).findings)


def opening(sentence: str) -> str:
    return f"{sentence} {{{{ opens }}}}."


GOOD = {
    "es": opening("Vuelvo a atender el correo"),
    "en": opening("I'm back at my mail"),
    "ca": opening("Torno a atendre el correu"),
    "gl": opening("Volvo atender o correo"),
    "eu": opening("Postara itzuliko naiz"),
    "pt": opening("Volto ao correio"),
    "fr": opening("Je reprends mes e-mails"),
    "de": opening("Um meine E-Mails kümmere ich mich wieder"),
}


def test_the_shipped_texts_hold_in_every_language_and_tone() -> None:
    report = lint(ANA, SHIPPED)
    assert report.findings == ()
    assert set(report.languages) == {name.split(".")[1] for name in SHIPPED}
    assert report.texts == sum(not name.startswith("base.") for name in SHIPPED)
    assert report.renderings > 15 * report.texts


def test_a_channel_that_is_a_telephone_is_named_without_its_number() -> None:
    """WhatsApp in the owner's file is his choice: nothing is wrong with the shipped texts that name it."""
    plan = replace(ANA.clients["bronze"].plan, channels={"WhatsApp": "+34 600 111 222"})
    owner = replace(ANOTHER, plans={"bronze": plan})
    assert lint(owner, SHIPPED).findings == ()


def test_a_text_that_stands_alone_is_named_and_not_the_base() -> None:
    sources = {"closed.es.txt": "Hola. Vuelvo {{ opens }}.\n", "base.es.txt": SHIPPED["base.es.txt"]}
    assert {one.name for one in found(sources)} == {"closed.es.txt"}


def test_every_language_has_its_words() -> None:
    assert set(WORDS) >= {*phrases.LANGUAGES, *GOOD}


FAULTS = [
    # what another day makes of it
    ("es", "Mañana te llamo.", "Mañana", "another day"),
    ("es", "Esta noche no hay nadie.", "Esta noche", "another day"),
    ("es", "Vuelvo el lunes que viene.", "el lunes que viene", "another day"),
    ("en", "It is looked at tomorrow.", "tomorrow", "another day"),
    ("en", "I'm closed next week.", "next week", "another day"),
    ("ca", "Avui tinc tancat.", "Avui", "another day"),
    ("gl", "Hoxe teño pechado.", "Hoxe", "another day"),
    ("eu", "Gaur itxita daukat.", "Gaur", "another day"),
    ("pt", "Hoje não trabalho.", "Hoje", "another day"),
    ("fr", "Je suis là dès demain.", "demain", "another day"),
    ("fr", "Fermé aujourd’hui.", "aujourd'hui", "another day"),
    ("de", "Heute ist zu.", "Heute", "another day"),
    ("de", "Ich bin morgen wieder da.", "morgen", "another day"),
    # claims about reading
    ("es", "No lo he leído.", "leído", "have or have not read"),
    ("es", "Hasta entonces no leeré nada.", "no leeré", "have or have not read"),
    ("en", "I haven't read it.", "haven't read", "have or have not read"),
    ("en", "Mail stays unread until then.", "unread", "have or have not read"),
    ("ca", "No l'he llegit.", "llegit", "have or have not read"),
    ("gl", "Non o lin.", "o lin", "have or have not read"),
    ("gl", "Lin a mensaxe.", "Lin", "have or have not read"),
    ("pt", "Li a mensagem.", "Li", "have or have not read"),
    ("eu", "Ez dut irakurri.", "irakurri", "have or have not read"),
    ("pt", "Ainda não li a mensagem.", "não li", "have or have not read"),
    ("fr", "Je ne l'ai pas lu.", "pas lu", "have or have not read"),
    ("de", "Ich habe sie noch nicht gelesen.", "gelesen", "have or have not read"),
    # what nobody says, and excuses
    ("es", "Estoy fuera de la oficina.", "fuera de la oficina", "not how one speaks"),
    ("es", "Estimado/a cliente, gracias.", "Estimado/a", "not how one speaks"),
    ("es", "Su incidencia tiene un número.", "incidencia", "not how one speaks"),
    ("es", "Lo veré a la mayor brevedad posible.", "a la mayor brevedad posible", "not how one speaks"),
    ("es", "Estoy en una reunión.", "en una reunión", "an excuse"),
    ("en", "I'm out of the office.", "out of the office", "not how one speaks"),
    ("en", "A ticket was opened.", "ticket", "not how one speaks"),
    ("en", "I'm travelling.", "travelling", "an excuse"),
    ("ca", "Soc fora de l'oficina.", "fora de l'oficina", "not how one speaks"),
    ("gl", "Estou fóra da oficina.", "fóra da oficina", "not how one speaks"),
    ("eu", "Bulegotik kanpo nago.", "Bulegotik kanpo", "not how one speaks"),
    ("pt", "Obrigado pela mensagem.", "Obrigado", "not how one speaks"),
    ("fr", "Je suis absente.", "absente", "not how one speaks"),
    ("de", "Sehr geehrte Damen und Herren.", "Sehr geehrte", "not how one speaks"),
    ("es", "Estoy de vacaciones.", "vacaciones", "vacation's text alone"),
    ("de", "Ich bin im Urlaub.", "Urlaub", "vacation's text alone"),
    # promises
    ("es", "Te contesto el lunes.", "contesto", "promises an answer"),
    ("es", "Te contesto {{ opens }}.", "contesto", "promises an answer"),
    ("es", "Te contesto el lunes a partir de las 16:00.", "contesto", "promises an answer"),
    ("es", "El lunes tendrás respuesta.", "tendrás respuesta", "promises an answer"),
    ("es", "Tendrás noticias mías antes de nada.", "noticias mías", "promises an answer"),
    ("es", "Te respondo en breve.", "respondo", "promises an answer"),
    ("en", "You will hear from me by Monday.", "hear from me", "promises an answer"),
    ("en", "I'll reply within 24 hours.", "I'll reply", "promises an answer"),
    ("ca", "Et responc dilluns.", "responc", "promises an answer"),
    ("ca", "Et truco dilluns.", "Et truco", "promises an answer"),
    ("gl", "Chámote o luns.", "Chámote", "promises an answer"),
    ("pt", "Ligo na segunda-feira.", "Ligo", "promises an answer"),
    ("eu", "Astelehenean deituko dizut.", "deituko dizut", "promises an answer"),
    ("gl", "Respóndoche o luns.", "Respóndoche", "promises an answer"),
    ("eu", "Astelehenean erantzungo dizut.", "erantzungo", "promises an answer"),
    ("pt", "Respondo na segunda-feira.", "Respondo", "promises an answer"),
    ("fr", "Je vous réponds lundi.", "Je vous réponds", "promises an answer"),
    ("de", "Ich melde mich am Montag.", "Ich melde mich", "promises an answer"),
    # exposed
    ("es", "Mi teléfono: 981 12 34 56.", "981 12 34 56", "telephone"),
    ("en", "Ring +34 (981) 123-456.", "+34 (981) 123-456", "telephone"),
    ("es", "Llama al +34 981.12.34.56.", "+34 981.12.34.56", "telephone"),
    ("es", "Mi tel:600123123.", "600123123", "telephone"),
    ("fr", "Au 06.12.34.56.78.", "06.12.34.56.78", "telephone"),
    ("es", "La contraseña es hunter2.", "contraseña es hunter2.", "secret"),
    ("en", "Use password: swordfish.", "password: swordfish.", "secret"),
    ("es", "IBAN ES91 2100 0418 4502 0051 3320 0000.", "ES91 2100 0418 4502 0051 3320 0000", "secret"),
    ("es", "Entra en https://estudio.example/?token=abc.", "?token=abc.", "secret"),
    # placeholders, and what is left over
    ("es", "TODO: esto.", "TODO", "placeholder"),
    ("es", "Lorem dolor.", "Lorem", "placeholder"),
    ("es", "Hola XXX.", "XXX", "placeholder"),
    ("es", "Soy [nombre].", "[nombre]", "placeholder"),
    ("es", "Soy {nombre}.", "{nombre}", "placeholder"),
    ("es", "Soy %nombre%.", "%nombre%", "placeholder"),
    ("es", "Soy $nombre.", "$nombre", "placeholder"),
    ("es", "Atiendo ({{ hours }}).", "()", "left over"),
    ("es", "Atiendo {{ hours }}.", " .", "left over"),
    # offers and links
    ("es", "Escríbeme por Telegram.", "Telegram", "whatever the client's plan"),
    ("es", "Pon URGENTE en el asunto.", "URGENTE", "alerts nobody"),
    ("de", "Schreib DRINGEND.", "DRINGEND", "alerts nobody"),
    ("es", "Mira https://calendly.com/ana.", "https://calendly.com/ana", "not yours"),
    ("es", "Mira www.otra.es.", "www.otra.es", "not yours"),
    ("es", "Mira wa.me/34600.", "wa.me/34600", "not yours"),
    ("es", "Mira https://estudio.example@evil.example/.", "https://estudio.example@evil.example/", "not yours"),
    ("es", "Escribe a otra@gmail.com.", "otra@gmail.com", "not yours"),
    ("es", "Escribe a ana@casa.example.", "ana@casa.example", "personal address"),
    ("es", "Con el plan Bronce no.", "Bronce", "name of a plan"),
    ("es", "¡Gracias!", "!", "shouts"),
    ("fr", "Merci !", "!", "shouts"),
]  # fmt: skip


def told_by_line(language: str, sentences: list[str]) -> dict[str, list[tuple[str, str]]]:
    """All of them in one text, a paragraph each: what is found in the line of each."""
    told = found(with_body("\n\n".join([GOOD[language], *sentences]), "holiday", language))
    assert {one.name for one in told} <= {f"holiday.{language}.txt"}
    lines = {5 + 2 * number: sentence for number, sentence in enumerate(sentences)}
    beside = {one.what for one in told if one.line not in lines}
    assert all("words" in one for one in beside), beside
    return {sentence: [(one.phrase, one.what) for one in told if one.line == line] for line, sentence in lines.items()}


@pytest.mark.parametrize("language", GOOD)
def test_each_fault_is_found_in_its_line(language: str) -> None:
    faults = [one for one in FAULTS if one[0] == language]
    told = told_by_line(language, [sentence for _, sentence, _, _ in faults])
    for _, sentence, phrase, what in faults:
        assert [one[0] for one in told[sentence] if what in one[1]] == [phrase], (sentence, told[sentence])


INNOCENT = [
    ("es", "Si quieres añadir algo, responde a este mismo correo y queda todo junto."),
    ("es", "Vuelvo el lunes 23 a las 16:00 y te respondo a partir de ese momento."),
    ("es", "Por la mañana no hago llamadas."),
    ("es", "Puede que tarde un poco en responder."),
    ("es", "Lo veré en mi horario, de 9:00 a 14:00 y de 16:00 a 19:00."),
    ("es", "Sobre el curso 2026-2027, del 07.01.2027."),
    ("es", "Más en https://www.estudio.example/horario o escribiendo a hola@estudio.example."),
    ("es", "{% if hours %}Atiendo ({{ hours }}).{% endif %}"),
    ("es", "{% if urgent %}Pon URGENTE en el asunto.{% endif %}"),
    ("es", "{% if channels %}También por {{ channels }}.{% endif %}"),
    ("es", "{% if due %}Tendrás noticias mías antes {{ due }}.{% endif %}"),
    ("es", "La próxima vez será mejor."),
    ("es", "Del 24.12.2026 al 6/1/2027, el 100 % de los días; el Pack 2 son 50 $."),
    ("en", "I'm back on Monday at 16:00 and will reply from then on."),
    ("en", "Reply with two or three times that suit you and I'll confirm one."),
    ("en", "My answer may take a little while."),
    ("ca", "Torno dilluns a les 16:00 i et responc a partir d'aquell moment."),
    ("gl", "Pola mañá non fago chamadas."),
    ("gl", "Volvo o luns ás 16:00 e respondo a partir dese momento."),
    ("eu", "Astelehenean itzuliko naiz, eta ordutik aurrera erantzungo dizut."),
    ("pt", "Volto na segunda às 16:00 e respondo a partir desse momento."),
    ("fr", "Prenons rendez-vous."),
    ("fr", "Je reprends lundi à 16:00 et répondrai ensuite."),
    ("de", "Am Montag um 16:00 bin ich zurück; ab dann antworte ich."),
    ("de", "Hier ist Feiertag."),
]


@pytest.mark.parametrize("language", GOOD)
def test_what_may_be_said(language: str) -> None:
    said = [sentence for one, sentence in INNOCENT if one == language]
    assert told_by_line(language, said) == {sentence: [] for sentence in said}


def whats(sources: Mapping[str, str], owner=ANOTHER) -> list[tuple[str, int, str]]:
    return [(one.name, one.line, one.what) for one in found(sources, owner)]


def test_a_text_says_when_and_strangers_are_not_told() -> None:
    assert whats(with_body("Tu mensaje ha llegado bien.")) == [
        ("closed.es.txt", 1, "does not say when you are back at your mail")
    ]
    told = ("tells strangers when you are away",)
    assert whats(with_body(f"Gracias.\n{GOOD['es']}", "prospect")) == [("prospect.es.txt", 4, *told)]
    assert whats(with_body(f"Gracias.\n{{% if closed %}}{GOOD['es']}{{% endif %}}", "neutral")) == [
        ("neutral.es.txt", 4, *told)
    ]
    assert whats(with_body("Gracias. Atiendo de 16:00 a 23:30.", "prospect")) == []


def test_greeting_and_farewell() -> None:
    told = " ".join(what for _, _, what in whats({"closed.es.txt": f"Subject: Aviso\n\n{GOOD['es']}\n"}))
    assert "does not begin with a greeting" in told and "does not end with a farewell and your name" in told
    for end in ("Un abrazo,\nAna Souto", "Un abrazo,\n{{ owner_name }}", "Hasta pronto, Ana", "Un saludo,\nAna"):
        assert whats({"closed.es.txt": f"Subject: Aviso\n\nBuenas:\n\n{GOOD['es']}\n\n{end}\n"}) == [], end


def test_the_client_s_words_stay_in_the_subject() -> None:
    assert whats(with_body(f"{GOOD['es']}\nTu mensaje «{{{{ subject }}}}» ha llegado.")) == [
        ("closed.es.txt", 4, "repeats the client's words")
    ]


def test_length() -> None:
    long = f"{GOOD['es']}\n{'palabra ' * 100}"
    ((name, line, what),) = {(name, line, "words" in what) for name, line, what in whats(with_body(long))}
    assert (name, line, what) == ("closed.es.txt", 1, True)
    subject = with_body(GOOD["es"])
    subject["closed.es.txt"] = f"Subject: {'Muy ' * 20}largo: {{{{ subject }}}}\n\n" + subject["closed.es.txt"]
    (one,) = found(subject)
    assert (one.line, "characters of its own" in one.what) == (1, True)
    subject["closed.es.txt"] = subject["closed.es.txt"].replace("Muy " * 20, "¡Mañana ")
    assert sorted(one.phrase for one in found(subject)) == ["Mañana"]


def test_a_text_that_is_said_in_the_base_is_found_there() -> None:
    sources = with_body(GOOD["es"])
    sources["base.es.txt"] = sources["base.es.txt"].replace("Un saludo,", "Hasta mañana,\nUn saludo,")
    (one,) = found(sources)
    line = sources["base.es.txt"].split("\n").index("Hasta mañana,") + 1
    assert (one.name, one.line, one.phrase) == ("base.es.txt", line, "mañana")


def test_a_value_of_the_owner_s_is_not_the_text_s_fault() -> None:
    """But a telephone number in it is told, in no line of the text."""
    brand = replace(STUDIO.brand, name="Mañana! Web")
    mine = replace(ANOTHER, identities=(replace(STUDIO, brand=brand), HOME))
    assert found(with_body(GOOD["es"]), mine) == []
    mine = replace(ANOTHER, identities=(replace(STUDIO, brand=replace(brand, name="Tel. 981 123 456")), HOME))
    (one,) = found(with_body(GOOD["es"]), mine)
    assert (one.line, one.phrase) == (0, "981 123 456")
    mine = replace(
        ANOTHER, identities=(replace(STUDIO, booking="https://cal.example/?id=a1b2c3d4e5f6a7b8c9d0e1f2a3"), HOME)
    )
    assert found(with_body("Elige hora: {{ booking }}", "call-request"), mine) == []


@pytest.mark.parametrize(
    ("tone", "own", "told"),
    [
        (None, True, []),
        (Tone.INFORMAL, True, []),
        (Tone.FORMAL, True, [(3, '"Tu" is informal in a formal text')]),
        (Tone.INFORMAL, False, [(3, '"Tu" is informal in a formal text')]),
    ],
)
def test_an_own_text_need_not_know_a_tone_that_is_never_used(tone: Tone | None, own: bool, told: list[object]) -> None:
    sources = with_body(f"Tu mensaje ha llegado. {GOOD['es']}")
    mine = replace(ANOTHER, tone=tone)
    assert [(one.line, one.what) for one in found(sources, mine, own)] == told


def test_the_tone_of_a_client_who_reads_it_counts() -> None:
    sources = with_body(f"Tu mensaje ha llegado. {GOOD['es']}")
    for language, count in (("fr", 0), ("es", 1), (None, 1)):
        client = replace(ANA.clients["acme"], tone=Tone.FORMAL, language=language)
        assert len(found(sources, replace(ANOTHER, clients={"acme": client}))) == count


def test_the_tone_of_an_identity_counts_and_both_are_tried() -> None:
    sources = with_body(f"Tu mensaje ha llegado. {GOOD['es']}")
    for tone, count in ((None, 0), (Tone.INFORMAL, 0), (Tone.FORMAL, 1)):
        assert len(found(sources, replace(ANOTHER, identities=(replace(STUDIO, tone=tone), HOME)))) == count


def test_html_of_his_own_is_read_too() -> None:
    def page(html: str) -> list[tuple[int, str]]:
        sources = with_body(GOOD["es"])
        sources["closed.es.txt"] += f"--- html ---\n{html}\n"
        return [(one.line, one.phrase) for one in found(sources)]

    end = "<p>{{ opens }}</p><p>Un saludo,<br>Ana Souto</p>"
    assert page(f"<p>Hola:</p>{end}") == []
    assert page(f"<p>Hola:</p>\n<p>Hasta <b>mañana</b></p>{end}") == [(7, "mañana")]
    assert page(f'<p>Hola:</p>\n<img src="https://tracker.example/x.gif">{end}') == [
        (7, "https://tracker.example/x.gif")
    ]
    for place, told in (("https://tracker.example/x.gif", True), ("https://estudio.example/x.gif", False)):
        styled = f"<p>Hola:</p>\n<p style=\"background: url( '{place}' )\">x</p>{end}"
        assert page(styled) == [(7, place)] * told
    assert page(f'<p>Hola:</p>\n<a href="javascript:alert(1)">x</a>{end}') == [(7, "javascript:alert(1)")]
    assert (
        page(f'<p>Hola:</p><a href="https://estudio.example/a">x</a><a href="mailto:ana@estudio.example">y</a>{end}')
        == []
    )


def test_a_broken_text_is_a_finding_and_no_obstacle() -> None:
    sources = with_body(GOOD["es"]) | {
        "vacation.es.txt": "{% for x in y %}",
        "neutral.es.txt": '{% extends "base.es.txt" %}',
    }
    sources["prospect.en.txt"] = '{% extends "base.en.txt" %}'
    assert {one.name for one in found(sources)} >= {"vacation.es.txt", "prospect.en.txt"}


def test_between_friends_other_rules_hold() -> None:
    said = "Tu mensaje llegó. Para lo nuestro, mejor {{ address }}. ¡Gracias!"
    assert whats(with_body(said, "pointer")) == []
    assert [one[2] for one in whats(with_body(said, "prospect"))] == ['"!" shouts']
    assert whats(with_body("Escribe a ana@estudio.example mañana.", "pointer")) == [
        ("pointer.es.txt", 3, '"ana@estudio.example" is an address that is not yours'),
        ("pointer.es.txt", 3, '"mañana" is another day when it is read'),
    ]
    nobody = replace(ANOTHER, identities=(STUDIO,))
    assert lint(nobody, with_body("Mañana.", "pointer")).renderings == 0


def test_an_owner_without_business_is_tried_on_nobody() -> None:
    nobody = replace(ANOTHER, identities=(replace(HOME, kind=Kind.PERSONAL),))
    report = lint(nobody, with_body("Mañana."))
    assert (report.findings, report.renderings) == ((), 0)
