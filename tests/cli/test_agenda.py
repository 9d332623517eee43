"""`recado agenda`: the picture a person reads, the one a browser shows, and what a client would get."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.office import Office

WIDTH = 80


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def drawn(office: Office, *arguments: str) -> list[str]:
    result = office.run("agenda", *arguments)
    assert result.exit_code == 0, result.output
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert max(map(len, lines)) <= WIDTH
    return lines


def cells(*runs: tuple[str, int]) -> str:
    return "".join(character * hours * 2 for character, hours in runs)


NIGHT = "·" * 32  # until 16:00
AWAY = "~" * 48


def test_two_weeks_over_christmas(office: Office) -> None:
    assert drawn(office, "--from", "2026-12-21") == [
        "ana/studio, Europe/Madrid, 2026-12-21 – 2027-01-03",
        "         0     3     6     9     12    15    18    21",
        f"lu 21/12 {NIGHT}{'█' * 15}·",
        f"ma 22/12 {NIGHT}██◆◆◆◆{'█' * 9}·",
        f"mi 23/12 {NIGHT}{'█' * 15}·",
        f"ju 24/12 {AWAY} vacaciones",
        f"vi 25/12 {AWAY} Navidad, vacaciones",
        f"sá 26/12 {AWAY} vacaciones",
        f"do 27/12 {AWAY} vacaciones",
        "",
        *(f"{day} {AWAY} vacaciones" for day in ("lu 28/12", "ma 29/12", "mi 30/12", "ju 31/12")),
        f"vi 01/01 {AWAY} Año Nuevo, vacaciones",
        *(f"{day} {AWAY} vacaciones" for day in ("sá 02/01", "do 03/01")),
        "",
        "█ abierto   ◆ abierto, llamadas   · cerrado   ~ vacaciones",
    ]


def test_a_holiday_a_day_off_a_half_day_and_english(office: Office) -> None:
    office.change('"es"', '"en"', "owners/ana.toml")
    office.change("[2027-02-09]", '[2026-12-09, "2026-12-10 18:00-20:00"]', "owners/ana.toml")
    lines = drawn(office, "--from", "2026-12-07", "--weeks", "1")
    assert lines[3:6] == [
        f"Tu 08/12 {'×' * 48} the Immaculate Concep…",
        f"We 09/12 {'-' * 48} day off",
        f"Th 10/12 {NIGHT}██◆◆////{'█' * 7}·",
    ]


CLOCKS = [
    ("2026-03-23", "do 29/03", "····" + "  " + "·" * 42 + " cambio de hora: 23 h"),
    ("2026-10-19", "do 25/10", "·" * 48 + " cambio de hora: 25 h"),
]


@pytest.mark.parametrize(("first", "day", "line"), CLOCKS)
def test_the_change_of_clocks(office: Office, first: str, day: str, line: str) -> None:
    assert f"{day} {line}" in drawn(office, "--from", first, "--weeks", "1")


def test_by_the_hours_of_a_client(office: Office) -> None:
    office.change('plan      = "silver"', 'plan      = "silver"\nhours     = "morning"', "owners/ana.toml")
    lines = drawn(office, "--from", "2026-11-23", "--weeks", "1", "--client", "acme")
    assert lines[0].startswith("ana/studio (ACME Veterinaria), ")
    assert lines[2] == f"lu 23/11 {cells(('·', 9), ('█', 5), ('·', 10))}"


def test_for_scripts(office: Office) -> None:
    said = json.loads(office.run("agenda", "--json", "--from", "2026-12-22", "--weeks", "1").stdout)
    assert (said["owner"], said["identity"], said["client"], said["zone"]) == ("ana", "studio", None, "Europe/Madrid")
    assert said["days"][0] == {
        "day": "2026-12-22",
        "closed": None,
        "holiday": "",
        "hours": 24.0,
        "open": [["2026-12-22T16:00:00+01:00", "2026-12-22T23:30:00+01:00"]],
        "calls": [["2026-12-22T17:00:00+01:00", "2026-12-22T19:00:00+01:00"]],
        "focus": [],
    }
    assert [(one["closed"], one["holiday"]) for one in said["days"][2:4]] == [
        ("vacation", ""),
        ("vacation", "Natividad del Señor"),
    ]


def test_the_picture_for_a_browser(office: Office) -> None:
    office.change("ACME Veterinaria", "A<b>&Co", "owners/ana.toml")
    file = office.folder / "agenda.svg"
    office.run("agenda", "--from", "2026-12-21", "--svg", str(file), "--client", "acme")
    root = ElementTree.parse(file).getroot()
    texts = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "ana/studio (A<b>&Co), Europe/Madrid, 2026-12-21 – 2027-01-03" in texts
    assert "Navidad, vacaciones" in texts
    titles = [one.text for one in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles[:3] == ["cerrado, 00:00-16:00", "abierto, 16:00-23:30", "cerrado, 23:30-24:00"]


def test_a_picture_that_cannot_be_written(office: Office) -> None:
    found = office.run("agenda", "--svg", str(office.folder / "none" / "a.svg"))
    assert found.exit_code == 1 and "give a file that can be written" in found.output


# at, client -> what the second line says
GETS = [
    ("2026-12-24T18:00", "acme", "ACME Veterinaria gets: vacation (es); see recado preview vacation --client"),
    ("2026-12-08T12:00", "bistro", "Le Bistro gets: holiday (fr); "),
    ("2026-11-20T23:45", "acme", "ACME Veterinaria gets: closed (es); "),
    ("2026-11-20T23:45", "", "somebody unknown gets: prospect (es); "),
    ("2026-12-24T18:00", "", "somebody unknown gets: neutral (es); "),
    ("2026-11-20T17:00", "acme", "ACME Veterinaria gets no reply: it is open"),
]


@pytest.mark.parametrize(("at", "client", "answer"), GETS)
def test_what_a_client_would_get(office: Office, at: str, client: str, answer: str) -> None:
    office.change('"shadow"', '"live"')
    _, second = drawn_wide(office, "--at", at, "--client", client)
    assert second.startswith(answer)


def drawn_wide(office: Office, *arguments: str) -> list[str]:
    result = office.run("agenda", *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def test_what_a_client_would_get_for_scripts_and_when_replies_are_off(office: Office) -> None:
    arguments = ("--at", "2026-12-24T18:00", "--client", "acme")
    said = json.loads(office.run("agenda", "--json", *arguments).stdout)
    assert (said["template"], said["language"], said["opens"]) == ("vacation", "es", "2027-01-07T16:00:00+01:00")
    office.change('mode   = "live"', 'mode   = "off"', "owners/ana.toml")
    assert drawn_wide(office, *arguments)[1] == "ACME Veterinaria gets no reply: replies are off"


def test_a_client_says_whose_agenda_it_is(office: Office) -> None:
    ana = (office.folder / "owners/ana.toml").read_text()
    office.write(
        "owners/zoe.toml", ana.replace("ana@", "zoe@").replace("hola@", "hi@").replace("client.acme", "client.zed")
    )
    lines = drawn(office, "--client", "zed", "--from", "2026-12-21")
    assert [one.split(",")[0] for one in lines if "Europe/Madrid" in one] == ["zoe/studio (ACME Veterinaria)"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--from", "tomorrow"), "'tomorrow' is no day; write for example 2026-12-21"),
        (("--client", "nobody"), "'nobody' is no client of ana; there are: acme, bistro"),
        (("--identity", "nowhere"), "'nowhere' is no identity; there are: ana/studio, ana/home"),
        (("--weeks", "0"), "0 is not in the range"),
    ],
)
def test_what_it_cannot_draw(office: Office, arguments: tuple[str, ...], says: str) -> None:
    found = office.run("agenda", *arguments)
    assert found.exit_code == 2 and says in " ".join(found.output.split())
