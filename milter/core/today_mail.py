"""A mail from the owner to himself that changes his hours for today. The mail itself is delivered as it comes.

Only if the author is proven to be the owner and the subject carries his token: a forged mail, or one without, is only mail.
"""

import hmac
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime

from milter.core import address, encoded_words, today_words
from milter.core.case import Case
from milter.core.decision import ChangeHours, Decision, SenderClass
from milter.core.keys import Keys
from milter.core.reasons import because
from milter.core.today_words import Now, Refused

DIGITS = 16  # hex: nobody guesses it, and it can be typed once into a contact
LATE = timedelta(hours=6)  # "today" of a mail that was stuck is another day
EARLY = timedelta(minutes=15)  # clocks differ
_LONGEST = 512  # characters of a subject


def token_of(keys: Keys, owner: str) -> str:
    """The token of one owner: the same on every node, of no use for another owner or installation."""
    return keys.name("today-token", owner)[:DIGITS]


def heed(case: Case, decision: Decision) -> Decision:
    """Adds the change that the owner's subject asks for, or why it is none."""
    if decision.sender_class is not SenderClass.SELF:
        return decision
    token = token_of(case.policy.keys, case.owner.id)
    words = encoded_words.decode((case.message.first("subject") or "")[:_LONGEST]).split()
    if not any(_same(one, token) for one in words) or not _first_copy(case):
        return decision
    known = case.authentication
    author = case.own(case.author)
    if known is None or not known.author_authenticated or case.forged or author is None:
        return because(decision, "hours-kept-unauthenticated")
    said = " ".join(one for one in words if not _same(one, token))
    change = _change(said, case)
    if isinstance(change, Refused):
        return because(decision.doing(ChangeHours(None, said, change)), "hours-kept-not-understood")
    return because(decision.doing(change), "hours-changed-mail")


def _change(said: str, case: Case) -> ChangeHours | Refused:
    if late := _stale(case):
        return late
    change = today_words.said(said, Now.of(case.owner, case.transaction.now))
    match change:
        case None:
            return Refused(f"{said[:80]!r} says nothing about today", "write for example: hoy cierro 13:00", "nothing")
        case Refused():
            return change
    return ChangeHours(change, said)


def _stale(case: Case) -> Refused | None:
    """By the author's own Date, which his signature covers: sent again on another day it must mean nothing."""
    try:
        sent = parsedate_to_datetime((case.message.first("date") or "").strip()[:64])
    except (ValueError, TypeError, IndexError, OverflowError):
        return Refused("the mail has no readable date", "send it again from a mail program", "late")
    sent = (sent if sent.tzinfo else sent.replace(tzinfo=UTC)).astimezone(UTC)
    now = case.transaction.now.astimezone(UTC)
    zone = case.owner.timezone
    if -EARLY <= now - sent <= LATE and sent.astimezone(zone).date() == now.astimezone(zone).date():
        return None
    return Refused(
        f"the mail was written at {sent.astimezone(zone):%Y-%m-%d %H:%M}, too long ago", "send it again", "late"
    )


def _same(word: str, token: str) -> bool:
    return hmac.compare_digest(word.strip("<>[](){}.,;:").casefold().encode("utf-8", "replace"), token.encode())


def _first_copy(case: Case) -> bool:
    """Written to several of his own addresses, it is heeded and answered once."""
    own = sorted(address.normal(one) for one in case.message.listed if case.own(one))
    first = case.own(own[0]) if own else None
    return first is None or first.name == case.identity.name
