"""Every line of tests/core/hours/*.toml: what is said of an instant."""

import tomllib
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from milter.core.hours import Closed, Open, Schedule, next_opening, state_at

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")


def schedule_of(office: dict) -> Schedule:
    country, _, region = office.get("holidays", "").partition("-")
    vacations = tuple((one["from"], one["to"]) for one in office.get("vacations", ()))
    return Schedule(office["hours"], office["zone"], country, region, tuple(office.get("days_off", ())), vacations)


def instant_of(text: str, zone: ZoneInfo) -> datetime:
    """`Su 2026-10-25 02:15+02:00`; the offset only where the time comes twice, the weekday is checked."""
    weekday, _, stamp = text.partition(" ")
    instant = datetime.fromisoformat(stamp)
    assert DAYS[instant.weekday()] == weekday, f"{stamp} is a {DAYS[instant.weekday()]}"
    return instant if instant.tzinfo else instant.replace(tzinfo=zone)


def moment(instant: datetime | None) -> str:
    if instant is None:
        return "never"
    twice = instant.replace(fold=0).utcoffset() != instant.replace(fold=1).utcoffset()
    return f"{DAYS[instant.weekday()]} {instant:%Y-%m-%d %H:%M}" + (instant.isoformat()[-6:] if twice else "")


def day(one: date) -> str:
    return f"{DAYS[one.weekday()]} {one}"


def said(state: Open | Closed) -> str:
    match state:
        case Open(until):
            return f"open until {moment(until)}" if until else "open"
        case Closed(cause, since, opens, holidays, vacation):
            parts = [f"closed ({cause}) since {moment(since)}", f"opens {moment(opens)}"]
            parts += [f"holiday {day(one.day)} {one.name}".rstrip() for one in holidays]
            parts += [f"vacation {vacation[0]} to {vacation[1]}"] if vacation else []
            return ", ".join(parts)


def lines() -> list:
    found = []
    for file in sorted((Path(__file__).parent / "hours").glob("*.toml")):
        for office in tomllib.loads(file.read_text())["office"]:
            for line in office["says"].strip().splitlines():
                at, _, answer = (part.strip() for part in line.partition(" = "))
                found.append(pytest.param(office, at, answer, id=f"{file.stem}: {office['title']}: {at}"))
    return found


@pytest.mark.parametrize(("office", "at", "answer"), lines())
def test_scenario(office: dict, at: str, answer: str) -> None:
    schedule = schedule_of(office)
    now = instant_of(at, ZoneInfo(schedule.zone))
    assert said(state_at(schedule, now)) == answer


AFTERNOONS = Schedule("Mo-Fr 16:00-23:30; PH off", "Europe/Madrid", "ES", "GA")


def test_the_zone_of_now_does_not_matter() -> None:
    now = datetime(2026, 11, 20, 22, 29, 59, 999_999, tzinfo=ZoneInfo("UTC"))
    assert said(state_at(AFTERNOONS, now)) == "open until Fr 2026-11-20 23:30"
    elsewhere = now.astimezone(ZoneInfo("Asia/Kolkata"))
    assert state_at(AFTERNOONS, elsewhere) == state_at(AFTERNOONS, now)


def test_answers_are_in_the_zone_of_the_schedule() -> None:
    opens = next_opening(AFTERNOONS, datetime(2026, 11, 21, tzinfo=ZoneInfo("UTC")))
    assert opens is not None
    assert opens.isoformat() == "2026-11-23T16:00:00+01:00"
    assert str(opens.tzinfo) == "Europe/Madrid"


def test_next_opening_is_now_while_it_is_open_and_none_if_never() -> None:
    now = datetime(2026, 11, 20, 17, 0, 1, tzinfo=ZoneInfo("Europe/Madrid"))
    assert next_opening(AFTERNOONS, now) == now
    assert next_opening(Schedule("24/7 off", "Europe/Madrid"), now) is None


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        state_at(AFTERNOONS, datetime(2026, 11, 20, 17))


@pytest.mark.parametrize("year", [1, 1700, 1905, 2150, 9998])
def test_a_clock_that_is_years_off_gets_an_answer(year: int) -> None:
    assert isinstance(state_at(AFTERNOONS, datetime(year, 6, 3, 12, tzinfo=ZoneInfo("UTC"))), Open | Closed)


def test_one_schedule_across_many_years_gives_what_a_fresh_one_gives() -> None:
    """The years are compiled one by one and kept: no order of asking may change an answer."""
    instants = [datetime(year, 12, 31, 23, 45, tzinfo=ZoneInfo("Europe/Madrid")) for year in range(2024, 2032)]
    kept = [state_at(AFTERNOONS, one) for one in [*instants, *reversed(instants)]]
    equal = [
        Schedule(f"Mo-Fr 16:00-23:30; PH off; {number} Jan 01 off", "Europe/Madrid", "ES", "GA")
        for number in range(1990, 1998)
    ]
    fresh = [state_at(schedule, one) for schedule, one in zip(equal, instants, strict=True)]
    assert kept == [*fresh, *reversed(fresh)]
    assert said(kept[2]).startswith(
        "closed (hours) since Th 2026-12-31 23:30, opens Mo 2027-01-04 16:00, holiday Fr 2027"
    )
