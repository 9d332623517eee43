"""What was looked up for a decision: plain values, or `Missing` with the reason. Whoever needs a missing fact abstains."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from milter.core.overrides import Override
from milter.core.reply_job import Claim, ClaimKey, PersonKey, PersonRecord


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact that could not be had. `why` is for the reason's evidence: "redis away", "not verified"."""

    why: str


@dataclass(frozen=True, slots=True)
class Authentication:
    """What is believed about who wrote. `dmarc` pass, fail or none.

    `author_authenticated` From: aligned with passing DKIM or SPF · `correspondent_authenticated` SPF pass for MAIL FROM, or a
    passing DKIM d= of MAIL FROM's organisational domain · `source` the authserv-id believed · `signature` of the author's
    domain that passed, as it stands in its b= without blanks, "" if none or unknown: who replays it sends nothing new.
    """

    author_authenticated: bool
    correspondent_authenticated: bool
    dmarc: str
    source: str
    summary: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the evidence of one owner says of this message's sender.

    `code` trusted, neutral or bad · `low`, `high` bounds of the share of good evidence · `first`: nothing was known of him.
    """

    code: str
    low: float = 0.0
    high: float = 1.0
    first: bool = False


Standings = Mapping[str, Standing]
Claims = Mapping[ClaimKey, Claim]
People = Mapping[PersonKey, PersonRecord]
Overrides = Mapping[str, tuple[Override, ...]]


@dataclass(frozen=True, slots=True)
class Facts:
    """One field a lookup. `claims` and `people` hold only records that exist; a message may have several owners.

    `standing`: of the sender, by owner.
    `people`: who opted out, and to whom the owner wrote when.
    `overrides`: what owners changed of their hours, by owner; Missing: their hours hold as they are in the file.
    """

    authentication: Authentication | Missing = Missing("not verified")
    standing: Standings | Missing = Missing("not looked up")
    claims: Claims | Missing = field(default_factory=dict)
    people: People | Missing = field(default_factory=dict)
    overrides: Overrides | Missing = field(default_factory=dict)
