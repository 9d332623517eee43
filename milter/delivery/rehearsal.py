"""What the owner gets in shadow mode: the reply as it would have left, to himself, with one line on top saying so."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape

from milter.core import marks, reply_message
from milter.core.owner import Identity, Owner
from milter.core.policy import Policy
from milter.core.reply_job import ReplyIntent
from milter.core.reply_message import Rendered
from milter.delivery import phrases
from milter.delivery.owner_mail import Letter

FROM = "Recado"
_BODY = re.compile(r"<body\b[^>]*>", re.I)
_STYLE = "margin:0 0 16px;padding:8px 12px;border:1px solid;font-family:Arial,Helvetica,sans-serif;font-size:14px;"


@dataclass(frozen=True, slots=True)
class Words:
    """One language's. `word`: the folder below Recado/ and the mark in the subject. `line` gets {to} {when} {why}."""

    word: str
    line: str
    why: Mapping[str, str]


def _words(word: str, line: str, *why: str) -> Words:
    """`why` in the order of the texts: closed, holiday, vacation, prospect, neutral, wrong-address, call-request,
    pointer."""
    texts = ("closed", "holiday", "vacation", "prospect", "neutral", "wrong-address", "call-request", "pointer")
    return Words(word, line, dict(zip(texts, why, strict=True)))


WORDS = {
    "es": _words(
        "Ensayo", "Ensayo: esto habría salido para {to} {when} ({why}). No se ha enviado nada.",
        "fuera de horario", "festivo", "vacaciones", "alguien nuevo, fuera de horario", "alguien nuevo, cerrado",
        "escribió a tu dirección personal", "pide una llamada, fuera de horario",
        "de tus personas, escribió al trabajo",
    ),
    "en": _words(
        "Rehearsal", "Rehearsal: this would have gone to {to} {when} ({why}). Nothing was sent.",
        "outside office hours", "holiday", "vacation", "somebody new, outside office hours", "somebody new, closed",
        "wrote to your personal address", "asks for a call, outside office hours",
        "one of your people, wrote to your work address",
    ),
    "ca": _words(
        "Assaig", "Assaig: això hauria sortit per a {to} {when} ({why}). No s'ha enviat res.",
        "fora d'horari", "festiu", "vacances", "algú nou, fora d'horari", "algú nou, tancat",
        "va escriure a la teva adreça personal", "demana una trucada, fora d'horari",
        "de la teva gent, va escriure a la feina",
    ),
    "gl": _words(
        "Ensaio", "Ensaio: isto tería saído para {to} {when} ({why}). Non se enviou nada.",
        "fóra de horario", "festivo", "vacacións", "alguén novo, fóra de horario", "alguén novo, pechado",
        "escribiu ao teu enderezo persoal", "pide unha chamada, fóra de horario",
        "da túa xente, escribiu ao traballo",
    ),
    "eu": _words(
        "Entsegua", "Entsegua: hau {to} helbidera bidaliko zen, {when} ({why}). Ez da ezer bidali.",
        "ordutegitik kanpo", "jaieguna", "oporrak", "pertsona berria, ordutegitik kanpo", "pertsona berria, itxita",
        "zure helbide pertsonalera idatzi du", "deia eskatzen du, ordutegitik kanpo",
        "zure lagunen bat, lanera idatzi du",
    ),
    "pt": _words(
        "Ensaio", "Ensaio: isto teria saído para {to} {when} ({why}). Não foi enviado nada.",
        "fora do horário", "feriado", "férias", "alguém novo, fora do horário", "alguém novo, fechado",
        "escreveu para o teu endereço pessoal", "pede uma chamada, fora do horário",
        "dos teus, escreveu para o trabalho",
    ),
    "fr": _words(
        "Essai", "Essai : ceci serait parti à {to} {when} ({why}). Rien n'a été envoyé.",
        "hors horaires", "jour férié", "congés", "quelqu'un de nouveau, hors horaires", "quelqu'un de nouveau, fermé",
        "a écrit à votre adresse personnelle", "demande un appel, hors horaires",
        "un proche, a écrit à votre adresse du travail",
    ),
    "de": _words(
        "Probe", "Probe: Dies wäre {when} an {to} gegangen ({why}). Es wurde nichts verschickt.",
        "außerhalb der Bürozeiten", "Feiertag", "Urlaub", "jemand Neues, außerhalb der Bürozeiten",
        "jemand Neues, geschlossen", "hat an Ihre private Adresse geschrieben", "bittet um einen Anruf",
        "privat, hat an die Arbeitsadresse geschrieben",
    ),
}  # fmt: skip


def folder(owner: Owner) -> str:
    """`Recado/Ensayo`, in the owner's language."""
    return f"{FROM}/{_of(owner).word}"


def letter(
    intent: ReplyIntent, rendered: Rendered, owner: Owner, identity: Identity, policy: Policy, now: datetime
) -> Letter:
    """The rehearsal of `rendered`, which would leave now. Raises NotAddressable, as the reply itself would have.

    To the owner, marked in the subject, and under a Message-ID that the reply never has.
    """
    reply_message.build(intent, rendered, owner, identity, now)
    words, line = _of(owner), _line(intent, owner, now)
    shown = Rendered(
        subject=f"[{words.word}] {rendered.subject}",
        text=f"{line}\n\n{rendered.text}",
        html=_with_line(rendered.html, line),
        to_name=owner.name,
    )
    to_owner = replace(
        intent,
        correspondent=identity.mailbox,
        message_id=marks.reply_id(policy.keys, policy.hostname, "rehearsal", intent.message_id),
    )
    content = reply_message.build(to_owner, shown, replace(owner, name=FROM), identity, now)
    return Letter("rehearsal", owner.id, identity.mailbox, content, folder(owner))


def _of(owner: Owner) -> Words:
    return WORDS.get(owner.language, WORDS["en"])


def _line(intent: ReplyIntent, owner: Owner, now: datetime) -> str:
    words = _of(owner)
    language = owner.language if owner.language in WORDS and owner.language in phrases.LANGUAGES else "en"
    when = phrases.opens_phrase(now, language, owner.timezone, owner.timezone, now)
    return words.line.format(to=intent.correspondent, when=when, why=words.why.get(intent.template, intent.template))


def _with_line(html: str, line: str) -> str:
    """On top of what is shown; an owner's own HTML may have no body element."""
    banner = f'<p style="{_STYLE}">{escape(line)}</p>\n'
    start = _BODY.search(html)
    at = start.end() if start else 0
    return f"{html[:at]}\n{banner}{html[at:].lstrip()}"
