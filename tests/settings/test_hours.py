"""Opening hours as people write them: the caret, and the right spelling, which must itself be understood."""

import pytest

from milter.settings.hours_check import check
from tests.settings.samples import OWNER, House

SPELLINGS = {
    "Lu-Vi 16-20": "Mo-Fr 16:00-20:00",
    "Lu-Vi 16:00-20:00": "Mo-Fr 16:00-20:00",
    "Mo-Fr 16.00-20.00": "Mo-Fr 16:00-20:00",
    "Lu-Vi 16.00-20.00; PH off": "Mo-Fr 16:00-20:00; PH off",
    "L-V 16-20": "Mo-Fr 16:00-20:00",
    "L-J 9-14, V 9-13": "Mo-Th 09:00-14:00, Fr 09:00-13:00",
    "X 10-14": "We 10:00-14:00",
    "lunes-viernes 16-20": "Mo-Fr 16:00-20:00",
    "lunes a viernes de 16 a 20": "Mo-Fr 16:00-20:00",
    "De lunes a viernes, de 9:00 a 14:00 y de 16:00 a 19:00": "Mo-Fr 09:00-14:00,16:00-19:00",
    "martes y jueves 17-19": "Tu,Th 17:00-19:00",
    "Miércoles 10-14; festivos cerrado": "We 10:00-14:00; PH off",
    "Sá 10-14": "Sa 10:00-14:00",
    "todos los días 10-20": "Mo-Su 10:00-20:00",
    "Mon-Fri 4pm-8pm": "Mo-Fr 16:00-20:00",
    "Mon-Fri 4-8pm": "Mo-Fr 16:00-20:00",
    "Mon-Fri 9am-5:30pm": "Mo-Fr 09:00-17:30",
    "Monday to Friday 9-5": "Mo-Fr 09:00-17:00",
    "Mo-Fr 12am-12pm": "Mo-Fr 00:00-12:00",
    "mo-fr 16:00-20:00": "Mo-Fr 16:00-20:00",
    "MO-FR 16-20": "Mo-Fr 16:00-20:00",
    "Mo-Fr 16-20": "Mo-Fr 16:00-20:00",
    "Mo-Fr 16h-20h": "Mo-Fr 16:00-20:00",
    "Mo-Fr 9h30-14h": "Mo-Fr 09:30-14:00",
    "Mo-Fr 1600-2000": "Mo-Fr 16:00-20:00",
    "Mo-Fr 16:00–20:00": "Mo-Fr 16:00-20:00",
    "Mo - Fr 16:00-20:00": "Mo-Fr 16:00-20:00",
    "Mo-Fr 16:00-20:00;": "Mo-Fr 16:00-20:00",
    "Mo-Fr 16:00-20:00 PH off": "Mo-Fr 16:00-20:00; PH off",
    "Mo-Fr 16:00-20:00 Sa 10-14": "Mo-Fr 16:00-20:00; Sa 10:00-14:00",
    "16-20 Lu-Vi": "Mo-Fr 16:00-20:00",
    "Mo-Fr 22-2": "Mo-Fr 22:00-02:00",
    "jun-sep Mo-Fr 8-15": "Jun-Sep Mo-Fr 08:00-15:00",
    "Lunes a Viernes: 16:00 a 20:00": "Mo-Fr 16:00-20:00",
    "lunes a viernes de 16:00 a 20:00 horas, excepto festivos": "Mo-Fr 16:00-20:00; PH off",
    "L-V 9-14 (menos los festivos)": "Mo-Fr 09:00-14:00; PH off",
    "Lun-Vie 16:00/20:00": "Mo-Fr 16:00-20:00",
    "L/X/V 9:00-14:00/16:00-19:00": "Mo,We,Fr 09:00-14:00,16:00-19:00",
    "LMXJV 16-20": "Mo-Fr 16:00-20:00",
    "LXV 16-20": "Mo,We,Fr 16:00-20:00",
    "L-V de 4 a 8 de la tarde": "Mo-Fr 16:00-20:00",
    "L-V de 9 de la mañana a 2 de la tarde": "Mo-Fr 09:00-14:00",
    "Lu-Vi 9-18; dic 24-26 off": "Mo-Fr 09:00-18:00; Dec 24-26 off",
    "L-V 9-14; del 1 al 31 de agosto cerrado": "Mo-Fr 09:00-14:00; Aug 01-31 off",
    "L-V 9-14; 24 dic cerrado": "Mo-Fr 09:00-14:00; Dec 24 off",
    "julio y agosto L-V 8-15": "Jul,Aug Mo-Fr 08:00-15:00",
    "L-V 9-14 mar 16-19": "Mo-Fr 09:00-14:00; Tu 16:00-19:00",
    "L-V de 16:00 a 20:00 cerrado festivos": "Mo-Fr 16:00-20:00; PH off",
    "L-V 9-14 cerrado sábado y domingo": "Mo-Fr 09:00-14:00; Sa,Su off",
    "lunes cerrado, martes a viernes 9-14": "Mo off, Tu-Fr 09:00-14:00",
    "todos los lunes de 9 a 10": "Mo 09:00-10:00",
    "L-V 10-2 y 4-8": "Mo-Fr 10:00-14:00,16:00-20:00",
    "entre semana de 9 a 18, fines de semana de 10 a 14": "Mo-Fr 09:00-18:00, Sa-Su 10:00-14:00",
    "24 horas": "24/7",
    "Abierto de lunes a viernes de 9 a mediodía": "Mo-Fr 09:00-12:00",
}
OTHER_LANGUAGES = {
    ("de", "Mo-Do 9-17 Uhr"): "Mo-Th 09:00-17:00",
    ("de", "Di,Mi 9-12"): "Tu,We 09:00-12:00",
    ("es", "Lu-Do 9-17"): "Mo-Su 09:00-17:00",
    ("fr", "lu-ve 9h-12h30"): "Mo-Fr 09:00-12:30",
    ("ca", "dl-dv 9-14"): "Mo-Fr 09:00-14:00",
    ("pt", "segunda-feira a sexta-feira 9-18"): "Mo-Fr 09:00-18:00",
    ("gl", "luns a venres 9-14"): "Mo-Fr 09:00-14:00",
    ("gl", "luns a venres das 9 ás 14"): "Mo-Fr 09:00-14:00",
    ("pt", "segunda a sexta das 9 às 13 e das 14 às 18"): "Mo-Fr 09:00-13:00,14:00-18:00",
    ("fr", "tous les jours 9h-18h sauf jours fériés"): "Mo-Su 09:00-18:00; PH off",
    ("fr", "lundi-vendredi 9h-18h; fermé le mercredi"): "Mo-Fr 09:00-18:00; We off",
    ("de", "Di u. Do 17-19 Uhr; feiertags geschlossen"): "Tu,Th 17:00-19:00; PH off",
    ("en", "M-F 9-5 except public holidays"): "Mo-Fr 09:00-17:00; PH off",
    ("en", "Mon-Fri 9-17 closed weekends"): "Mo-Fr 09:00-17:00; Sa-Su off",
    ("en", "Mon-Fri 9-17; 25 December closed"): "Mo-Fr 09:00-17:00; Dec 25 off",
    ("eu", "al-or 9-14"): "Mo-Fr 09:00-14:00",
}


