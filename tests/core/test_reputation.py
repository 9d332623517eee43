"""The model of a sender's standing: stories, and what holds for every record."""

import random
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from milter.core import reputation
from milter.core.reputation import DAILY_GOOD, MOST, Record, at, bounds, learned, share, standing
from tests.bench.reputation_picture import picture
from tests.core.reputation_stories import BEGIN, Model, Story, stories, told

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.mark.parametrize("story", stories(), ids=lambda one: one.name)
def test_a_story_ends_as_it_is_told(story: Story) -> None:
    model = Model()
    for one in told(story):
        model.learn(one)
        if one.step:
            found, leads_to = model.standing(one.who, one.at)
            assert (round(found, 2), leads_to.code) == (pytest.approx(one.step.share, abs=0.006), one.step.standing), (
                one
            )


def some_records() -> list[Record]:
    chance = random.Random(7)
    masses = [0.0, 0.05, 1.0, 4.0, 31.0, 64.0]
    last = reputation.seconds(BEGIN)
    return [Record(last, g, b, chance.random() * 4, 1) for g, b in product(masses, masses) if g + b <= 64]


@pytest.mark.parametrize("record", some_records(), ids=lambda one: f"{one.good}+{one.bad}")
def test_of_every_record(record: Record) -> None:
    low, high = bounds(record)
    assert 0 <= low <= share(record) <= high <= 1
    better, worse = learned(record, 1, 0, BEGIN), learned(record, 0, 1, BEGIN)
    assert share(worse) < share(record) + 1e-12 and share(better) >= share(record) - 1e-12
    assert worse.mass <= MOST + 1e-9 and better.mass <= MOST + 1e-9
    assert standing(record, None, BEGIN, authenticated=False).code != "trusted"
    assert standing(record, None, BEGIN + 4000 * DAY).code == "neutral", "silence alone leads back"
    assert not standing(record, None, BEGIN).first and standing(None, None, BEGIN).first
    ahead = at(record, BEGIN - 30 * DAY)
    assert (ahead.good, ahead.bad, ahead.last) == (record.good, record.bad, record.last - 30 * 86400), "healed"


def test_fading_twice_is_fading_once() -> None:
    for record, first in product(some_records(), (timedelta(0), HOUR, 17 * DAY)):
        twice, once = at(at(record, BEGIN + first), BEGIN + 40 * DAY), at(record, BEGIN + 40 * DAY)
        assert (twice.good, twice.bad, twice.burst) == pytest.approx((once.good, once.bad, once.burst))


@pytest.mark.parametrize("every", [timedelta(minutes=1), HOUR, 5 * HOUR])
def test_the_ration_of_good_is_about_four_a_day_however_it_comes(every: timedelta) -> None:
    record, now, total = None, BEGIN, 0.0
    for _ in range(int(20 * DAY / every)):
        now += every
        before = at(record, now).good if record else 0.0
        record = learned(record, 1, 0, now)
        total += record.good - before
    assert total == pytest.approx(20 * DAILY_GOOD, rel=0.15), "twenty days"


def test_bad_is_not_rationed() -> None:
    record = None
    for _ in range(30):
        record = learned(record, 0, 1, BEGIN)
    assert record and record.bad == 30


def test_instants_outside_32_bits_are_kept_inside() -> None:
    for year, expected in ((1960, 0), (2200, 0xFFFFFFFF)):
        assert learned(None, 1, 0, BEGIN.replace(year=year)).last == expected


def test_counts_do_not_overflow() -> None:
    record = Record(reputation.seconds(BEGIN), 1, 1, 0, 65535, 255)
    assert learned(record, 1, 0, BEGIN).count == 65535
    assert reputation.with_signature(record, True).flags == 255 and reputation.with_signature(record, False).flags == 0


def test_one_sender_of_a_domain_does_not_vouch_for_himself() -> None:
    """His own evidence stands in the domain's record too: it must not count twice."""
    record = None
    for _ in range(10):
        record = learned(record, 1, 0, BEGIN)
    assert standing(record, record, BEGIN) == standing(record, None, BEGIN)


def test_who_is_listed_is_never_bad_and_trusted_when_he_is_proven() -> None:
    record = None
    for _ in range(10):
        record = learned(record, 0, 1, BEGIN)
    bad = standing(record, None, BEGIN)
    assert bad.code == "bad"
    assert reputation.listed(bad, authenticated=True).code == "trusted"
    assert reputation.listed(bad, authenticated=False).code == "neutral"


def test_the_picture_on_the_page_is_of_these_stories() -> None:
    drawn = (Path(__file__).parent.parent.parent / "config" / "reputation.svg").read_text()
    assert drawn == picture(), "python -m tests.bench.reputation --svg config/reputation.svg"
