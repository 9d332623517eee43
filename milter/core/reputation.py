"""What is known of one sender, and what it leads to: good and bad evidence that fades, and how sure it makes us.

Good and bad masses halve every 30 days. The share of good ones is a Beta mean with a prior from the sender's domain; the
standing is decided on its Wilson interval, so that little evidence decides nothing. There is no step at which a record
expires: silence alone leads back to neutral. `scripts/learn.lua` does the same sums as `learned`.
"""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from milter.core.facts import Standing

HALF_LIFE = timedelta(days=30)
PRIOR = 2.0  # evidence that the prior is worth
UNKNOWN = 0.5  # the prior of whom nobody vouches for
DAILY_GOOD = 4.0  # good evidence that counts in about a day: trust takes time, whoever is in a hurry
LEAKING = timedelta(days=1)  # in which the day's good evidence falls to 1/e
MOST = 64.0  # evidence in all: years of goodness are no shield, and years of badness no sentence
TRUSTED = 0.70  # the lower bound from which a sender is trusted
BAD = 0.30  # the upper bound up to which he is bad
COUNT_MOST = 0xFFFF
USUAL = Standing("neutral")

ALWAYS = 5  # signatures that passed, after which a domain counts as one that always signs
PASSES_MOST = 255


@dataclass(frozen=True, slots=True)
class Record:
    """`good`, `bad`, `burst` (good evidence of about the last day) as they were at `last`, whole seconds since 1970.

    `count` of pieces of evidence ever, up to 65535. `flags` of a domain's record: how many of its signatures have passed, up to
    255, since one last failed in mail that SPF proved to be its own.
    """

    last: int
    good: float = 0.0
    bad: float = 0.0
    burst: float = 0.0
    count: int = 0
    flags: int = 0

    @property
    def mass(self) -> float:
        return self.good + self.bad

    @property
    def always_signs(self) -> bool:
        return self.flags >= ALWAYS


def seconds(now: datetime) -> int:
    """As `Record.last`, inside what 32 bits hold."""
    return max(0, min(int((now - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()), 0xFFFFFFFF))


def at(record: Record, now: datetime) -> Record:
    """The record as it has faded until `now`. A `last` in the future fades nothing: that clock had run ahead."""
    instant = seconds(now)
    passed = max(0, instant - record.last)
    fading = 2.0 ** (-passed / HALF_LIFE.total_seconds())
    burst = record.burst * math.exp(-passed / LEAKING.total_seconds())
    return Record(instant, record.good * fading, record.bad * fading, burst, record.count, record.flags)


def learned(record: Record | None, good: float, bad: float, now: datetime) -> Record:
    """The record with one more piece of evidence. Good is rationed by the day, bad is not."""
    old = at(record, now) if record else Record(seconds(now))
    good = max(0.0, min(good, DAILY_GOOD - old.burst))
    burst, good, bad = old.burst + good, old.good + good, old.bad + bad
    excess = max(1.0, (good + bad) / MOST)
    return Record(old.last, good / excess, bad / excess, burst, min(old.count + 1, COUNT_MOST), old.flags)


def with_signature(record: Record, passed: bool) -> Record:
    """A domain's record, told whether its signature passed in mail that is proven to be its own."""
    return replace(record, flags=min(record.flags + 1, PASSES_MOST) if passed else 0)


def share(record: Record | None, prior: float = UNKNOWN) -> float:
    """The expected share of good, 0 to 1, of a record that is already `at` the instant in question."""
    good, bad = (record.good, record.bad) if record else (0.0, 0.0)
    return (good + PRIOR * prior) / (good + bad + PRIOR)


def bounds(record: Record | None, prior: float = UNKNOWN) -> tuple[float, float]:
    """The Wilson interval (z = 1) of that share."""
    p, n = share(record, prior), (record.mass if record else 0.0) + PRIOR
    middle = (p + 0.5 / n) / (1 + 1 / n)
    half = math.sqrt(p * (1 - p) / n + 0.25 / n**2) / (1 + 1 / n)
    return middle - half, middle + half


def standing(record: Record | None, domain: Record | None, now: datetime, *, authenticated: bool = True) -> Standing:
    """Of a sender with this record, in a domain with that one (None: unknown, or it lends nothing), for one owner.

    Whoever is not authenticated may turn out bad, never trusted. Nobody is bad for his domain's sake alone, except where the
    domain is bad itself and he has shown nothing good: addresses in a domain of one's own cost nothing.
    """
    mine, others = _faded(record, domain, now)
    low, high = bounds(mine, share(others))
    stained = bounds(others)[1] <= BAD and (mine is None or mine.good <= mine.bad)
    if high <= BAD or stained:
        code = "bad"
    else:
        code = "trusted" if low >= TRUSTED and authenticated else "neutral"
    return Standing(code, low, high, first=record is None)


def expected(record: Record | None, domain: Record | None, now: datetime) -> float:
    """The share of good that `standing` goes by, 0 to 1."""
    mine, others = _faded(record, domain, now)
    return share(mine, share(others))


def _faded(record: Record | None, domain: Record | None, now: datetime) -> tuple[Record | None, Record | None]:
    mine = at(record, now) if record else None
    return mine, _without(at(domain, now), mine) if domain else None


def _without(domain: Record, mine: Record | None) -> Record:
    """What the others of a domain did: nobody's own evidence vouches for himself a second time."""
    if mine is None:
        return domain
    return replace(domain, good=max(0.0, domain.good - mine.good), bad=max(0.0, domain.bad - mine.bad))


def listed(standing: Standing, *, authenticated: bool) -> Standing:
    """Of a sender whom the owner's file names: never bad, and trusted when it is proven that it is he."""
    code = "trusted" if authenticated else "neutral"
    return Standing(code, standing.low, standing.high, first=False)
