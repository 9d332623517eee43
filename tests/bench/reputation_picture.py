"""Two stories of tests/cases/reputation.toml drawn as SVG: what the model thinks of a sender, day by day."""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from xml.sax.saxutils import escape

from milter.core import reputation
from milter.core.evidence import Kind
from tests.core.reputation_stories import BEGIN, Model, Story, Told, stories, told

DRAWN = ("spam after three good months", 200), ("silence", 30)  # and for how many days after its end
WIDE, HIGH, LEFT, TOP, GAP = 640, 170, 54, 50, 66
GREEN, RED, GREY, BAND = "#2e9e5b", "#c0392b", "#777", "#cfe3f1"
BAD_KINDS = {Kind.JUNK, Kind.SPAM, Kind.BOUNCED, Kind.SIGNATURE}


@dataclass
class Average:
    """What an average that weighs each message by the time since the last one makes of the same evidence, 0 to 1."""

    value: float = 0.0
    last: datetime | None = None

    def learn(self, one: Told) -> None:
        passed = (one.at - self.last) / timedelta(days=30) if self.last else math.inf
        alpha, said = 1 - math.exp(-passed), -1.0 if one.kind in BAD_KINDS else 1.0
        self.value, self.last = alpha * said + (1 - alpha) * self.value, one.at

    @property
    def share(self) -> float:
        return (self.value + 1) / 2


@dataclass
class Curve:
    """(days, value) of each line, and where evidence came: (days, bad)."""

    middle: list[tuple[float, float]] = field(default_factory=list)
    low: list[tuple[float, float]] = field(default_factory=list)
    high: list[tuple[float, float]] = field(default_factory=list)
    average: list[tuple[float, float]] = field(default_factory=list)
    marks: list[tuple[float, bool]] = field(default_factory=list)


def curve(story: Story, days_after: int) -> Curve:
    model, average, found = Model(), Average(), Curve()
    pieces = list(told(story))
    who, end = pieces[0].who, pieces[-1].at + timedelta(days=days_after)
    now = BEGIN

    def point(at: datetime) -> None:
        share, standing = model.standing(who, at)
        day = (at - BEGIN) / timedelta(days=1)
        for line, value in ((found.middle, share), (found.low, standing.low), (found.high, standing.high)):
            line.append((day, value))
        found.average.append((day, average.share if average.last else 0.5))

    while now <= end:
        while pieces and pieces[0].at <= now:
            one = pieces.pop(0)
            point(one.at)
            model.learn(one)
            average.learn(one)
            point(one.at)
            found.marks.append(((one.at - BEGIN) / timedelta(days=1), one.kind in BAD_KINDS))
        point(now)
        now += timedelta(days=1)
    return found


def picture() -> str:
    """config/reputation.svg."""
    parts, top, by_name = [], 0, {one.name: one for one in stories()}
    for name, days_after in DRAWN:
        story = by_name[name]
        parts += _block(story, curve(story, days_after), top)
        top += TOP + HIGH + GAP
    wide = LEFT + WIDE + 100
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{top}" viewBox="0 0 {wide} {top}"'
    body = "\n".join(parts)
    return f'{head} font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'


def _block(story: Story, drawn: Curve, top: int) -> list[str]:
    last = drawn.middle[-1][0]

    def x(day: float) -> float:
        return LEFT + day / last * WIDE

    def y(value: float) -> float:
        return top + TOP + (1 - value) * HIGH

    def path(line: list[tuple[float, float]]) -> str:
        return " ".join(dict.fromkeys(f"{x(day):.0f},{y(value):.0f}" for day, value in line))

    parts = [
        _said(8, top + 20, story.name, ' font-weight="bold"'),
        _said(8, top + 34, story.text, f' fill="{GREY}" font-size="11"'),
    ]
    parts.append(f'<polygon points="{path(drawn.low)} {path(drawn.high[::-1])}" fill="{BAND}"/>')
    for value, word, colour in ((reputation.TRUSTED, "trusted", GREEN), (reputation.BAD, "bad", RED)):
        where = y(value)
        parts.append(
            f'<line x1="{LEFT}" x2="{LEFT + WIDE}" y1="{where:.1f}" y2="{where:.1f}" stroke="{colour}" stroke-dasharray="4 4"/>'
        )
        parts.append(_said(LEFT + WIDE + 6, where + 4, word, f' fill="{colour}"'))
    parts += [_said(24, y(value) + 4, f"{value:.1f}", f' fill="{GREY}"') for value in (0.0, 0.5, 1.0)]
    parts += [
        _said(x(day) - 4, y(0) + 26, f"{day}", f' fill="{GREY}"')
        for day in range(0, int(last), max(30, int(last / 8 / 30) * 30))
    ]
    parts.append(
        f'<polyline points="{path(drawn.average)}" fill="none" stroke="{GREY}" stroke-width="1" stroke-dasharray="2 3"/>'
    )
    parts.append(f'<polyline points="{path(drawn.middle)}" fill="none" stroke="#1b5e8f" stroke-width="2"/>')
    for day, bad in sorted({(round(day, 1), bad) for day, bad in drawn.marks}):
        parts.append(
            f'<line x1="{x(day):.1f}" x2="{x(day):.1f}" y1="{y(0) + 3:.1f}" y2="{y(0) + 10:.1f}" stroke="{RED if bad else GREEN}"/>'
        )
    legend = "days; blue: share of good and its interval; dotted: an average by time gaps; marks: evidence, red is bad"
    parts.append(_said(LEFT, y(0) + 44, legend, f' fill="{GREY}" font-size="11"'))
    return parts


def _said(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{escape(text)}</text>'
