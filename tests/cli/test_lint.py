"""`recado lint`, as a freelancer types it: one line a finding, in the file that he can mend."""

import json
import shutil
from pathlib import Path

import pytest

from milter import shipped
from tests.cli.office import Office

BAD = 'Subject: Aviso\n\n{% extends "base.es.txt" %}\n{% block body %}\nVuelvo {{ opens }}.\nMañana no hay nadie.\n{% endblock %}\n'
LINE = '"Mañana" is another day when it is read; name the day: {{ opens }}'


@pytest.fixture
def two_texts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A house with two texts in one language: the whole of them takes seconds."""
    folder = tmp_path / "templates"
    folder.mkdir()
    for name in ("base.es.txt", "closed.es.txt", "prospect.es.txt"):
        shutil.copy(shipped("templates") / name, folder)
    for module in ("milter.settings.texts", "milter.cli.lint"):
        monkeypatch.setattr(f"{module}.shipped", lambda name: folder)
    return folder


def test_the_shipped_configuration_and_texts(office: Office) -> None:
    result = office.run("lint")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("ana: ") and "nothing to mend" in result.stdout
    assert all(f"{one}" in result.stdout for one in ("es", "en"))
    assert not office.state.exists()


def test_a_finding_names_file_and_line(office: Office, two_texts: Path) -> None:
    file = office.write("owners/ana/closed.es.txt", BAD)
    result = office.run("lint")
    assert (result.exit_code, result.stdout) == (2, f"{file}:6: {LINE}\n")


def test_a_shipped_text_s_finding_is_told_once(office: Office, two_texts: Path) -> None:
    (two_texts / "closed.es.txt").write_text(BAD)
    office.write("owners/bea.toml", (office.folder / "owners" / "ana.toml").read_text().replace(".example", ".test"))
    result = office.run("lint")
    assert (result.exit_code, result.stdout) == (2, f"{two_texts / 'closed.es.txt'}:6: {LINE}\n")


def test_json(office: Office, two_texts: Path) -> None:
    file = office.write("owners/ana/closed.es.txt", BAD)
    (one,) = [json.loads(line) for line in office.run("lint", "--json").stdout.splitlines()]
    what, _, instead = LINE.partition("; ")
    assert one == {"owner": "ana", "file": str(file), "line": 6, "what": what, "instead": instead}
    file.unlink()
    result = office.run("lint", "--json")
    assert (result.exit_code, result.stdout) == (0, "")


def test_what_a_value_brings_in_is_told_in_the_owner_s_file(office: Office, two_texts: Path) -> None:
    office.change('name    = "Estudio Souto"', 'name    = "Souto 981 12 34 56"', "owners/ana.toml")
    file = office.folder / "owners" / "ana.toml"
    line = next(n for n, text in enumerate(file.read_text().splitlines(), start=1) if "981 12" in text)
    result = office.run("lint")
    assert (result.exit_code, result.stdout.startswith(f'{file}:{line}: "981 12 34 56" looks like')) == (2, True)


def test_a_text_that_cannot_be_read_is_a_finding(office: Office, two_texts: Path) -> None:
    file = office.write("owners/ana/closed.es.txt", "{{ opns }}\n")
    result = office.run("lint")
    assert (result.exit_code, f"{file}:1: " in result.stdout, "{{ opens }}" in result.stdout) == (2, True, True)


def test_of_one_owner(office: Office, two_texts: Path) -> None:
    other = (office.folder / "owners" / "ana.toml").read_text().replace(".example", ".test")
    office.write("owners/bea.toml", other)
    office.write("owners/ana/closed.es.txt", BAD)
    office.write("owners/ana/prospect.es.txt", "{{ opns }}")
    assert office.run("lint", "--owner", "bea").exit_code == 0
    assert "ana/prospect.es.txt" in office.run("lint", "--owner", "ana").stdout
    result = office.run("lint", "--owner", "eva")
    assert (result.exit_code, "there are: bea" in result.output) == (2, True)


def test_an_owner_without_business(office: Office, two_texts: Path) -> None:
    text = 'name = "Ana"\ntimezone = "Europe/Madrid"\nlanguage = "es"\n[identity.home]\nkind = "personal"\n'
    office.write("owners/ana.toml", text + 'addresses = ["ana@casa.example"]\nmailbox = "ana@casa.example"\n')
    result = office.run("lint")
    assert (result.exit_code, "nothing was tried" in result.stdout) == (0, True)


def test_a_broken_configuration_is_exit_2(office: Office, two_texts: Path) -> None:
    office.file.write_text("hostname = ")
    result = office.run("lint")
    assert (result.exit_code, f"{office.file}:1: " in result.output) == (2, True)