@pytest.mark.parametrize("written, right", SPELLINGS.items(), ids=SPELLINGS)
def test_the_right_spelling(written: str, right: str) -> None:
    found = check(written, "ES", "es")
    assert found is not None and found.instead == f'write "{right}"'
    assert check(right, "ES", "es") is None, "what we tell people to write is understood"


@pytest.mark.parametrize("language, written", OTHER_LANGUAGES, ids=str)
def test_the_owners_language_decides(language: str, written: str) -> None:
    found = check(written, "ES", language)
    assert found is not None and found.instead == f'write "{OTHER_LANGUAGES[language, written]}"'


CARETS = {
    "Mo-Fr 16.00-20.00": "Mo-Fr ^16.00-20.00",
    "Lu-Vi 16-20": "^Lu-Vi 16-20",
    "Mo-Fr 16:00-20:00 PH off": "Mo-Fr 16:00-20:00 ^PH off",
    "Mo-Fr 16:00-20:00;": "Mo-Fr 16:00-20:00;^",
}


@pytest.mark.parametrize("written, shown", CARETS.items(), ids=CARETS)
def test_the_caret_stands_where_the_parser_gave_up(written: str, shown: str) -> None:
    found = check(written, "ES", "es")
    assert found is not None and found.what == f'not understood at the caret: "{shown}"'


