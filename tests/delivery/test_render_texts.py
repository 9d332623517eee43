"""What clients read: the texts whole, and what holds for every one of them."""

from dataclasses import replace
from datetime import datetime
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from milter.core.language import LANGUAGES
from milter.core.owner import Tone
from milter.core.reply_message import Rendered
from milter.delivery.render import RenderError

from .studio import ANA, CLIENTS, MADRID, STUDIO, TEXTS, intent, own, toned, with_studio


def body(rendered: Rendered) -> str:
    """Between greeting and farewell."""
    return "\n\n".join(rendered.text.strip().split("\n\n")[1:-2])


def test_laura_on_friday_night_reads_exactly_this() -> None:
    rendered = TEXTS.render(intent(), ANA)
    assert rendered.subject == "Respuesta automática: La tienda no carga"
    assert rendered.to_name == "Laura"
    assert rendered.text == (
        "Hola, Laura:\n"
        "\n"
        "Tu mensaje ha llegado bien, pero me pilla fuera de mi horario (de lunes a viernes, de 16:00 a 23:30). Vuelvo a atender"
        " el correo el lunes 23 de noviembre a las 16:00 y te respondo a partir de ese momento.\n"
        "\n"
        "También puedes escribirme por Telegram (@anasouto); lo atiendo en ese mismo horario.\n"
        "Si quieres añadir algo, responde a este mismo correo y queda todo junto.\n"
        "\n"
        "Un saludo,\n"
        "Ana Souto\n"
        "Estudio Souto · https://estudio.example\n"
        "\n"
        "Mensaje automático. Si prefieres no recibirlos, responde solo con SIN AVISOS.\n"
    )


BACK = "el lunes 23 de noviembre a las 16:00"
BACK_EN = "on Monday 23 November at 16:00"
TUESDAY = datetime(2026, 12, 8, 18, 0, tzinfo=MADRID)
ENTROIDO = datetime(2027, 2, 9, 18, 0, tzinfo=MADRID)
CHRISTMAS = datetime(2026, 12, 28, 18, 0, tzinfo=MADRID)


