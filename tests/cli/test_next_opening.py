"""`recado next-opening`: the instant for scripts, the reason for people."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pytest
from click.testing import CliRunner, Result

from milter.cli import main
from milter.cli.instant import parse_instant

OWNER = """\
name = "{name}"
timezone = "{zone}"
language = "es"
[identity.{identity}]
kind = "business"
addresses = ["{name}@estudio.example"]
hours = "{hours}"
holidays = "ES-GA"
days_off = [2027-02-09]
[identity.home]
kind = "personal"
addresses = ["{name}@casa.example"]
[[vacation]]
from = 2026-12-24
to = 2027-01-06
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    (tmp_path / "owners").mkdir()
    (tmp_path / "recado.toml").write_text(
        f'hostname = "mx.estudio.example"\nstate_dir = "{tmp_path}/state"\n[lmtp]\n[replies]\nmode = "off"\n'
    )
    add(tmp_path, "ana", "Europe/Madrid", "studio", "Mo-Fr 16:00-23:30; PH off")
    return tmp_path


def add(house: Path, name: str, zone: str, identity: str, hours: str) -> None:
    text = OWNER.format(name=name, zone=zone, identity=identity, hours=hours)
    (house / "owners" / f"{name}.toml").write_text(text)


def ask(house: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["next-opening", "--config", str(house / "recado.toml"), *arguments])


SAYS = [
    (
        "2026-11-21T10:00:00+01:00",
        "2026-11-23T16:00:00+01:00",
        "closed: outside working hours; opens Monday 23 November 2026 16:00 (Europe/Madrid)",
    ),
    (
        "2026-11-20T17:00:00+01:00",
        "2026-11-20T17:00:00+01:00",
        "open until Friday 20 November 2026 23:30 (Europe/Madrid)",
    ),
    ("2026-11-20T22:30:00Z", "2026-11-23T16:00:00+01:00", "closed: outside working hours; opens Monday 23"),
    ("2026-11-20T17:00", "2026-11-20T17:00:00+01:00", "open until Friday 20 November 2026 23:30"),
    (
        "2026-12-08T10:00",
        "2026-12-09T16:00:00+01:00",
        "closed: public holiday, Tuesday 8 December 2026 (Inmaculada Concepción); opens Wednesday 9 December",
    ),
    (
        "2026-12-07T23:50",
        "2026-12-09T16:00:00+01:00",
        "closed: outside working hours; then closed on Tuesday 8 December 2026 (Inmaculada Concepción); opens",
    ),
    ("2027-02-09T10:00", "2027-02-10T16:00:00+01:00", "closed: day off, Tuesday 9 February 2027; opens Wednesday"),
    (
        "2026-12-25T10:00",
        "2027-01-07T16:00:00+01:00",
        "closed: vacation, Thursday 24 December 2026 to Wednesday 6 January 2027; opens Thursday 7 January",
    ),
    (
        "2026-12-23T23:45",
        "2027-01-07T16:00:00+01:00",
        "closed: outside working hours; then vacation, Thursday 24",
    ),
    (
        "2026-03-28T12:00",
        "2026-03-30T16:00:00+02:00",
        "closed: outside working hours; opens Monday 30 March 2026 16:00",
    ),
]


@pytest.mark.parametrize(("at", "instant", "why"), SAYS)
def test_the_instant_then_the_reason(house: Path, at: str, instant: str, why: str) -> None:
    result = ask(house, "--at", at)
    first, second = result.stdout.splitlines()
    assert (result.exit_code, first) == (0, instant)
    assert second.startswith(why)


def test_json_while_closed_and_while_open(house: Path) -> None:
    assert json.loads(ask(house, "--json", "--at", "2026-12-07T23:50").stdout) == {
        "owner": "ana",
        "identity": "studio",
        "at": "2026-12-07T23:50:00+01:00",
        "state": "closed",
        "opens": "2026-12-09T16:00:00+01:00",
        "until": None,
        "cause": "hours",
        "holidays": [{"day": "2026-12-08", "name": "Inmaculada Concepción"}],
        "vacation": None,
    }
    away = json.loads(ask(house, "--json", "--at", "2026-12-24T00:00").stdout)
    assert (away["cause"], away["vacation"]) == ("vacation", {"from": "2026-12-24", "to": "2027-01-06"})
    during = json.loads(ask(house, "--json", "--at", "2026-11-20T17:00").stdout)
    assert (during["state"], during["until"], during["opens"]) == ("open", "2026-11-20T23:30:00+01:00", None)


def test_without_at_it_is_now(house: Path) -> None:
    before = datetime.now(UTC)
    said = datetime.fromisoformat(json.loads(ask(house, "--json").stdout)["at"])
    assert before <= said <= datetime.now(UTC)


