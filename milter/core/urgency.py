"""What a client calls urgent, weighed: the word or the mark, the plan, and how often it was used this month."""

import re
from datetime import UTC, datetime

from milter.core import encoded_words, lexical, marks, standing
from milter.core.case import Case
from milter.core.decision import AddKeyword, CountUrgent, Decision, Disposition, SenderClass
from milter.core.facts import Missing
from milter.core.message import Message
from milter.core.owner import Client, Trust
from milter.core.reasons import because
from milter.core.reply_job import ClaimKey, ReplyKind

KEYWORD = "$Urgent"
WORDS: dict[str, str] = {
    "ca": "URGENT",
    "de": "DRINGEND",
    "en": "URGENT",
    "es": "URGENTE",
    "eu": "PREMIAZKOA",
    "fr": "URGENT",
    "gl": "URXENTE",
    "pt": "URGENTE",
}
"""Language -> the word of the subject, in capitals, as the texts show it. Any of them counts, whatever the language."""

_LONGEST = 2048  # characters of a subject
_ANY = "|".join(sorted(set(WORDS.values())))
# "No urgente" says the opposite, as do "nicht so dringend" and "no es muy urgente".
_NOT = (
    r"no|non|not|n[ãa]o|ni|nin|nem|nada|poco|pouco|menos|menys|moins|less|least|weniger|sin|sem|sense|ez|pas|gens|nicht|kein|keine"
    r"|isn't|isn’t"
)
_BETWEEN = (
    r"es|[ée]s?|era|sea|seja|sexa|da|est|ist|is|muy|mui|tan|t[ãa]o|nada|demasiado|especialmente|moi|molt|massa|gaire|oso|hain"
    r"|si|tr[èe]s|vraiment|sehr|so|that|very|really|too"
)
_WORD = re.compile(
    rf"(?<![\w-])(?:(?P<denied>{_NOT})[\s-]+(?:(?:{_BETWEEN})\s+){{0,3}})?(?P<word>{_ANY})(?![\w-])(?P<after>\s+ez\b)?",
    re.I,
)
_ANSWER = re.compile(r"\b(?:re|aw|sv|vs|antw|res|rif)\s*(?:\[\d{1,3}\])?\s*[:：]", re.I)
_HIGH = re.compile(r"\s*(?:[12]\b|high|highest|urgent)", re.I)
_FIELDS = ("importance", "x-priority", "x-msmail-priority", "priority")


def weigh(case: Case, decision: Decision) -> Decision:
    """Marks a client's urgent mail and counts it; says why a mail that calls itself urgent is not."""
    client = decision.client
    if decision.sender_class is SenderClass.PROSPECT:
        return _distrusted(case, decision)
    if (
        client is None
        or decision.sender_class is not SenderClass.CLIENT
        or decision.disposition is Disposition.UNTOUCHED
    ):
        return decision
    word, mark = _word(case.message), _mark(case.message)
    if not word and not mark:
        return decision
    said = word or mark
    if word and not mark and _inherited(case, word):
        return because(decision, "urgency-ignored-answer", said)
    if client.plan is None or client.plan.urgent != "notify":
        return because(decision, "urgency-ignored-plan", said)
    if not _proven(case):
        return because(decision, "urgency-ignored-unproven", said)
    return _counted(case, decision, client, "urgency-heeded-word" if word else "urgency-heeded-header", said)


def _distrusted(case: Case, decision: Decision) -> Decision:
    """A stranger's word never counts; of one who deceives, or is known for nothing good, the owner reads why."""
    look_alike, bad = standing.resembles(decision), decision.standing == standing.BAD
    said = (_word(case.message) or _mark(case.message)) if look_alike or bad else ""
    if not said:
        return decision
    return because(decision, "urgency-ignored-look-alike" if look_alike else "urgency-ignored-bad-standing", said)


def _counted(case: Case, decision: Decision, client: Client, code: str, said: str) -> Decision:
    assert client.plan
    count, quota = _count_of(case, client), client.plan.urgent_quota
    known = case.facts.claims
    if isinstance(known, Missing):
        # Once too often is better than a client whose shop is down and nobody looks.
        decision, shown = because(decision, "urgency-unsure-quota", known.why), said
    else:
        used = known[count.key].count if count.key in known else 0
        if used >= quota:
            return because(decision, "urgency-ignored-quota", f"{said}; {used} of {quota} this month")
        shown = f"{said}; {used + 1} of {quota} this month"
    return because(decision.doing(AddKeyword(KEYWORD), count), code, shown)


def _count_of(case: Case, client: Client) -> CountUrgent:
    """A record a client and month of the owner's calendar; the first of next month ends it."""
    first = datetime(case.now.year + case.now.month // 12, case.now.month % 12 + 1, 1, tzinfo=case.owner.timezone)
    month = f"{case.now.year:04}-{case.now.month:02}"
    return CountUrgent(ClaimKey(case.owner.id, "", f"{client.id} {month}", ReplyKind.URGENT), first.astimezone(UTC))


def _proven(case: Case) -> bool:
    """A forged URGENTE must neither wake the owner nor use up the client's."""
    if case.forged:
        return False
    if case.owner.replies.trust is Trust.ANYONE:
        return True
    return case.authentication is not None and case.authentication.author_authenticated


def _subject(message: Message) -> str:
    return encoded_words.decode((message.first("subject") or "")[:_LONGEST])


def _word(message: Message) -> str:
    """The word as the subject writes it; "" if it has none, or denies it."""
    found = (one for one in _WORD.finditer(_subject(message)) if not one["denied"] and not one["after"])
    return next((one["word"] for one in found), "")


def _inherited(case: Case, word: str) -> bool:
    """Whether the word stands behind the mark of an answer, so that it was in the subject before.

    Not in an answer to one of our texts: they ask for exactly that.
    """
    answer = _ANSWER.search(_subject(case.message).partition(word)[0])
    return answer is not None and not marks.answers_ours(case.message, case.policy.keys)


def _mark(message: Message) -> str:
    """RFC 2156 Importance and Priority, and the X- fields of mail programs; "" for none that says high."""
    for name in _FIELDS:
        value = lexical.without_comments(message.first(name) or "")
        if _HIGH.match(value):
            return f"{name.title()}: {value.strip()[:20]}"
    return ""