@pytest.mark.parametrize(
    ("template", "language", "tone", "changes", "expected"),
    [
        ("closed", "es", "formal", {"client": "plain"},
         f"Su mensaje ha llegado bien, pero me pilla fuera de mi horario (de lunes a viernes, de 16:00 a 23:30). Vuelvo a atender"
         f" el correo {BACK} y le respondo a partir de ese momento.\n\n"
         "Si quiere añadir algo, responda a este mismo correo y queda todo junto."),
        ("closed", "en", "informal", {},
         f"Your message has arrived safely, but outside my working hours (Monday to Friday, 16:00 to 23:30). I'm back at my mail"
         f" {BACK_EN} and will reply from then on.\n\n"
         "You can also reach me on Telegram (@anasouto), during the same hours.\n"
         "If you want to add anything, just reply to this message and it stays together."),
        ("holiday", "es", "informal", {"created": TUESDAY},
         "Tu mensaje ha llegado bien. El martes 8 de diciembre es festivo aquí (la Inmaculada) y tengo cerrado. Vuelvo a atender"
         " el correo el miércoles 9 de diciembre a las 16:00 y te respondo a partir de ese momento."),
        ("holiday", "es", "informal", {"created": ENTROIDO},
         "Tu mensaje ha llegado bien. El martes 9 de febrero tengo cerrado. Vuelvo a atender el correo el miércoles 10 de febrero"
         " a las 16:00 y te respondo a partir de ese momento."),
        ("holiday", "en", "informal", {"created": ENTROIDO},
         "Your message has arrived safely. I'm closed on Tuesday 9 February. I'm back at my mail on Wednesday 10 February at 16:00"
         " and will reply from then on."),
        ("vacation", "es", "formal", {"created": CHRISTMAS},
         "Su mensaje ha llegado bien. Estoy de vacaciones y vuelvo a atender el correo el jueves 7 de enero de 2027 a las 16:00."
         " Le responderé a partir de esa fecha; los primeros días puedo tardar algo más de lo normal."),
        ("prospect", "es", "formal", {"client": None},
         "Gracias por escribir. Su mensaje ha llegado bien y lo veré en mi horario de atención (de lunes a viernes, de 16:00 a"
         " 23:30).\n\nSi es para un proyecto, puede ir adelantándome tres cosas en respuesta a este correo:\n\n"
         "· qué quiere conseguir\n· qué tiene ya (web, tienda, dominio…)\n· para cuándo lo necesita\n\n"
         "Si es por otro motivo, no hace falta nada más."),
        ("wrong-address", "es", "informal", {"identity": "home"},
         "Tu mensaje ha llegado bien y ya está en mi correo de trabajo: no hace falta que lo reenvíes.\n\n"
         "Para las cosas del trabajo mejor esta dirección, ana@estudio.example; así lo tengo todo junto y no se me pasa nada. Si"
         " respondes a este mensaje, ya va a la buena.\n\n"
         f"Ahora estoy fuera de horario; vuelvo a atender el correo {BACK} y te respondo a partir de ese momento."),
        ("wrong-address", "es", "formal", {"created": datetime(2026, 11, 20, 18, 0, tzinfo=MADRID)},
         "Su mensaje ha llegado bien y ya está en mi correo de trabajo: no hace falta que lo reenvíe.\n\n"
         "Para las cosas del trabajo mejor esta dirección, ana@estudio.example; así lo tengo todo junto y no se me pasa nada. Si"
         " responde a este mensaje, ya va a la buena."),
        ("neutral", "es", "informal", {},
         "Tu mensaje ha llegado bien. Quiero verlo con calma, así que puede que tarde un poco en responderte."),
        ("neutral", "en", "informal", {"client": None},
         "Your message has arrived safely. My answer may take a little longer than usual."),
        ("call-request", "es", "formal", {},
         "Su mensaje ha llegado bien. Las llamadas y videollamadas las hago con cita (martes y jueves, de 17:00 a 19:00); así"
         " puedo dedicarle ese rato sin interrupciones.\n\nPuede elegir hora aquí: https://citas.estudio.example/ana\n\n"
         "Si me adelanta por escrito de qué se trata, la aprovecharemos mejor; a veces ni hace falta llamar.\n\n"
         f"Vuelvo a atender el correo {BACK}."),
    ],
    ids=lambda value: str(value)[:20] if isinstance(value, str) else "",
)  # fmt: skip
def test_bodies(template: str, language: str, tone: str, changes: dict[str, object], expected: str) -> None:
    assert body(TEXTS.render(intent(template, language, **changes), toned(Tone(tone)))) == expected


def test_a_client_reads_of_the_holiday_before_the_opening() -> None:
    monday_night = datetime(2026, 12, 7, 23, 45, tzinfo=MADRID)
    assert "(El martes 8 de diciembre es festivo aquí.)\n" in TEXTS.render(intent(created=monday_night), ANA).text
    assert (
        "(Tuesday 8 December is a public holiday here.)"
        in TEXTS.render(intent(language="en", created=monday_night), ANA).text
    )
    assert "festivo" not in TEXTS.render(intent(), ANA).text


def test_two_holidays_are_two() -> None:
    wednesday_night = datetime(2026, 4, 1, 23, 45, tzinfo=MADRID)
    text = TEXTS.render(intent(created=wednesday_night), ANA).text
    assert "(El jueves 2 de abril y el viernes 3 de abril son festivos aquí.)" in text


def test_the_holiday_text_is_of_its_day_alone() -> None:
    maundy_thursday = datetime(2026, 4, 2, 18, 0, tzinfo=MADRID)
    text = TEXTS.render(intent("holiday", created=maundy_thursday), ANA).text
    assert (
        "El jueves 2 de abril es festivo aquí (Jueves Santo) y tengo cerrado. Vuelvo a atender el correo el lunes 6"
        in text
    )


def test_a_text_that_would_be_too_long_spares_what_the_reader_needs_least() -> None:
    far = replace(ANA, clients={"gold": replace(CLIENTS["gold"], timezone=ZoneInfo("America/New_York"))})
    made = intent(client="gold", created=datetime(2026, 4, 1, 23, 45, tzinfo=MADRID))
    due = datetime(2026, 4, 8, 12, tzinfo=MADRID)
    for tone, language in product(Tone, ("es", "en")):
        rendered = TEXTS.render(replace(made, language=language), replace(far, tone=tone), notifier=True, due=due)
        assert len(rendered.text.split()) < 110
        assert "(hora de España)" in rendered.text or "(Spanish time)" in rendered.text
    slightly = TEXTS.render(made, far).text
    assert "festivos" not in slightly and "Telegram" in slightly and "de lunes a sábado" in slightly
    everything = TEXTS.render(made, far, notifier=True, due=due).text
    assert "Tendrás noticias mías antes del miércoles 8" in everything and "URGENTE" in everything
    assert "festivos aquí" in TEXTS.render(made, replace(ANA, clients=CLIENTS)).text


