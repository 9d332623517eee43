"""Which text, in which language."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from milter.core import language, lexical
from milter.core.hours import Cause, Closed, Open
from milter.core.message import Message
from milter.core.message_text import plain_text
from milter.core.owner import Client, Owner
from milter.core.reply_job import ReplyKind

LAST_LANGUAGE = "en"
CALL_REQUEST = "call-request"
EVE = timedelta(days=7)  # from closing to the first day away: a long weekend may lie between
_WEIGHT = re.compile(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", re.I)
_MOST_TAGS = 20


@dataclass(frozen=True, slots=True)
class Text:
    """`why` this language, in words for the evidence."""

    template: str
    language: str
    why: str


def text_for(
    kind: ReplyKind,
    state: Open | Closed,
    client: Client | None,
    owner: Owner,
    message: Message | None = None,
    *,
    call: bool = False,
) -> Text | None:
    """The best text there is in the reader's language, else the owner's, else English. None if there is none at all.

    `call`: a client asked for one.
    """
    templates = _templates(kind, state)
    if call and kind is ReplyKind.ACKNOWLEDGEMENT:
        templates = (CALL_REQUEST, *templates)
    written = {one for _, one in owner.texts} or set(language.LANGUAGES)
    for wanted, why in _languages(client, owner, message, written):
        for template in templates:
            if not owner.texts or (template, wanted) in owner.texts:
                return Text(template, wanted, why)
    return None


def _languages(
    client: Client | None, owner: Owner, message: Message | None, written: set[str]
) -> Iterator[tuple[str, str]]:
    """Best first. The text itself is looked at only if nobody has said anything."""
    if client and client.language:
        yield client.language, "the client's setting"
    elif message:
        for name in ("Content-Language", "Accept-Language"):  # RFC 3282
            for one in _tags(message.first(name.lower()) or ""):
                if one in written:
                    yield one, name
        # Its beginning tells nearly always.
        for most in (language.FIRST, language.MOST):
            if known := language.identify(plain_text(message, most)):
                yield known, "its text"
                break
    yield owner.language, "the owner's language"
    yield LAST_LANGUAGE, "no other text"


def _tags(value: str) -> list[str]:
    """The languages of a list such as "gl-ES, es;q=0.8", the most wanted first (RFC 9110 section 12.5.4), without regions."""
    found: list[tuple[float, str]] = []
    for one in lexical.without_comments(value).split(",")[:_MOST_TAGS]:
        tag, _, weight = one.partition(";")
        said = _WEIGHT.fullmatch(weight)
        found.append((-float(said[1]) if said else -1.0, tag.strip().partition("-")[0].lower()))
    return [tag for weight, tag in sorted(found, key=lambda each: each[0]) if weight < 0]


def _templates(kind: ReplyKind, state: Open | Closed) -> tuple[str, ...]:
    """Best first; what follows is just as true, only less to the point. Strangers never read dates of a vacation.

    A closed period that a vacation lies in is the vacation, from the evening before: its reader is told once, and would
    take two weeks for a slip in the hours. But whoever closes for the season is not on holiday all winter.
    """
    cause = state.cause if isinstance(state, Closed) else Cause.HOURS
    if isinstance(state, Closed) and state.opens and state.vacation and state.since:
        cause = Cause.VACATION if state.vacation[0] - state.since.date() <= EVE else cause
    match kind, cause:
        case ((ReplyKind.WRONG_ADDRESS | ReplyKind.POINTER), _):
            return (kind.value,)
        case ReplyKind.INVITATION, _:
            return (CALL_REQUEST,)
        case ReplyKind.PROSPECT, Cause.VACATION:
            return ("neutral", "prospect")
        case ReplyKind.PROSPECT, _:
            return ("prospect", "neutral")
        case _, Cause.VACATION:
            return ("vacation", "closed")
        case _, (Cause.HOLIDAY | Cause.DAY_OFF):
            return ("holiday", "closed")
        case _:
            return ("closed",)
