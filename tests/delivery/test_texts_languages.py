"""Every shipped text, in every language, for everybody: what holds for all of them, and one of each language read whole."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

from milter.core.automatic.sign import Look
from milter.core.automatic.subjects import out_of_office_subject
from milter.core.encoded_words import encode
from milter.core.language import LANGUAGES, identify
from milter.core.message import parse
from milter.core.opt_out import KEYWORDS
from milter.core.owner import Tone
from milter.core.reply_job import ReplyIntent
from milter.core.reply_message import Rendered
from milter.delivery.render import FORMAL_BY_CUSTOM
from milter.delivery.text_source import TEMPLATES
from tests.core.studio import POLICY

from .studio import ANA, MADRID, SHIPPED, TEXTS, intent, toned

BUSINESS = tuple(one for one in TEMPLATES if one != "pointer")  # what clients and strangers read
SENT_ONCE = ("prospect", "neutral", "wrong-address")
ONE_FORM = ("en", "eu", "pt")  # languages that need no tone
MARK = {
    "es": "Respuesta automática", "en": "Automatic reply", "ca": "Resposta automàtica", "gl": "Resposta automática",
    "eu": "Erantzun automatikoa", "pt": "Resposta automática", "fr": "Réponse automatique", "de": "Automatische Antwort",
}  # fmt: skip
FOOTER = {
    "es": "Mensaje automático.", "en": "Automatic message.", "ca": "Missatge automàtic.", "gl": "Mensaxe automática.",
    "eu": "Mezu automatikoa.", "pt": "Mensagem automática.", "fr": "Message automatique.", "de": "Automatische Nachricht.",
}  # fmt: skip
ARRIVED = {
    "es": r"Tu mensaje ha|Su mensaje ha|Tus tres mensajes han|Sus tres mensajes han",
    "en": r"Your message has arrived safely|Your three messages have arrived safely",
    "ca": r"El (?:teu|seu) missatge ha arribat bé|Els (?:teus|seus) tres missatges han arribat bé",
    "gl": r"A (?:túa|súa) mensaxe chegou ben|As (?:túas|súas) tres mensaxes chegaron ben",
    "eu": r"Zure mezua ondo iritsi da|Zure hiru mezuak ondo iritsi dira",
    "pt": r"A mensagem chegou bem|As três mensagens chegaram bem",
    "fr": r"(?:Ton|Votre) message est bien arrivé|(?:Tes|Vos) trois messages sont bien arrivés",
    "de": r"(?:deine|Ihre) Nachricht ist gut angekommen|(?:deine|Ihre) drei Nachrichten sind gut angekommen"
    r"|Nachricht\. Sie ist gut angekommen",
}
# Read on another day, by somebody who may not be answered soon; and what an owner must not have said in her name.
FORBIDDEN = re.compile(
    r"\b(?:hoy|mañana|esta noche|avui|demà|aquest vespre|hoxe|mañá|gaur|bihar|hoje|amanhã|aujourd'hui|demain|ce soir|heute"
    r"|morgen|today|tomorrow|tonight)\b|\b(?:leído|leeré|llegit|llegiré|lin|lerei|irakurri|lido|lerei|lu|lirai|gelesen|read)\b"
    r"|oficina|\boffice\b|despatx|bulego|escritório|\bbureau\b|büro|ticket|incid|bron[cz]e|\bplata\b|estimad|prezad|geehrte"
    r"|[!¡]|[{}%]|\bNone\b|\bel el\b|\bde el\b|\ba o\b|\bde o\b|(?:encantad|ravi|obrigad|agradecid)[oae]\b",
    re.I,
)
NEVER = re.compile(r"(?!)")
INFORMAL = dict.fromkeys(ONE_FORM, NEVER) | {
    "es": re.compile(
        r"\b(?:tu|tus|te|puedes|prefieres|responde solo|tienes|quieres|necesitas|respóndeme|respondes)\b", re.I
    ),
    "ca": re.compile(r"\b(?:teu|teus|et|pots|prefereixes|respon només|tens|vols|respons)\b|-me\b", re.I),
    "gl": re.compile(
        r"\b(?:túa|túas|che|podes|prefires|responde só|tes|queres|necesitas|respóndeme|respondes)\b|oche\b", re.I
    ),
    "fr": re.compile(r"\b(?:ton|tes|ta|te|tu|réponds|peux)\b|\bt'", re.I),
    "de": re.compile(r"\b(?:du|dir|dich|dein\w*|möchtest|kannst)\b", re.I),
}
FORMAL = dict.fromkeys(ONE_FORM, NEVER) | {
    "es": re.compile(r"\b(?:su|sus|le|puede(?! que)|prefiere|responda|quiere|respóndame)\b", re.I),
    "ca": re.compile(r"\b(?:seu|seus|li|prefereix|respongui)\b", re.I),
    "gl": re.compile(r"\b(?:súa|súas|lle|pode(?! que)|prefire|responda|respóndolle|quere)\b", re.I),
    "fr": re.compile(r"\b(?:votre|vos|(?<!rendez-)vous|répondez)\b", re.I),
    "de": re.compile(r"\b(?:Ihre|Ihnen|Sie(?! (?:ist|nicht|mir)))\b"),
}
FRIDAY = datetime(2026, 11, 20, 23, 45, tzinfo=MADRID)
BEFORE_EASTER = datetime(2026, 4, 1, 23, 45, tzinfo=MADRID)
IMMACULATE = datetime(2026, 12, 8, 18, 0, tzinfo=MADRID)
ENTROIDO = datetime(2027, 2, 9, 18, 0, tzinfo=MADRID)
CHRISTMAS = datetime(2026, 12, 28, 18, 0, tzinfo=MADRID)
INSTANTS = (FRIDAY, BEFORE_EASTER, IMMACULATE, ENTROIDO, CHRISTMAS)


READERS = ("acme", "gold", "york", None)  # a channel; two, and other hours; another zone; a stranger


def renderings(template: str, language: str) -> Iterator[tuple[Rendered, ReplyIntent, bool]]:
    for tone, name, at, all_there in product((*Tone, None), READERS, INSTANTS, (False, True)):
        made = intent(template, language, client=name, created=at)
        made = made if made.opens else replace(made, opens=at + timedelta(days=1))
        due = at + timedelta(days=7) if all_there and name else None
        count = 3 if all_there else 1
        formal = tone is Tone.FORMAL or (tone is None and language in FORMAL_BY_CUSTOM)
        yield TEXTS.render(made, toned(tone), count=count, notifier=all_there, due=due), made, formal


@pytest.mark.parametrize(("template", "language"), list(product(BUSINESS, LANGUAGES)))
def test_every_text_for_everybody(template: str, language: str) -> None:
    for rendered, made, formal in renderings(template, language):
        text = rendered.text
        assert not (INFORMAL if formal else FORMAL)[language].search(text), text
        assert not FORBIDDEN.search(text), text
        assert re.search(ARRIVED[language], text), text
        assert "casa.example" not in text + rendered.html and made.subject not in text
        assert len(text.split()) < 110, text
        well_set(text)
        last = text.strip().split("\n")[-1]
        assert last.startswith(FOOTER[language]) and (last == FOOTER[language]) == (template in SENT_ONCE)
        assert template in SENT_ONCE or f" {KEYWORDS[language][0]}" in last
        assert rendered.subject == f"{MARK[language]}{' ' * (language == 'fr')}: {made.subject}"
        same_words(rendered)


def well_set(text: str) -> None:
    assert text.endswith("\n") and not text.startswith("\n") and "\n\n\n" not in text
    assert not re.search(r"[ \t]\n|  |\(\)| ,| \.(?!example)|,,|;;|\.\.|\( | \)|, ?\)", text), text


def same_words(rendered: Rendered) -> None:
    html = re.sub(r"<style.*?</style>|<title.*?</title>|<[^>]+>", " ", rendered.html, flags=re.S)
    words = re.sub(r"&#x27;", "'", html)
    assert re.sub(r"\W", "", words) == re.sub(r"\W", "", rendered.text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_tones_differ_where_the_language_has_two(language: str) -> None:
    for template in BUSINESS:
        informal, formal = (TEXTS.render(intent(template, language), toned(one)).text for one in Tone)
        assert (informal == formal) == (language in ONE_FORM), template


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_our_own_subjects_are_known_for_automatic(name: str) -> None:
    """Should one of ours come back to us without its header fields."""
    template, language, _ = name.split(".")
    for subject in ("La tienda no carga", "", "Re: Fwd: hasta el lunes", "el 3 del 4"):
        made = intent("neutral" if template == "base" else template, language, subject=subject)
        said = TEXTS.render(made, ANA).subject
        for written in (said, encode(said), f"Re: {said}"[4:]):
            message = parse(f"Subject: {written}\r\n\r\n".encode())
            assert out_of_office_subject(Look(message, "a@x.example", "b@y.example", POLICY)), written


@pytest.mark.parametrize(("template", "language"), list(product(TEMPLATES, LANGUAGES)))
def test_the_texts_are_in_their_language(template: str, language: str) -> None:
    body = TEXTS.render(intent(template, language, subject=""), ANA).text.replace("estudio.example", "")
    assert identify(body) == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_friend_is_told_the_address_at_home_and_nothing_of_the_business(language: str) -> None:
    made = intent("pointer", language, client=None, identity="home", from_address="ana@casa.example", opens=None)
    for tone in (*Tone, None):
        rendered = TEXTS.render(made, toned(tone))
        text = rendered.text
        assert text.count("ana@casa.example") == 1 and "estudio" not in text + rendered.html and "Souto" not in text
        assert "\nAna\n\n" in text and len(text.split()) < 40
        well_set(text.replace(" !", "!"))
        same_words(rendered)
        assert text.split("\n")[0].endswith("!") and text.count("!") == 1
        assert not {stop for stop, _ in KEYWORDS.values()} & set(text.split("\n"))


def test_the_opt_out_words_are_nobody_s_ordinary_first_line() -> None:
    stops = {stop for stop, _ in KEYWORDS.values()}
    starts = {start for _, start in KEYWORDS.values()}
    assert len(stops) == len(LANGUAGES) and not stops & starts
    assert not (stops | starts) & {"BAJA", "ALTA", "STOP"}
    assert all(one == one.upper() and one.strip() == one for one in stops | starts)


def test_the_freelancer_s_page_lists_languages_and_words() -> None:
    page = (Path(__file__).parents[2] / "templates" / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `\*\.(\w+)\.txt` \|.*\| ([A-Z ]+) \| ([A-Z ]+) \|$", page, re.M)
    assert {language: (stop, start) for language, stop, start in rows} == KEYWORDS


WHOLE = {
    "ca": """\
