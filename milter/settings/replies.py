"""[replies]: read from either file, and the owner's wishes put under the sysadmin's ceiling."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from milter.core.owner import Mode, Replies, Trust
from milter.settings.durations import duration, positive, span
from milter.settings.findings import Wrong
from milter.settings.reader import Reader, chosen

KEYS = ("mode", "trust", "once_per", "repeat", "delay", "hourly_limit")
CLOSED_PERIOD: Literal["closed-period"] = "closed-period"
DEFAULT = Replies()
# From the laxest to the strictest.
_MODES = (Mode.LIVE, Mode.SHADOW, Mode.OFF)
_TRUSTS = (Trust.ANYONE, Trust.AUTHENTICATED, Trust.KNOWN)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What one [replies] says; None where it says nothing."""

    mode: Mode | None
    trust: Trust | None
    once_per: timedelta | Literal["closed-period"] | None
    repeat: timedelta | None
    delay: tuple[timedelta, timedelta] | None
    hourly_limit: int | None
    copies: bool = True


def read(table: Reader, *, copies: bool = True) -> Wishes:
    return Wishes(
        mode=table.parsed("mode", lambda text: chosen(Mode, text), None),
        trust=table.parsed("trust", lambda text: chosen(Trust, text), None),
        once_per=table.parsed("once_per", _once_per, None),
        repeat=table.parsed("repeat", duration, None),
        delay=table.parsed("delay", span, None),
        hourly_limit=table.whole("hourly_limit", 0, least=1) or None,
        copies=copies,
    )


def of_host(wishes: Wishes) -> Replies:
    """The sysadmin's, every gap filled with the default."""
    return Replies(
        mode=wishes.mode or DEFAULT.mode,
        trust=wishes.trust or DEFAULT.trust,
        once_per=wishes.once_per if isinstance(wishes.once_per, timedelta) else None,
        repeat=DEFAULT.repeat if wishes.repeat is None else wishes.repeat,
        delay=wishes.delay or DEFAULT.delay,
        hourly_limit=wishes.hourly_limit or DEFAULT.hourly_limit,
    )


def under(ceiling: Replies, wishes: Wishes) -> Replies:
    """What is in force for an owner: the stricter of both, but for the delay and the copies, which are his own.

    Where one side says closed-period and the other a duration, the sysadmin's kind stays, since neither is always the
    stricter; an owner's duration then still lengthens `repeat`.
    """
    repeat = max(ceiling.repeat, wishes.repeat or ceiling.repeat)
    once_per = ceiling.once_per
    if isinstance(wishes.once_per, timedelta):
        if once_per is None:
            repeat = max(repeat, wishes.once_per)
        else:
            once_per = max(once_per, wishes.once_per)
    return Replies(
        mode=max(ceiling.mode, wishes.mode or ceiling.mode, key=_MODES.index),
        trust=max(ceiling.trust, wishes.trust or ceiling.trust, key=_TRUSTS.index),
        once_per=once_per,
        repeat=repeat,
        delay=wishes.delay or ceiling.delay,
        hourly_limit=min(ceiling.hourly_limit, wishes.hourly_limit or ceiling.hourly_limit),
        copies=wishes.copies,
    )


def again_under(ceiling: Replies, in_force: Replies) -> Replies:
    """An owner's last good replies under a ceiling that may have come down since."""
    once_per = in_force.once_per or CLOSED_PERIOD
    wishes = Wishes(
        in_force.mode, in_force.trust, once_per, in_force.repeat, in_force.delay, in_force.hourly_limit, in_force.copies
    )
    return under(ceiling, wishes)


def _once_per(text: str) -> timedelta | Literal["closed-period"] | Wrong:
    if text == CLOSED_PERIOD:
        return CLOSED_PERIOD
    length = positive(text)
    if isinstance(length, Wrong) and text[:1].isalpha():
        return Wrong(f'"{text}" is neither "closed-period" nor a length of time', 'write "closed-period" or "24h"')
    return length