def test_an_identity_without_hours_is_always_open(house: Path) -> None:
    result = ask(house, "--identity", "home", "--at", "2026-11-21T10:00")
    assert result.stdout.splitlines() == ["2026-11-21T10:00:00+01:00", "open: nothing closes it"]


def test_several_owners_have_a_line_each_in_their_own_zone(house: Path) -> None:
    add(house, "bo", "Atlantic/Canary", "shop", "Mo-Su 09:00-14:00")
    lines = ask(house, "--at", "2026-11-21T10:00").stdout.splitlines()
    assert [line.split(" ")[:2] for line in lines] == [
        ["2026-11-23T16:00:00+01:00", "ana/studio"],
        ["2026-11-21T10:00:00+00:00", "bo/shop"],
    ]
    assert ask(house, "--identity", "bo/shop", "--at", "2026-11-21T10:00").stdout.startswith(
        "2026-11-21T10:00:00+00:00\n"
    )
    assert len(ask(house, "--identity", "home", "--at", "2026-11-21T10:00").stdout.splitlines()) == 2


def test_a_broken_owner_does_not_silence_the_others(house: Path) -> None:
    (house / "owners" / "bo.toml").write_text("name = \n")
    result = ask(house, "--at", "2026-11-21T10:00")
    assert result.exit_code == 0
    assert result.stdout.startswith("2026-11-23T16:00:00+01:00\n")
    assert "bo.toml:1" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--identity", "estudio"), "there are: ana/studio, ana/home"),
        (("--identity", "bo/studio"), "there are: ana/studio, ana/home"),
        (("--at", "mañana"), "'mañana' is no instant; write ISO 8601"),
    ],
)
def test_a_mistake_is_answered_with_what_to_write(house: Path, arguments: tuple[str, ...], told: str) -> None:
    result = ask(house, *arguments)
    assert result.exit_code == 2
    assert told in " ".join(result.stderr.split())


def test_a_broken_file_is_exit_2(house: Path) -> None:
    (house / "recado.toml").write_text('hostnam = "x"\n')
    result = ask(house)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "recado.toml" in result.stderr


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2026-11-21T10:00:00+01:00", None, datetime(2026, 11, 21, 9, tzinfo=UTC)),
        ("2026-11-21T09:00:00Z", "Europe/Madrid", datetime(2026, 11, 21, 9, tzinfo=UTC)),
        (" 2026-11-21 10:00 ", "Europe/Madrid", datetime(2026, 11, 21, 9, tzinfo=UTC)),
        ("2026-11-21", "Europe/Madrid", datetime(2026, 11, 20, 23, tzinfo=UTC)),
        ("2026-11-21T10:00", None, datetime(2026, 11, 21, 10, tzinfo=UTC)),
    ],
)
def test_instants(text: str, zone: str | None, instant: datetime) -> None:
    assert parse_instant(text, ZoneInfo(zone) if zone else None) == instant


@pytest.mark.parametrize("text", ["", "10:00", "2026-02-30", "21/11/2026"])
def test_no_instants(text: str) -> None:
    with pytest.raises(click.BadParameter, match="ISO 8601"):
        parse_instant(text)


CLIENTS = """\
[plan.gold]
hours = "Sa 10:00-12:00"
[client.acme]
name = "ACME Veterinaria"
addresses = ["@acme.example"]
plan = "gold"
[client.bistro]
addresses = ["@bistro.example"]
plan = "gold"
hours = "Su 10:00-12:00"
[client.flores]
addresses = ["@flores.example"]
"""


@pytest.mark.parametrize(
    ("client", "opens"),
    [
        ("acme", "2026-11-21T10:00:00+01:00"),
        ("acme veterinaria", "2026-11-21T10:00:00+01:00"),
        ("bistro", "2026-11-22T10:00:00+01:00"),
        ("flores", "2026-11-23T16:00:00+01:00"),
        ("", "2026-11-23T16:00:00+01:00"),
    ],
)
def test_by_the_hours_of_a_client(house: Path, client: str, opens: str) -> None:
    """His own, else his plan's, else the identity's."""
    file = house / "owners" / "ana.toml"
    file.write_text(file.read_text() + CLIENTS)
    result = ask(house, "--client", client, "--at", "2026-11-21T09:00")
    assert result.stdout.splitlines()[0] == opens


def test_a_client_that_nobody_has(house: Path) -> None:
    result = ask(house, "--client", "acme")
    assert result.exit_code == 2 and "'acme' is no client of ana; there are: none" in " ".join(result.stderr.split())


def test_it_makes_no_secret(house: Path) -> None:
    """root asks before the service is started: a secret of root's would keep the service from starting."""
    assert ask(house).exit_code == 0
    assert not (house / "state").exists()
