"""What `recado check` says an owner's file means."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from milter.delivery.office_words import told
from tests.settings.samples import OWNER, House

NOW = datetime(2026, 11, 22, 12, tzinfo=ZoneInfo("Europe/Madrid"))
HOURS = 'hours = "Mo-Fr 16:00-23:30"\n'


def said(folder: Path, text: str, now: datetime = NOW) -> list[str]:
    house = House(folder)
    house.owner(text)
    settings = house.settings()
    owner = settings.policy.owners[0]
    return list(told(owner, owner.identities[0], now))


def vacation(first: str, last: str) -> str:
    return f"{OWNER}{HOURS}[[vacation]]\nfrom = {first}\nto = {last}\n"


AWAY = [
    ("2026-12-24", "2027-01-06", "de vacaciones del 24 de diciembre al 6 de enero; vuelves el jueves 7 a las 16:00"),
    ("2026-12-07", "2026-12-11", "de vacaciones del 7 al 11 de diciembre; vuelves el lunes 14 a las 16:00"),
    ("2026-12-07", "2026-12-31", "de vacaciones del 7 al 31 de diciembre; vuelves el viernes 1 de enero a las 16:00"),
    ("2026-12-09", "2026-12-09", "de vacaciones el 9 de diciembre; vuelves el jueves 10 a las 16:00"),
    ("2027-12-01", "2027-12-03",
     "de vacaciones del 1 al 3 de diciembre de 2027; vuelves el lunes 6 a las 16:00"),
]  # fmt: skip


@pytest.mark.parametrize(("first", "last", "sentence"), AWAY)
def test_a_vacation(tmp_path: Path, first: str, last: str, sentence: str) -> None:
    assert sentence in said(tmp_path, vacation(first, last))


def test_a_morning_is_written_as_in_the_hours(tmp_path: Path) -> None:
    text = vacation("2026-12-07", "2026-12-11").replace("16:00", "09:00")
    half = text.replace("[[vacation]]", 'days_off = ["2026-12-03 09:00-11:00"]\n[[vacation]]')
    sentences = " ".join(said(tmp_path, half))
    assert "vuelves el lunes 14 a las 9:00" in sentences and "de 9:00 a 11:00" in sentences


def test_a_vacation_that_is_over_is_not_told(tmp_path: Path) -> None:
    assert not any("vacaciones" in one for one in said(tmp_path, vacation("2026-10-01", "2026-10-09")))


def test_the_whole_office(tmp_path: Path) -> None:
    text = OWNER + 'hours = "split"\nholidays = "ES-GA"\ncall_hours = "Tu 17:00-19:00"\n'
    assert said(tmp_path, text + 'days_off = [2026-12-09, "2026-12-24 14:00-24:00"]\n') == [
        "abres de lunes a viernes, de 9:00 a 14:00 y de 16:00 a 19:00; los festivos cierras",
        "llamadas: martes, de 17:00 a 19:00",
        "ahora está cerrado; abres el lunes 23 de noviembre a las 9:00",
        "próximos festivos: martes 8 de diciembre (la Inmaculada); viernes 25 de diciembre (Navidad); "
        "viernes 1 de enero (Año Nuevo); miércoles 6 de enero (Reyes); jueves 25 de marzo (Jueves Santo); …",
        "próximos días sueltos: miércoles 9 de diciembre",
        "cerrado además: jueves 24 de diciembre, de 16:00 a 19:00",
        "los festivos de 2027 son los de costumbre: si tu boletín oficial pone otros, añádelos en days_off",
    ]


@pytest.mark.parametrize(("region", "told"), [("ES-GA", True), ("ES-VC", False), ("PT", False)])
def test_holidays_that_nobody_has_published_are_called_usual(tmp_path: Path, region: str, told: bool) -> None:
    sentences = said(tmp_path, f'{OWNER}{HOURS}holidays = "{region}"\n')
    assert any("son los de costumbre" in one for one in sentences) is told


def test_what_plans_and_clients_have_of_their_own(tmp_path: Path) -> None:
    text = (
        f'{OWNER}{HOURS}focus = "Mo 17:00-18:00"\n'
        '[plan.gold]\nname = "Oro"\nhours = "Mo-Su 09:00-21:00"\nanswer_within = "4h"\n'
        '[plan.silver]\nname = "Plata"\nanswer_within = "90m"\n'
        '[plan.bronze]\nname = "Bronce"\n'
        '[client.acme]\nname = "ACME"\naddresses = ["@acme.example"]\nplan = "gold"\nhours = "morning"\n'
        '[client.bistro]\naddresses = ["@bistro.example"]\nplan = "gold"\n'
    )
    assert said(tmp_path, text)[1:-1] == [
        "sin interrupciones: lunes, de 17:00 a 18:00",
        "plan Oro: abres todos los días, de 9:00 a 21:00; prometes contestar en 4 h de trabajo",
        "plan Plata: prometes contestar en 1 h 30 min de trabajo",
        "cliente ACME: abres de lunes a viernes, de 9:00 a 14:00",
    ]


def test_in_english_for_whoever_is_not_spanish(tmp_path: Path) -> None:
    text = vacation("2026-12-24", "2027-01-06").replace('"es"', '"en"')
    assert said(tmp_path, text) == [
        "open Monday to Friday, 16:00 to 23:30",
        "closed now; you open on Monday 23 November at 16:00",
        "on vacation from 24 December to 6 January; you are back on Thursday 7 at 16:00",
    ]


def test_hours_that_are_no_week(tmp_path: Path) -> None:
    expression = "week 1-53/2 Mo-Fr 09:00-18:00"
    assert said(tmp_path, f'{OWNER}hours = "{expression}"\n')[0] == f"abres según «{expression}»"


def test_open_now_and_at_any_hour(tmp_path: Path) -> None:
    assert said(tmp_path, OWNER) == ["abierto a todas horas"]
    monday = datetime(2026, 11, 23, 17, tzinfo=ZoneInfo("Europe/Madrid"))
    assert "ahora está abierto, hasta el lunes 23 de noviembre a las 23:30" in said(tmp_path, OWNER + HOURS, monday)


SCREENED = '[folders]\nscreened = "Cribado"\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (SCREENED, "el primer correo de un desconocido va a «Cribado»; los siguientes, a la bandeja de entrada"),
        (
            f'{SCREENED}prospects = "Nuevos"\n',
            "el primer correo de un desconocido va a «Cribado»; los siguientes, a «Nuevos»",
        ),
    ],
)
def test_where_first_timers_go(tmp_path: Path, text: str, sentence: str) -> None:
    assert sentence in said(tmp_path, OWNER + text)


def test_without_a_folder_for_them_nothing_is_said(tmp_path: Path) -> None:
    assert not any("desconocido" in one for one in said(tmp_path, OWNER + '[folders]\nprospects = "Nuevos"\n'))


def test_first_timers_in_english(tmp_path: Path) -> None:
    [first, *_] = said(tmp_path, OWNER.replace('"es"', '"en"') + SCREENED)
    assert first == 'the first mail of somebody unknown goes to "Cribado", the next ones to the inbox'