def test_an_owner_s_own_long_text_stays_whole() -> None:
    long = own(closed="Subject: x\n\n{{ hours }} {{ channels }}\n" + "palabra " * 200)
    assert long.render(intent(), ANA).text.startswith("de lunes a viernes, de 16:00 a 23:30 Telegram (@anasouto)\n")


def test_the_wrong_address_text_is_the_studio_s_whatever_the_identity_written_to() -> None:
    text = TEXTS.render(intent("wrong-address", identity="home"), ANA).text
    assert "Ana Souto\nEstudio Souto · https://estudio.example\n" in text


def test_a_broken_base_is_told_when_it_is_needed() -> None:
    texts = own(base="Subject: x\n\n{{ nmae }}")
    assert list(texts.problems) == ["base.es.txt"]
    with pytest.raises(RenderError, match="closed"):
        texts.render(intent(), ANA)


def test_what_a_plan_offers_is_told_only_if_it_works() -> None:
    promised = datetime(2026, 11, 24, 12, tzinfo=MADRID)
    silver = TEXTS.render(intent(), ANA, notifier=True, due=promised).text
    assert "Tendrás noticias mías antes del martes 24 de noviembre a las 12:00.\n" in silver
    assert "respóndeme con la palabra URGENTE" in silver
    assert "URGENTE" not in TEXTS.render(intent(), ANA).text
    assert "URGENTE" not in TEXTS.render(intent(client="bronze"), ANA, notifier=True).text
    assert "Telegram" not in TEXTS.render(intent(client="bronze"), ANA).text
    gold = TEXTS.render(intent(client="gold"), ANA).text
    assert "por Telegram (@anasouto) o Signal (ana.01); los atiendo en ese mismo horario." in gold
    assert "de lunes a sábado, de 10:00 a 23:30" in gold and "el sábado 21 de noviembre a las 10:00" in gold


def test_a_telephone_number_is_never_written() -> None:
    plan = replace(
        CLIENTS["acme"].plan,
        channels={"WhatsApp": "+34 600 12 34 56", "Enlace": "https://wa.me/34600123456", "Móvil 600 123 456": "@ana"},
    )
    owner = replace(ANA, clients={"acme": replace(CLIENTS["acme"], plan=plan)})
    text = TEXTS.render(intent(), owner).text
    assert "por WhatsApp o Enlace; los atiendo" in text and "600" not in text


def test_several_messages_are_counted() -> None:
    assert "Tus tres mensajes han llegado bien, pero me pillan fuera" in TEXTS.render(intent(), ANA, count=3).text
    assert "Sus dos mensajes" in TEXTS.render(intent(), toned(Tone.FORMAL), count=2).text
    assert "Your 14 messages have arrived safely," in TEXTS.render(intent(language="en"), ANA, count=14).text
    assert "Tu mensaje ha" in TEXTS.render(intent(), ANA, count=1).text


def test_hours_that_are_no_week_leave_no_bracket() -> None:
    seasonal = replace(STUDIO.schedule, expression="Apr-Sep Mo-Fr 10:00-14:00; Oct-Mar Mo-Fr 16:00-20:00")
    text = TEXTS.render(intent(), with_studio(schedule=seasonal)).text
    assert "fuera de mi horario. Vuelvo a atender" in text and "Apr" not in text


def test_without_a_booking_page_she_proposes() -> None:
    text = TEXTS.render(intent("call-request"), with_studio(booking="", call_schedule=None)).text
    assert "las hago con cita; así puedo" in text
    assert "Respóndeme con dos o tres huecos que te vengan bien y te confirmo uno." in text


