"""Which text, in which language."""

from dataclasses import dataclass

from milter.core.hours import Cause, Closed, Open
from milter.core.owner import Client, Owner
from milter.core.reply_job import ReplyKind

LAST_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Text:
    template: str
    language: str


def text_for(kind: ReplyKind, state: Open | Closed, client: Client | None, owner: Owner) -> Text | None:
    """The best text there is: the client's language, else the owner's, else English. None if there is none at all."""
    templates = _templates(kind, state)
    wanted = (client.language if client and client.language else owner.language, owner.language, LAST_LANGUAGE)
    if not owner.texts:
        return Text(templates[0], wanted[0])
    for language in dict.fromkeys(wanted):
        for template in templates:
            if (template, language) in owner.texts:
                return Text(template, language)
    return None


def _templates(kind: ReplyKind, state: Open | Closed) -> tuple[str, ...]:
    """Best first; what follows is just as true, only less to the point. Strangers never read dates of a vacation."""
    cause = state.cause if isinstance(state, Closed) else Cause.HOURS
    match kind, cause:
        case ReplyKind.WRONG_ADDRESS, _:
            return ("wrong-address",)
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
