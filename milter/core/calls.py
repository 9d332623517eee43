"""Calls: who asks for one, and invitations outside the hours for them."""

import re

from milter.core import address, call_words, encoded_words, event, itip_answer
from milter.core.case import Case
from milter.core.decision import AddKeyword, Decision, Disposition, SenderClass
from milter.core.focus import final_identity
from milter.core.itip_answer import Answer, CallHours
from milter.core.message import Message
from milter.core.message_text import plain_text
from milter.core.owner import Client, Invitations
from milter.core.reasons import because

KEYWORD = "$Call"
ASKED = "call-asked-words"
INVITED = "call-asked-invitation"
_HUMAN = frozenset({SenderClass.CLIENT, SenderClass.CONTACT, SenderClass.PROSPECT})
_NEAR = 45  # characters between a lead and what it leads to: one breath
_LONGEST = 512  # characters of a subject


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text.replace("<via>", call_words.VIA).replace("<call>", call_words.CALL))


_LANGUAGES = tuple(
    (
        language,
        _pattern(rf"(?P<wish>{call_words.PHRASES[language]})"),
        _pattern(
            rf"(?<!\w)(?:{leads})(?!\w)[^.!?;:]{{0,{_NEAR}}}?(?<!\w)(?P<wish>{call_words.WISHES[language]})(?!\w)"
        ),
    )
    for language, leads in call_words.LEADS.items()
)
# A word that every wish for a call has: most mail is done with here. One by one they are found twice as fast as by a pattern.
_ANY = (
    "call", "lám", "lam", "chám", "cham", "truc", "truq", "appel", "ruf", "telef", "télép", "télep", "telép", "telep", "phone",
    "ring", "buzz", "lig", "dei", "hablar", "parl", "visio", "zoom", "meet", "teams", "skype", "fala", "speak", "talk", "video",
    "vídeo", "konferenz", "coup de fil", "termin", "xerra",
)  # fmt: skip
_DECOYS = re.compile(call_words.DECOYS)
_NEGATED = re.compile(call_words.NEGATIONS)
_QUOTED = re.compile(r"«[^»]{0,80}»|“[^”]{0,80}”|\"[^\"\n]{0,80}\"")
_EDGE = re.compile(r"\n\s*\n")


def notice(case: Case, decision: Decision) -> Decision:
    """Marks a person's mail that asks for a call, and invitations outside the call hours. Only where there are call hours."""
    if decision.disposition is Disposition.UNTOUCHED or final_identity(case, decision).call_schedule is None:
        return decision
    if event.is_request(case.message):
        return _invited(case, decision)
    if decision.sender_class in _HUMAN and (language := asks(case.message)):
        return because(decision.doing(AddKeyword(KEYWORD)), ASKED, language)
    return decision


def _invited(case: Case, decision: Decision) -> Decision:
    """A person's, or the calendar's of a client; her own events come back to her as they are."""
    if decision.sender_class not in _HUMAN and not (decision.sender_class is SenderClass.AUTOMATIC and decision.client):
        return decision
    identity = final_identity(case, decision)
    found = event.invitation(case.message, case.owner.timezone, case.now)
    calls = CallHours.of(identity, decision.client, case.overrides)
    if found is None or calls is None or case.own(found.organizer) or not calls.outside(found.spans):
        return decision
    begins = found.spans[0][0].astimezone(case.owner.timezone)
    return because(decision.doing(AddKeyword(KEYWORD)), INVITED, begins.isoformat(timespec="minutes"))


def answer_of(case: Case, decision: Decision, client: Client | None) -> Answer | None:
    """What the invitation that `notice` marked is answered, if the owner wants that.

    Only to the organizer who is the author and the envelope sender too: a forwarded event is somebody else's. Only in the name
    of an address that was invited.
    """
    identity = case.identity
    calls = CallHours.of(identity, client, case.overrides)
    if identity.invitations is Invitations.TAG or calls is None or client is None:
        return None
    if decision.moved_to is not None or not any(one.code == INVITED for one in decision.reasons):
        return None
    found = event.invitation(case.message, case.owner.timezone, case.now)
    if found is None or not case.author or address.normal(found.organizer) != case.author:
        return None
    if address.untagged(case.transaction.mail_from) != case.author:
        return None
    invited = [one for one in found.attendees if (own := case.own(one)) and own.name == identity.name]
    if not invited or found.spans[0][0] <= case.transaction.now:
        return None
    return itip_answer.answer(found, invited[0], identity.invitations, calls, case.transaction.now)


def asked(decision: Decision) -> bool:
    """Whether `notice` found a wish for a call."""
    return any(one.code == ASKED for one in decision.reasons)


def asks(message: Message) -> str:
    """The language in which the subject, or what the person wrote, asks for a call; "" if neither does."""
    subject = encoded_words.decode((message.first("subject") or "")[:_LONGEST])
    answered = subject[:4].lower().startswith(("re:", "aw:", "rv:", "fw:", "fwd"))  # says what somebody else wrote
    return (not answered and wish(subject)) or wish(plain_text(message))


def wish(text: str) -> str:
    """The language of the wish in `text`; "" if there is none. Linear: every pattern is bounded, and so is the text."""
    text = text.lower().replace("’", "'")
    if not any(word in text for word in _ANY):
        return ""
    text = " ".join(_EDGE.sub(" . ", text).split())
    text = _DECOYS.sub("_", _QUOTED.sub("_", text))
    for language, phrase, led in _LANGUAGES:
        for pattern in (phrase, led):
            if any(not _denied(text, one.start("wish")) for one in pattern.finditer(text)):
                return language
    return ""


def _denied(text: str, start: int) -> bool:
    """ "No hace falta que me llames"."""
    return _NEGATED.search(text[max(0, start - 40) : start]) is not None