AT_FIVE = datetime(2026, 11, 24, 17, 0, tzinfo=MADRID)
ANSWERED = [
    ("es", "A la hora de tu invitación no puedo.", "¿Te viene bien el martes 24 de noviembre a las 17:00?"),
    ("ca", "A l'hora de la teva invitació no puc.", "Et va bé dimarts 24 de novembre a les 17:00?"),
    ("gl", "Á hora da túa invitación non podo.", "Venche ben o martes 24 de novembro ás 17:00?"),
    ("eu", "Gonbidapenaren orduan ezin dut.", "Ondo etorriko litzaizuke azaroaren 24an, asteartea, 17:00etan?"),
    ("pt", "À hora do convite não posso.", "Pode ser na terça-feira, 24 de novembro, às 17:00?"),
    (
        "fr",
        "Je ne suis pas disponible à l'heure de ton invitation.",
        "Pourquoi pas le mardi 24 novembre à 17\u00a0h\u00a0?",
    ),
    ("de", "Zur Zeit deiner Einladung kann ich nicht.", "Passt es dir am Dienstag, dem 24. November, um 17:00 Uhr?"),
    ("en", "I can't make the time of your invitation.", "Would it suit you on Tuesday 24 November at 17:00?"),
]


@pytest.mark.parametrize(("language", "no", "question"), ANSWERED, ids=[one[0] for one in ANSWERED])
def test_the_answer_to_an_invitation_is_said_in_words_too(language: str, no: str, question: str) -> None:
    """Not every mail program reads an answer of a calendar, and few a COUNTER."""
    declined = intent("call-request", language, calendar="BEGIN:VCALENDAR")
    countered = replace(declined, offered=((AT_FIVE, AT_FIVE),))
    paragraphs = [TEXTS.render(one, ANA).text.split("\n\n")[2] for one in (declined, countered)]
    assert paragraphs == [no, f"{no} {question}"]
    assert no not in TEXTS.render(intent("call-request", language), ANA).text


SINCE = {
    "es": "martes y jueves, de 17:00 a 19:00, a partir del jueves 7 de enero",
    "en": "Tuesday and Thursday, 17:00 to 19:00, from Thursday 7 January",
    "ca": "dimarts i dijous, de 17:00 a 19:00, a partir de dijous 7 de gener",
    "gl": "martes e xoves, de 17:00 a 19:00, a partir do xoves 7 de xaneiro",
    "eu": "astearteetan eta ostegunetan, 17:00etatik 19:00etara, urtarrilaren 7tik aurrera",
    "pt": "terça-feira e quinta-feira, das 17:00 às 19:00, a partir de quinta-feira, 7 de janeiro",
    "fr": "mardi et jeudi, de 17\u00a0h à 19\u00a0h, à partir du jeudi 7 janvier",
    "de": "Dienstag und Donnerstag, 17:00 bis 19:00 Uhr, ab Donnerstag, dem 7. Januar",
}
IN_THE_VACATION = datetime(2026, 12, 26, 10, tzinfo=MADRID)


@pytest.mark.parametrize("tone", Tone)
@pytest.mark.parametrize("language", LANGUAGES)
def test_who_asks_for_a_call_in_the_vacation_reads_since_when_there_are_any(language: str, tone: Tone) -> None:
    away = intent("call-request", language, created=IN_THE_VACATION)
    assert f"({SINCE[language]})" in TEXTS.render(away, toned(tone)).text


CALL_DAYS = {  # when the message is written; what follows the usual hours
    datetime(2026, 11, 20, 23, 45, tzinfo=MADRID): "",
    datetime(2026, 12, 7, 23, 45, tzinfo=MADRID): ", a partir del jueves 10 de diciembre",  # Tuesday is a holiday
    datetime(2026, 12, 9, 10, tzinfo=MADRID): "",
    datetime(2026, 12, 22, 12, tzinfo=MADRID): "",  # the calls of this evening are taken still
    datetime(2026, 12, 22, 23, 45, tzinfo=MADRID): ", a partir del jueves 7 de enero",
    datetime(2027, 2, 9, 17, 30, tzinfo=MADRID): ", a partir del jueves 11 de febrero",  # a day off, in its call hours
}


@pytest.mark.parametrize("at", CALL_DAYS)
def test_the_next_call_hours_are_true(at: datetime) -> None:
    text = TEXTS.render(intent("call-request", created=at), ANA).text
    assert f"(martes y jueves, de 17:00 a 19:00{CALL_DAYS[at]})" in text