Hola, Laura:

El teu missatge ha arribat bé, però em troba fora del meu horari (de dilluns a divendres, de 16:00 a 23:30). Torno a atendre \
el correu dilluns 23 de novembre a les 16:00 i et responc a partir d'aquell moment.

També em pots escriure per Telegram (@anasouto), en aquest mateix horari.
Si vols afegir res, respon a aquest mateix correu i tot queda junt.

Salutacions,
Ana Souto
Estudio Souto · https://estudio.example

Missatge automàtic. Si prefereixes no rebre'ls, respon només amb SENSE AVISOS.
""",
    "gl": """\
Ola, Laura:

A túa mensaxe chegou ben, pero cadra fóra do meu horario (de luns a venres, de 16:00 a 23:30). Volvo atender o correo o luns \
23 de novembro ás 16:00 e respóndoche a partir dese momento.

Tamén podes escribirme por Telegram (@anasouto), nese mesmo horario.
Se queres engadir algo, responde a este mesmo correo e queda todo xunto.

Un saúdo,
Ana Souto
Estudio Souto · https://estudio.example

Mensaxe automática. Se prefires non recibilas, responde só con SEN AVISOS.
""",
    "eu": """\
Kaixo, Laura:

Zure mezua ondo iritsi da, baina nire ordutegitik kanpo (astelehenetik ostiralera, 16:00etatik 23:30era). Postara azaroaren \
23an, astelehena, 16:00etan itzuliko naiz, eta ordutik aurrera erantzungo dizut.

