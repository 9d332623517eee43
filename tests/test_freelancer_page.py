"""The freelancer's page in Spanish: every line of a file that it shows loads, every phrase and every mail is the real one."""

import re
import tomllib
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from milter.core.today_words import Now, Refused, said
from milter.delivery.notices import letter
from milter.settings import hours_check, load
from milter.settings.notice import notices
from milter.settings.presets import PRESETS
from tests.cli.office import Office
from tests.test_readme import FREELANCER, OWNER_KEYS, TOP, Block, blocks


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "etc")


@pytest.mark.parametrize("block", [one for one in blocks("toml") if one.page == FREELANCER], ids=str)
def test_a_piece_of_an_owner_s_file_loads(block: Block, office: Office) -> None:
    """Every line of it in its own table, beside the few that nobody can do without."""
    assert block.text.startswith("# owners/ana.toml\n")
    studio = '[identity.studio]\nkind = "business"\naddresses = ["ana@estudio.example"]\n'
    if "holidays" not in block.text:
        studio += 'holidays = "ES-GA"\n'
    text = block.text.replace("[identity.studio]\n", studio)
    if studio not in text:
        text += studio
    if "[client." in text:
        text += "[plan.silver]\n"
    office.write("owners/festivos.ics", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n")
    office.write("owners/ana.toml", f'name = "Ana Souto"\ntimezone = "Europe/Madrid"\nlanguage = "es"\n{text}')
    loaded = load(office.file, make_secret=False)
    told = [str(one) for one in loaded.problems if not one.warning or "does nothing" in one.what]
    assert told == [] and loaded.settings and loaded.settings.policy.owners


def test_the_freelancer_is_shown_the_mail_that_she_gets(office: Office) -> None:
    (block,) = [one for one in blocks("text") if one.page == FREELANCER]
    good = load(office.file).settings
    office.change('"Mo-Fr 16:00-23:30; PH off"', '"Lu-Vi 16-20"', "owners/ana.toml")
    assert good
    (notice,) = notices(load(office.file, previous=good).of_owners)
    mail = message_from_bytes(letter(notice, good.policy, datetime.now(UTC)).content, policy=default)
    assert isinstance(mail, EmailMessage) and mail.get_content().replace("\r\n", "\n") == block.text


def told_rows(heading: str) -> list[list[str]]:
    """The rows of the freelancer's table with that head, as cells."""
    rows = (TOP / FREELANCER).read_text().split(f"| {heading} |")[1].split("\n\n")[0].splitlines()[2:]
    return [one.strip("| ").split(" | ") for one in rows]


def test_the_freelancer_s_words_for_hours_mean_what_she_is_told() -> None:
    shown = {tomllib.loads(word.strip("`"))["hours"]: said.strip("`") for word, said in told_rows("escribe | abres")}
    assert shown == dict(PRESETS)


def test_the_hours_in_its_sentences_are_understood() -> None:
    shown = re.findall(r'`"((?:Mo|Tu|We|Th|Fr|Sa|Su)[^"]*)"`', (TOP / FREELANCER).read_text())
    assert shown and [one for one in shown if hours_check.check(one, "ES", "es")] == []


def test_what_she_writes_to_herself_is_understood() -> None:
    now = Now(datetime(2026, 11, 20, 9, tzinfo=ZoneInfo("Europe/Madrid")), "es", ())
    rows = told_rows("en el asunto, con tu clave | qué hace")
    phrases = [one for cells in rows for one in re.findall(r"`([^`]+)`", " ".join(cells))]
    assert len(phrases) > 6
    assert [one for one in phrases if isinstance(said(one, now), Refused | None)] == []


@pytest.mark.parametrize("key", [one for one in OWNER_KEYS if not one.startswith("identity.*.dkim.")])
def test_every_key_is_told_to_the_freelancer(key: str) -> None:
    code = re.findall(r"```toml\n.*?```|`[^`\n]+`", (TOP / FREELANCER).read_text(), re.S)
    assert any(re.search(rf"\b{key.rpartition('.')[2]}\b", one) for one in code), f"{FREELANCER}: {key}"