def test_who_is_away_by_her_own_word_takes_no_calls_either() -> None:
    """Away until Thursday, which no schedule knows: the opening does."""
    thursday = datetime(2026, 11, 26, 16, tzinfo=MADRID)
    text = TEXTS.render(intent("call-request", opens=thursday), ANA).text
    assert "(martes y jueves, de 17:00 a 19:00, a partir del jueves 26 de noviembre)" in text
    closed_early = intent("call-request", created=datetime(2026, 11, 24, 16, 30, tzinfo=MADRID))
    text = TEXTS.render(replace(closed_early, opens=datetime(2026, 11, 25, 16, tzinfo=MADRID)), ANA).text
    assert "(martes y jueves, de 17:00 a 19:00, a partir del jueves 26 de noviembre)" in text


def test_since_when_is_said_of_all_days() -> None:
    owner = with_studio(call_schedule=replace(STUDIO.call_schedule, expression="Tu 17:00-19:00; Th 18:00-19:00"))
    text = TEXTS.render(intent("call-request", created=IN_THE_VACATION), owner).text
    assert "(martes, de 17:00 a 19:00; jueves, de 18:00 a 19:00; a partir del jueves 7 de enero)" in text


def test_calls_of_this_evening_are_taken_when_the_mail_has_ended() -> None:
    """Her mail ends at two on Tuesdays, her calls begin at five."""
    owner = with_studio(schedule=replace(STUDIO.schedule, expression="Mo-Fr 09:00-14:00; PH off"))
    at = datetime(2026, 11, 24, 15, tzinfo=MADRID)
    text = TEXTS.render(intent("call-request", created=at, opens=datetime(2026, 11, 25, 9, tzinfo=MADRID)), owner).text
    assert "(martes y jueves, de 17:00 a 19:00)" in text


def test_strangers_read_no_dates_of_the_call_hours() -> None:
    texts = own(prospect="Subject: Hola\n\nLlamadas: {{ call_hours }}.\n")
    assert "martes y jueves" in texts.render(intent("prospect", client=None), ANA).text
    assert "Llamadas: ." in texts.render(intent("prospect", client=None, created=IN_THE_VACATION), ANA).text


def test_an_owner_without_a_brand_signs_with_the_name_alone() -> None:
    assert "Un saludo,\nAna Souto\n\nMensaje" in TEXTS.render(intent(), with_studio(brand=type(STUDIO.brand)())).text
    assert (
        "Ana Souto\nEstudio Souto\n\n"
        in TEXTS.render(intent(), with_studio(brand=replace(STUDIO.brand, website=""))).text
    )


def test_the_name_is_the_one_given_to_that_address() -> None:
    assert TEXTS.render(intent(correspondent="LAURA@acme.example"), ANA).text.startswith("Hola, Laura:")
    assert TEXTS.render(intent(correspondent="laura+web@acme.example"), ANA).text.startswith("Hola, Laura:")
    assert TEXTS.render(intent(correspondent="jefe@acme.example"), ANA).text.startswith("Hola:\n")
    assert TEXTS.render(intent("prospect", client=None, correspondent="laura@acme.example"), ANA).text.startswith(
        "Hola:\n"
    )
    assert TEXTS.render(intent(language="en"), ANA).text.startswith("Hi Laura,\n")


def test_the_narrowest_tone_wins_and_unset_is_the_language_s_custom() -> None:
    formal = replace(CLIENTS["acme"], tone=Tone.FORMAL)
    assert "Su mensaje" in TEXTS.render(intent(), replace(ANA, clients={"acme": formal})).text
    studio = with_studio(tone=Tone.FORMAL)
    assert "Su mensaje" in TEXTS.render(intent(), studio).text
    informal = replace(formal, tone=Tone.INFORMAL)
    assert "Tu mensaje" in TEXTS.render(intent(), replace(studio, clients={"acme": informal})).text
    said = {one: TEXTS.render(intent(language=one), toned(None)).text.split("\n")[2].split()[0] for one in LANGUAGES}
    assert said == {
        "es": "Tu", "ca": "El", "gl": "A", "eu": "Zure", "pt": "A", "fr": "Votre", "de": "Ihre", "en": "Your",
    }  # fmt: skip
    assert "El teu missatge" in TEXTS.render(intent(language="ca"), toned(None)).text
    assert "A túa mensaxe" in TEXTS.render(intent(language="gl"), toned(None)).text


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("La tienda no carga", "Respuesta automática: La tienda no carga"),
        ("", "Respuesta automática"),
        ("   ", "Respuesta automática"),
        ("Re: RV: Fwd: Logo", "Respuesta automática: Logo"),
        ("RE: Re[2]: Logo", "Respuesta automática: Logo"),
        ("Re:", "Respuesta automática"),
        ("Reunión: el lunes", "Respuesta automática: Reunión: el lunes"),
        ("a\r\nBcc: x@evil.example", "Respuesta automática: a Bcc: x@evil.example"),
        ("{{ owner_name }} {% if x %}", "Respuesta automática: {{ owner_name }} {% if x %}"),
        ("hora: ", "Respuesta automática: hora"),
        ("a\x1fb\x00c\u2028d", "Respuesta automática: a b c d"),
    ],
)
def test_subjects(subject: str, expected: str) -> None:
    assert TEXTS.render(intent(subject=subject), ANA).subject == expected