Telegram (@anasouto) bidez ere idatz diezadakezu, ordutegi berean.
Zerbait gehitu nahi baduzu, erantzun mezu honi berari, eta dena elkarrekin geratuko da.

Ondo izan,
Ana Souto
Estudio Souto · https://estudio.example

Mezu automatikoa. Horrelakorik jaso nahi ez baduzu, erantzun OHARRIK EZ soilik idatzita.
""",
    "pt": """\
Olá, Laura,

A mensagem chegou bem, mas fora do meu horário (de segunda a sexta-feira, das 16:00 às 23:30). Volto ao correio na \
segunda-feira, 23 de novembro, às 16:00, e respondo a partir desse momento.

Também é possível escrever-me por Telegram (@anasouto), no mesmo horário.
Para acrescentar alguma coisa, basta responder a este e-mail e fica tudo junto.

Cumprimentos,
Ana Souto
Estudio Souto · https://estudio.example

Mensagem automática. Para não receber mais nenhuma, basta responder apenas com SEM AVISOS.
""",
    "fr": """\
Bonjour Laura,

Votre message est bien arrivé, mais en dehors de mes horaires (du lundi au vendredi, de 16\u00a0h à 23\u00a0h\u00a030). \
Je reprends mes e-mails le lundi 23 novembre à 16\u00a0h et vous répondrai ensuite.

Vous pouvez aussi m'écrire sur Telegram (@anasouto), aux mêmes horaires.
Pour ajouter quelque chose, répondez simplement à ce message\u00a0: tout restera ensemble.

Bien cordialement,
Ana Souto
Estudio Souto · https://estudio.example

Message automatique. Si vous préférez ne pas en recevoir, répondez simplement SANS AVIS.
""",
    "de": """\
Guten Tag Laura,

Ihre Nachricht ist gut angekommen, allerdings außerhalb meiner Arbeitszeiten (Montag bis Freitag, 16:00 bis 23:30 Uhr). Um \
meine E-Mails kümmere ich mich wieder am Montag, dem 23. November, um 16:00 Uhr; ab dann antworte ich Ihnen.

Sie erreichen mich auch über Telegram (@anasouto), zu denselben Zeiten.
Wenn Sie etwas ergänzen möchten, antworten Sie einfach hierauf, so bleibt alles beisammen.

Viele Grüße
Ana Souto
Estudio Souto · https://estudio.example

Automatische Nachricht. Wenn Sie keine mehr erhalten möchten, antworten Sie nur mit KEINE HINWEISE.
""",
}


@pytest.mark.parametrize("language", sorted(WHOLE))
def test_laura_on_friday_night_in_her_language(language: str) -> None:
    assert TEXTS.render(intent(language=language), toned(None)).text == WHOLE[language]
