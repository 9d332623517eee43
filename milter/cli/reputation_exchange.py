"""Reputations to and from files: reputons (RFC 7071), and CSV."""

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click

from milter.cli.reputation_known import Rated, name_of, shown
from milter.core import reputation
from milter.core.policy import Policy
from milter.core.reputation import HALF_LIFE, MOST, UNKNOWN, Record
from milter.core.sender import Sender

# What `set` writes: as much as there can be, which lasts some months without more evidence.
SET = {"trusted": (MOST, 0.0), "bad": (0.0, MOST), "neutral": (2.0, 1.0)}
EXAMPLE = "laura@acme.example,trusted or laura@acme.example,12,0.5"


@dataclass(frozen=True, slots=True)
class Line:
    who: Sender
    good: float
    bad: float


def record(good: float, bad: float, before: Record | None, now: datetime) -> Record:
    """The record to write: that much evidence as of now, MOST in all. What else is known of the name stays."""
    old = reputation.at(before, now) if before else Record(reputation.seconds(now))
    excess = max(1.0, (good + bad) / MOST)
    return Record(old.last, good / excess, bad / excess, old.burst, max(old.count, 1), old.flags)


def reputons(rated: Iterable[Rated], policy: Policy) -> dict[str, Any]:
    """The body of application/reputon+json (RFC 7071 section 3), of the application email-id (RFC 7073).

    `rating` says how far "spam" is true of him; `confidence` how narrow the interval is; `expires` when half of the evidence
    has faded.
    """
    found = []
    for one in rated:
        standing, prior = one.by_evidence, reputation.share(one.domain)
        generated = reputation.seconds(one.now)
        found.append(
            {
                "rater": policy.hostname,
                "assertion": "spam",
                "identity": "rfc5322.from",
                "rated": one.who.name,
                "rating": round(1 - reputation.share(one.record, prior), 4),
                "confidence": round(1 - (standing.high - standing.low), 4),
                "normal-rating": round(1 - (prior if one.domain else UNKNOWN), 4),
                "sample-size": one.record.count if one.record else 0,
                "generated": generated,
                "expires": generated + int(HALF_LIFE.total_seconds()),
                "owner": one.owner.id,
            }
        )
    return {"application": "email-id", "reputons": found}


def read_csv(text: str, policy: Policy) -> list[Line]:
    """All of it, or UsageError with every line that is wrong. A first line of column names is skipped, empty ones too."""
    lines: list[Line] = []
    wrong: list[str] = []
    seen: dict[Sender, int] = {}
    rows = csv.reader(text.splitlines())
    for cells in rows:
        values, number = [one.strip() for one in cells], rows.line_num
        if not any(values) or values[0].startswith("#") or (number == 1 and values[0].lower() == "address"):
            continue
        try:
            one = _line(values, policy)
        except click.BadParameter as bad:
            wrong.append(f"line {number}: {bad.message}")
            continue
        if one.who in seen:
            wrong.append(
                f"line {number}: {shown(one.who.name)} is in line {seen[one.who]} already; leave one of them out"
            )
        seen.setdefault(one.who, number)
        lines.append(one)
    if wrong:
        raise click.UsageError("\n".join([*wrong, "Nothing was imported."]))
    if not lines:
        raise click.UsageError(f"there is no line in it; write for example {EXAMPLE}")
    return lines


def _line(values: Sequence[str], policy: Policy) -> Line:
    if len(values) == 2:
        who = name_of(values[0], policy)
        if values[1].lower() not in SET:
            raise click.BadParameter(f"'{shown(values[1])}' is no standing; write trusted, bad or neutral")
        return Line(who, *SET[values[1].lower()])
    if len(values) == 3:
        return Line(name_of(values[0], policy), _mass(values[1]), _mass(values[2]))
    columns = "1 column" if len(values) == 1 else f"{len(values)} columns"
    raise click.BadParameter(f"{columns}; write address,standing or address,good,bad, for example {EXAMPLE}")


def _mass(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not math.isfinite(value) or not 0 <= value <= MOST:
        raise click.BadParameter(f"'{shown(text)}' is no amount of evidence; write a number from 0 to {MOST:.0f}")
    return value