def test_no_opening_no_text() -> None:
    for template in ("closed", "holiday", "vacation"):
        with pytest.raises(RenderError, match="without an opening"):
            TEXTS.render(intent(template, opens=None), ANA)
    assert TEXTS.render(intent("neutral", opens=None), ANA).text
    with pytest.raises(RenderError, match="no text closed in it"):
        TEXTS.render(intent(language="it"), ANA)


def test_an_owner_overrides_one_block() -> None:
    texts = own(closed='{% extends "base.es.txt" %}\n{% block body %}\nCerrado. Vuelvo {{ opens }}.\n{% endblock %}\n')
    text = texts.render(intent(), ANA).text
    assert text.startswith(f"Hola, Laura:\n\nCerrado. Vuelvo {BACK}.\n\nUn saludo,")
    assert texts.render(intent(), ANA).subject.startswith("Respuesta automática: ")


def test_an_owner_overrides_a_whole_file_or_the_base() -> None:
    alone = own(
        closed="Subject: Fuera: {{ subject }}\n\nHola.\n{% if urgent %}no{% endif %}\n\n\n\nVuelvo {{ opens }}.\n"
    )
    rendered = alone.render(intent(), ANA)
    assert (rendered.subject, rendered.text) == ("Fuera: La tienda no carga", f"Hola.\n\nVuelvo {BACK}.\n")
    base = own(base="{% block greeting %}Ola{% endblock %}\n\n{% block body %}{% endblock %}\n")
    assert base.render(intent("neutral"), ANA).text.startswith("Ola\n\nTu mensaje")


def test_super_keeps_what_the_base_says() -> None:
    source = '{% extends "base.es.txt" %}\n{% block farewell %}\nHasta pronto.\n\n{{ super() }}\n{% endblock %}'
    assert "Hasta pronto.\n\nUn saludo,\nAna Souto\n" in own(neutral=source).render(intent("neutral"), ANA).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_hours_that_contradict_the_text_are_left_out(language: str) -> None:
    """Wednesday at five, on an afternoon off: "outside my hours (Monday to Friday, 16:00 to 23:30)" would be a lie."""
    five, eleven = (datetime(2026, 11, 18, hour, tzinfo=MADRID) for hour in (17, 11))
    thursday = datetime(2026, 11, 19, 16, tzinfo=MADRID)
    off, morning = (
        TEXTS.render(intent(language=language, created=one, opens=thursday), ANA).text for one in (five, eleven)
    )
    assert "23" not in off and "23" in morning
    stranger = intent("prospect", language, client=None, created=five, opens=thursday)
    assert "23" in TEXTS.render(stranger, ANA).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_long_hours_for_calls_are_the_last_to_be_left_out(language: str) -> None:
    expression = "Mo,We 09:00-10:00,12:00-13:00; Tu 17:00-19:00; Th,Fr 08:00-09:00,19:00-20:00; PH off"
    owner = with_studio(call_schedule=replace(STUDIO.call_schedule, expression=expression), booking="")
    asked = intent("call-request", language, client="york", created=IN_THE_VACATION, calendar="BEGIN:VCALENDAR")
    told = TEXTS.render(replace(asked, offered=((AT_FIVE, AT_FIVE),)), replace(owner, tone=Tone.FORMAL)).text
    assert len(told.split()) < 110 and "17" in told
