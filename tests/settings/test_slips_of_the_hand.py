"""What is written by somebody who knows no TOML, and the advice: right at the first try, and in Spanish too."""

import pytest

from milter.delivery.problem_words import translated
from tests.settings.samples import HOST, OWNER, House

CLIENT = "[client.flores]\naddresses = "
# written into the owner's file -> what to write instead
WRITTEN = {
    # not TOML
    'tone = "informal",': "remove the comma at the end of the line",
    'booking = "", # none': "remove the comma at the end of the line",
    '[identity.studio.brand]\nname = "Ana "La Web" Souto"': "put single quotes around it: name = 'Ana \"La Web\" Souto'",
    "hours = 16:00-20:00  # every day": 'put texts between double quotes: hours = "16:00-20:00"',
    "[replies]\nrepeat = 7d": 'put texts between double quotes: repeat = "7d"',
    "[replies]\ndelay = 4m-12m": 'put texts between double quotes: delay = "4m-12m"',
    "[replies]\nhourly_limit = 60 mails": "write a whole number, without quotes",
    "[identity.studio.brand]\ncolor = #1f5f5b": 'put texts between double quotes: color = "#1f5f5b"',
    "[[vacation]]\nfrom = 2026-12-24 and later": "write one key = value a line, and # before a remark",
    "[replies]\ncopies = True": "write true, without quotes",
    '[plan.x]\nchannels = { Señal = "@ana" }': 'write "Señal" between double quotes',
    '[identity.studio.brand]\nlogo = "C:\\Users\\ana.png"': "write / for each \\",
    '[folders]\nclients = "Clientes\\{name}"': "write / for each \\",
    'hours\u00a0= "Mo-Fr 09:00-14:00"': "write plain spaces: one here is of another kind, from a web page or Word",
    f"{CLIENT}[“marta@flores.example”]": 'write straight quotes, such as "ana@estudio.example"',
    # places and languages
    'holidays = "ES GA"': 'write "ES-GA"',
    'holidays = "Euskadi"': 'write "ES-PV"',
    'holidays = "Alemania"': 'write "ES", or a region such as "ES-GA"',
    'holidays = "EN"': 'write "ES", or a region such as "ES-GA"',
    f'{CLIENT}["a@b.example"]\nlanguage = "castellano"': 'write "es"',
    f'{CLIENT}["a@b.example"]\nlanguage = "inglés"': 'write "en"',
    f'{CLIENT}["a@b.example"]\nlanguage = "it"': 'write one of "ca", "de", "en", "es", "eu", "fr", "gl", "pt"',
    f'{CLIENT}["a@b.example"]\ntimezone = "Canarias"': 'write "Atlantic/Canary"',
    f'{CLIENT}["a@b.example"]\ntimezone = "Nueva York"': 'write "America/New_York"',
    # lengths of time
    '[replies]\nrepeat = "1 mes"': 'write "30d" (units: s, m, h, d, w)',
    '[replies]\nrepeat = "una semana"': 'write "1w" (units: s, m, h, d, w)',
    '[replies]\nrepeat = "15 minutos"': 'write "15m" (units: s, m, h, d, w)',
    # addresses
    f'{CLIENT}["mailto:marta@flores.example"]': 'write only the address, such as "marta@flores.example"',
    f'{CLIENT}["https://www.flores.example/"]': 'write "@flores.example" for the whole domain',
    f'{CLIENT}["www.flores.example"]': 'write "@flores.example" for the whole domain',
    f'{CLIENT}["a@b.example; c@d.example"]': 'write them one by one: "a@b.example", "c@d.example"',
    # hours
    'hours = "Mo-Fr 16:00-20:00\\t"': "write it in one line",
    'call_hours = ""': 'write "Mo-Fr 09:00-18:00", or remove the line',
    'hours = "Mo-Fr 16:00-8:00"': 'write "08:00-16:00" if that is not meant',
    'hours = "Mo-Fr 16:00 - 08:00"': 'write "08:00-16:00" if that is not meant',
    # the right thing in the wrong place, or misspelt: told once
    "vacation = [2026-12-24, 2027-01-06]": "write [[vacation]] on a line of its own",
    'vacaciones = "24 dic - 6 ene"': "write [[vacation]] on a line of its own",
    "[[vacation]]\nfrom = 2026-12-24\nhasta = 2026-12-31": 'write "to"',
    '[client.flores]\ncorreos = ["a@b.example"]': 'write "addresses"',
    '[[client.flores]]\naddresses = ["a@b.example"]': "write [client.flores], in single brackets",
    '[client/flores]\naddresses = ["a@b.example"]': "write [client.flores]",
    # pages and calendars
    '[identity.studio.brand]\nlogo = "logo.png"': 'write "https://estudio.example"',
    'booking = "https://citas.example/mi agenda"': 'write "https://citas.example/mi%20agenda"',
    'calendars = ["https://calendar.example/ana.ics"]': "save the calendar as an .ics file beside yours, and name that",
    "[replies]\nhourly_limit = 0": "write 1 or more",
    # what is in force and hardly meant
    'hours = "Mo-Fr 09:00-14:00; 16:00-20:00"': 'write "Mo-Fr 09:00-14:00,16:00-20:00" if that is not meant',
    'hours = "Mo 09:00-14:00; Fr 9:00-14:00; Fr 16:00-20:00"': (
        'write "Mo 09:00-14:00; Fr 9:00-14:00,16:00-20:00" if that is not meant'
    ),
    f'{CLIENT}["@gmail.com"]': 'write the whole address, such as "marta@gmail.com"',
    '[people]\naddresses = ["@hotmail.es"]': 'write the whole address, such as "marta@hotmail.es"',
    f'{CLIENT}["@f.example"]\n[client.otra]\naddresses = ["@f.example"]': "give it to one of them",
}
# a file in the folder of texts -> what to do
FILES = {
    "closed.es.docx": 'save it as plain text, "closed.es.txt"',
    "closed.es.txt.rtf": 'save it as plain text, "closed.es.txt"',
    "closed.es.html": 'put the HTML into "closed.es.txt", below a line --- html ---',
}


