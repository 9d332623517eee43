"""`recado preview`, as typed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from milter.cli import main

HOST = 'hostname = "mx.estudio.example"\nstate_dir = "{state}"\nowners = "owners/*.toml"\n'
ANA = """
name = "Ana Souto"
timezone = "Europe/Madrid"
language = "es"
tone = "informal"
[identity.studio]
kind = "business"
addresses = ["ana@estudio.example", "hola@estudio.example"]
mailbox = "ana@estudio.example"
hours = "Mo-Fr 16:00-23:30; PH off"
holidays = "ES-GA"
days_off = [2027-02-09]
[identity.studio.brand]
name = "Estudio Souto"
website = "https://estudio.example"
[identity.always]
kind = "business"
addresses = ["turno@estudio.example"]
mailbox = "ana@estudio.example"
hours = "24/7"
[identity.home]
kind = "personal"
addresses = ["ana@casa.example"]
mailbox = "ana@casa.example"
[[vacation]]
from = 2026-12-24
to = 2027-01-06
[plan.silver]
name = "Plata"
channels = { Telegram = "@anasouto" }
[client.acme]
name = "ACME Veterinaria"
addresses = ["@acme.example"]
names = { "laura@acme.example" = "Laura" }
plan = "silver"
language = "es"
[client.london]
name = "London Ltd"
addresses = ["@london.example"]
language = "en"
timezone = "Europe/London"
"""
NIGHT = ("--at", "2026-11-20T23:45:00+01:00")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "owners").mkdir()
    (tmp_path / "owners" / "ana.toml").write_text(ANA, "utf-8")
    file = tmp_path / "recado.toml"
    file.write_text(HOST.format(state=tmp_path / "state"), "utf-8")
    return file


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["preview", *arguments, "--config", str(config)])


def shown(config: Path, *arguments: str) -> str:
    result = run(config, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_laura_on_friday_night(config: Path) -> None:
    assert shown(config, "closed", "--client", "acme", *NIGHT) == (
        "To: Laura <laura@acme.example>\n"
        "Subject: Respuesta automática: La tienda no carga\n"
        "\n"
        "Hola, Laura:\n"
        "\n"
        "Tu mensaje ha llegado bien, pero me pilla fuera de mi horario (de lunes a viernes, de 16:00 a 23:30). Vuelvo a atender"
        " el correo el lunes 23 de noviembre a las 16:00 y te respondo a partir de ese momento.\n"
        "\n"
        "También puedes escribirme por Telegram (@anasouto); lo atiendo en ese mismo horario.\n"
        "Si quieres añadir algo, responde a este mismo correo y queda todo junto.\n"
        "\n"
        "Un saludo,\nAna Souto\nEstudio Souto · https://estudio.example\n"
        "\n"
        "Mensaje automático. Si prefieres no recibirlos, responde solo con SIN AVISOS.\n"
    )
    assert not (config.parent / "state").exists()


def test_json_and_html(config: Path) -> None:
    page = config.parent / "page.html"
    answer = json.loads(shown(config, "closed", *NIGHT, "--json", "--html", str(page)))
    assert answer["subject"] == "Respuesta automática: La tienda no carga"
    assert answer["text"].startswith("Hola, Laura:\n")
    assert answer["html"] == page.read_text("utf-8") and answer["html"].startswith("<!DOCTYPE html>")


def test_who_is_chosen(config: Path) -> None:
    assert shown(config, "closed", *NIGHT).startswith("To: Laura <laura@acme.example>\n")
    assert shown(config, "closed", *NIGHT, "--client", "london LTD").startswith("To: someone@london.example\n")
    stranger = shown(config, "closed", *NIGHT, "--client", "")
    assert "Telegram" not in stranger and "\n\nHola:\n" in stranger
    assert "\n\nHola:\n" in shown(config, "prospect", *NIGHT)
    assert "\n\nHola:\n" in shown(config, "neutral", *NIGHT), "for strangers too: it names nobody and no dates"


def test_language_and_tone(config: Path) -> None:
    assert "15:00 in London" in shown(config, "closed", *NIGHT, "--client", "london")
    assert "Automatic reply:" in shown(config, "closed", *NIGHT, "--language", "en")
    assert "Su mensaje ha llegado" in shown(config, "closed", *NIGHT, "--tone", "formal")


@pytest.mark.parametrize(
    ("subject", "shown_as"),
    [
        ("x" * 300, "x" * 200),
        ("RE[2]: RV: Pedido", "Pedido"),
        ("  Otra\u202e  cosa\x07 ", "Otra cosa"),
        ("=?utf-8?q?Caf=C3=A9?=", "Café"),
    ],
)
def test_a_subject_is_shown_as_the_reply_repeats_it(config: Path, subject: str, shown_as: str) -> None:
    answer = json.loads(shown(config, "closed", *NIGHT, "--subject", subject, "--json"))
    assert answer["subject"] == f"Respuesta automática: {shown_as}"


def test_without_an_instant_it_finds_one_that_fits(config: Path) -> None:
    """Whatever today is: there is always a next night, and a text of each kind."""
    assert "Vuelvo a atender el correo" in shown(config, "closed")
    assert "festivo aquí" in shown(config, "holiday") or "tengo cerrado" in shown(config, "holiday")
    assert "Estoy de vacaciones" in shown(config, "vacation")


def test_the_owner_s_own_text(config: Path) -> None:
    (config.parent / "owners" / "ana").mkdir()
    (config.parent / "owners" / "ana" / "closed.es.txt").write_text(
        "Subject: Cerrado\n\nVuelvo {{ opens }}.\n", "utf-8"
    )
    said = shown(config, "closed", *NIGHT)
    assert said.endswith("Subject: Cerrado\n\nVuelvo el lunes 23 de noviembre a las 16:00.\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("closd",), 2, "did you mean closed?"),
        (("closed", "--client", "nobody"), 2, "there are: acme, london"),
        (("closed", "--identity", "home"), 2, "no business identity"),
        (("closed", "--language", "it"), 2, 'write one of "ca", "de", "en"'),
        (("closed", "--at", "someday"), 2, "write ISO 8601"),
        (("closed", "--at", "2026-11-20T18:00"), 1, "is open at 2026-11-20 18:00"),
        (("closed", "--identity", "always", *NIGHT), 1, "ana/always is open at"),
        (("closed", *NIGHT, "--html", "/nonexistent/x.html"), 1, "No such file"),
    ],
)
def test_what_cannot_be_shown_is_told(config: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    result = run(config, *arguments)
    assert (result.exit_code, said in result.output) == (code, True), result.output


def test_a_broken_configuration_is_exit_2(config: Path) -> None:
    config.write_text("hostname = ", "utf-8")
    result = run(config, "closed")
    assert result.exit_code == 2 and "recado.toml:1:" in result.stderr


@pytest.mark.parametrize(
    ("template", "at", "sent"),
    [
        ("vacation", "2026-11-20T23:45", "closed"),
        ("holiday", "2026-11-20T23:45", "closed"),
        ("closed", "2026-12-25T12:00", "vacation"),
        ("closed", "2026-11-20T23:45", ""),
        ("vacation", "2026-12-25T12:00", ""),
        ("neutral", "2026-11-20T23:45", ""),
    ],
)
def test_a_text_of_another_time_is_shown_with_a_note(config: Path, template: str, at: str, sent: str) -> None:
    result = CliRunner().invoke(main, ["preview", template, "--config", str(config), "--at", at])
    note = f"note: nobody gets {template} at {at.replace('T', ' ')}, but {sent}\n"
    assert result.exit_code == 0 and result.stdout.startswith("To: ")
    assert (note in result.stderr) is bool(sent) and ("nobody gets" in result.stderr) is bool(sent)
