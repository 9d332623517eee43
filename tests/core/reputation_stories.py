"""The stories of tests/cases/reputation.toml as values, and told to the model."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from milter.core import reputation
from milter.core.evidence import WEIGHTS, Kind
from milter.core.facts import Standing
from milter.core.reputation import Record
from milter.core.sender import Sender, of_address

FILE = Path(__file__).parent.parent / "cases" / "reputation.toml"
BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_UNITS = {"s": "seconds", "h": "hours", "d": "days"}


def span(text: str) -> timedelta:
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


@dataclass(frozen=True)
class Step:
    what: Kind
    share: float
    standing: str
    who: str = "laura"
    times: int = 1
    every: str = "0s"
    wait: str = "0s"
    once: bool = False


@dataclass(frozen=True)
class Story:
    name: str
    text: str
    steps: tuple[Step, ...]
    domain: bool = False

    def sender(self, who: str) -> Sender:
        return of_address(f"{who}@{'acme.example' if self.domain else 'gmail.com'}")


@dataclass(frozen=True)
class Told:
    """One piece of evidence at its instant; `step` is set with the last of a step."""

    at: datetime
    who: Sender
    kind: Kind
    once: str
    step: Step | None


def stories() -> list[Story]:
    return [
        Story(
            one["name"],
            one["text"],
            tuple(Step(**{**step, "what": Kind(step["what"])}) for step in one["step"]),
            one.get("domain", False),
        )
        for one in tomllib.loads(FILE.read_text())["story"]
    ]


def told(story: Story) -> Iterator[Told]:
    """The evidence of a story in order of time. A step begins `every` after the one before, or after its `wait`."""
    now, numbers = BEGIN, count(1)
    for place, step in enumerate(story.steps):
        now += span(step.wait)
        for number in range(step.times):
            now += span(step.every)
            who = re.sub(r"\d+$", lambda _: str(next(numbers)), step.who)
            last = step if number == step.times - 1 else None
            yield Told(now, story.sender(who), step.what, f"step {place}" if step.once else "", last)


@dataclass
class Model:
    """Records by name, as the store keeps them, in memory: what happens to one sender and to the domain that lends to him."""

    records: dict[str, Record] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def learn(self, one: Told) -> None:
        if one.once and f"{one.once} {one.kind}" in self.seen:
            return
        self.seen.add(f"{one.once} {one.kind}")
        weight = WEIGHTS[one.kind]
        for name in (one.who.name, one.who.domain):
            if name:
                self.records[name] = reputation.learned(self.records.get(name), weight.good, weight.bad, one.at)

    def standing(self, who: Sender, now: datetime) -> tuple[float, Standing]:
        """The share of good, and what it leads to."""
        mine, domain = self.records.get(who.name), self.records.get(who.domain)
        return reputation.expected(mine, domain, now), reputation.standing(mine, domain, now)