@pytest.mark.parametrize("text", WRITTEN)
def test_the_first_advice_is_the_right_one(house: House, text: str) -> None:
    for language in ("ca", "de", "eu", "fr", "gl", "pt"):
        house.write(f"templates/closed.{language}.txt", "shipped")
    house.owner(f"{OWNER}{text}\n")
    (problem,) = house.load().problems
    assert problem.instead == WRITTEN[text]
    assert problem.slip is problem.warning
    assert translated(problem.instead, what=False)
    assert problem.key == "syntax" or translated(problem.what, what=True)


@pytest.mark.parametrize(
    "written", ["marta@flores.example", "@flores.example", "marta@gmail.com", "@gmail.flores.example"]
)
def test_what_is_meant_so_is_not_remarked_on(house: House, written: str) -> None:
    house.owner(f'{OWNER}hours = "Mo-Fr 9:00-14:00"\n{CLIENT}["{written}"]\n')
    assert house.lines() == []


@pytest.mark.parametrize(
    "hours",
    [
        "Mo-Fr 09:00-14:00,16:00-20:00",
        "Mo-Fr 09:00-14:00; Fr 09:00-12:00",
        "Mo-Fr 09:00-14:00; Sa off",
        "Mo-Fr 09:00-18:00; Jun-Sep Mo-Fr 08:00-15:00",
        "Mo-Fr 22:00-02:00; Sa 10:00-12:00",
    ],
)
def test_every_part_of_these_hours_counts(house: House, hours: str) -> None:
    house.owner(f'{OWNER}hours = "{hours}"\n')
    assert house.lines() == []


@pytest.mark.parametrize("name", FILES)
def test_a_text_in_a_file_of_another_kind(house: House, name: str) -> None:
    house.write(f"owners/ana/{name}", b"PK\x03\x04")
    (problem,) = house.load().problems
    assert (problem.slip, problem.instead) == (True, FILES[name])
    assert translated(problem.instead, what=False)


@pytest.mark.parametrize("before, line", [("", 1), ("Subject: Aviso\n\n", 3)])
def test_a_text_in_another_encoding_is_told_with_its_line(house: House, before: str, line: int) -> None:
    house.write("owners/ana/closed.es.txt", before.encode() + "Volveré".encode("latin-1"))
    (problem,) = house.load().problems
    assert (problem.line, problem.what) == (line, "is not UTF-8")


@pytest.mark.parametrize("name", ["eva.toml.txt", "eva.toml.rtf", "eva.toml.docx"])
def test_an_owner_s_file_that_a_word_processor_named(house: House, name: str) -> None:
    file = house.write(f"owners/{name}", OWNER)
    house.write("owners/eva.toml.bak", OWNER)
    (problem,) = house.load().problems
    assert (problem.warning, problem.what) == (True, f"{file} is no owner's file: nobody reads it")
    assert problem.instead == "save it as plain text, eva.toml"


def test_an_owner_s_file_may_be_called_so_if_the_host_says_so(house: House) -> None:
    house.host(HOST.replace("[lmtp]", 'owners = "owners/*"\n[lmtp]'))
    house.owner(OWNER, "ana")
    house.write("owners/eva.toml.txt", OWNER.replace("ana@", "eva@"))
    assert house.lines() == []