LOST = {
    "lunes a viernes": 'write days and times as in "Mo-Fr 16:00-20:00; PH off"',
    "Mo-Fr außer Feiertage 9-17": 'write days and times as in "Mo-Fr 16:00-20:00; PH off"',
    "banana": 'write days and times as in "Mo-Fr 16:00-20:00; PH off"',
    "Mo-Fr": None,
    "16.00": 'write times with a colon and an end, "16:00", as in "Mo-Fr 16:00-20:00; PH off"',
    "Mo-Fr 26:00-30:00": 'write days and times as in "Mo-Fr 16:00-20:00; PH off"',
    "": 'write "Mo-Fr 09:00-18:00", or remove the line',
}


@pytest.mark.parametrize("written, instead", LOST.items(), ids=LOST)
def test_what_cannot_be_guessed(written: str, instead: str | None) -> None:
    found = check(written, "ES", "es")
    assert (found.instead if found else None) == instead


@pytest.mark.parametrize(
    "written", ["24/7 off", "off", "SH off", "SH 10:00-12:00", "Mo-Fr off", "2020 Mo-Fr 10:00-12:00", "Mo-Fr unknown"]
)
def test_never_open(written: str) -> None:
    found = check(written, "ES", "es")
    assert found is not None and found.what == f'"{written}" never opens'


def test_a_public_holiday_rule_opens_only_where_there_are_holidays() -> None:
    assert check("PH 10:00-12:00", "", "es") is not None
    assert check("PH 10:00-12:00", "ES", "es") is None


@pytest.mark.parametrize("day", ["Feb 30", "Feb 31", "Apr 31", "Nov 31"])
def test_a_day_of_no_year(day: str) -> None:
    for written in (f"{day} off", f"Mo-Fr 10:00-12:00; {day} off"):
        found = check(written, "ES", "es")
        assert found is not None and found.what == f'"{day}" is no day of any year'


@pytest.mark.parametrize(
    "good",
    [
        "24/7",
        "Mo-Fr 16:00-23:30; PH off",
        "Tu,Th 17:00-19:00; PH off",
        "Mo-Su 22:00-04:00; PH off",
        "Mo-Fr 09:00-14:00,16:00-19:00",
        "Jun-Sep Mo-Fr 08:00-15:00; Oct-May Mo-Fr 09:00-18:00",
        "2028 Feb 29 10:00-12:00",
        "Mo-Fr 9:00-14:00",
        "week 01-53/2 Mo 10:00-12:00",
        "Mo[1] 10:00-12:00",
    ],
)
def test_what_is_well_is_left_alone(good: str) -> None:
    assert check(good, "ES", "es") is None


PLACES = {
    "identity": ('hours = "Lu-Vi 16-20"', "7: identity.studio.hours"),
    "calls": ('call_hours = "Lu-Vi 16-20"', "7: identity.studio.call_hours"),
    "plan": ('[plan.gold]\nhours = "Lu-Vi 16-20"', "8: plan.gold.hours"),
}


@pytest.mark.parametrize("text, place", PLACES.values(), ids=PLACES)
def test_hours_are_judged_wherever_they_stand(house: House, text: str, place: str) -> None:
    house.owner(f"{OWNER}{text}\n")
    assert house.lines() == [
        f'owners/ana.toml:{place}: not understood at the caret: "^Lu-Vi 16-20"; write "Mo-Fr 16:00-20:00"'
    ]


def test_a_plans_hours_are_judged_without_a_business_identity(house: House) -> None:
    house.owner(OWNER.replace("business", "personal") + '[plan.gold]\nhours = "Lu-Vi 16-20"\n')
    assert len(house.lines()) == 1
