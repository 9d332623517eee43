"""Some days of what `python -m tests.bench.hours_oracle` walks for three years: every closure at once, beside nights."""

from dataclasses import replace
from datetime import date

import pytest

from milter.core.closures import NOTHING_BUSY
from tests.bench.hours_oracle import TABLES, ZONES, Walk, differences, schedule

FIRST, LAST = date(2026, 10, 22), date(2026, 11, 3)  # two changes of clocks, half days, a day off, holidays, events


@pytest.mark.parametrize(
    ("zone", "hours"), list(zip(ZONES, ("split", "nights", "bar", "split", "nights"), strict=True))
)
def test_days_with_every_closure(zone: str, hours: str) -> None:
    assert list(differences(Walk(TABLES[hours], zone, FIRST, LAST), schedule(TABLES[hours], zone))) == []


def test_the_walk_sees_what_is_left_out() -> None:
    """The proof that the comparison can fail."""
    without = replace(schedule(TABLES["nights"], "Europe/Madrid"), busy=NOTHING_BUSY)
    assert list(differences(Walk(TABLES["nights"], "Europe/Madrid", FIRST, LAST), without))
