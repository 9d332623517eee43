"""What an owner reads after he changed his hours by mail: what is in force now, or why nothing was changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from milter.core import address, mailboxes, marks
from milter.core.decision import ChangeHours
from milter.core.hours import Closed
from milter.core.overrides import Override, state_at
from milter.core.owner import Kind, Owner
from milter.core.policy import Policy
from milter.core.reply_message import one_line
from milter.delivery import phrases
from milter.delivery.owner_mail import Letter

_POLICY = SMTP.clone(cte_type="7bit", max_line_length=78)


@dataclass(frozen=True, slots=True)
class Words:
    """One language's. `line` gets {state} {start} {end}; `opens` {opens}; `until` {until}; `why` {said} {why}, one of `whys`."""

    changed: str
    kept: str
    in_force: str
    nothing: str
    line: str
    open: str
    closed: str
    opens: str
    until: str
    is_open: str
    never: str
    why: str
    whys: Mapping[str, str]
    end: str


WORDS = {
    "es": Words(
        changed="Recado: tu horario ha cambiado",
        kept="Recado: tu horario sigue igual",
        in_force="Esto es lo que vale ahora, además de tu horario de siempre:",
        nothing="Vuelve a valer tu horario de siempre.",
        line="- {state}: empieza {start} y acaba {end}",
        open="abierto",
        closed="cerrado",
        opens="Ahora estás cerrado y abres {opens}.",
        until="Ahora estás abierto y cierras {until}.",
        is_open="Ahora estás abierto.",
        never="Ahora estás cerrado y no hay ninguna apertura por delante.",
        why="No se ha cambiado nada. He leído «{said}»: {why}.",
        whys={
            "no-time": "{about} no es una hora. Escribe por ejemplo: hoy cierro 13:00",
            "no-window": "{about} no es una franja. Escribe por ejemplo: hoy abro 10:00-12:00",
            "passed": "{about} ya ha pasado. Para cerrar ahora mismo escribe solo: hoy cierro",
            "no-day": "{about} no es un día. Escribe por ejemplo: vuelvo el lunes, o: vuelvo el 2026-12-01",
            "day-passed": "{about} no está por venir. Para cerrar hoy escribe: hoy cierro",
            "too-far": "{about} queda a más de un año. Apúntalo como [[vacation]] en tu archivo",
            "clock": "el reloj del servidor dice que estamos en {about}. Avisa a quien lo lleva",
            "late": "el correo no es de ahora mismo, y hoy podría ser otro día. Vuelve a enviarlo",
            "nothing": "no sé qué cambia. Escribe por ejemplo: hoy cierro 13:00",
        },
        end="Se acaba solo. Para deshacerlo antes, escríbete «hoy normal» (o «ya estoy», si estabas fuera) y tu clave.",
    ),
    "en": Words(
        changed="Recado: your hours have changed",
        kept="Recado: your hours are as they were",
        in_force="This is in force now, besides your usual hours:",
        nothing="Your usual hours are in force again.",
        line="- {state}: it begins {start} and ends {end}",
        open="open",
        closed="closed",
        opens="You are closed now and open {opens}.",
        until="You are open now and close {until}.",
        is_open="You are open now.",
        never="You are closed now, and there is no opening ahead.",
        why='Nothing was changed. I read "{said}": {why}.',
        whys={
            "no-time": "{about} is no time of day. Write for example: today close 13:00",
            "no-window": "{about} is no window. Write for example: today open 10:00-12:00",
            "passed": "{about} has passed. To close at once write only: today close",
            "no-day": "{about} is no day. Write for example: away until monday, or: away until 2026-12-01",
            "day-passed": "{about} is not to come. To close for today write: today close",
            "too-far": "{about} is more than a year ahead. Enter it as a [[vacation]] in your file",
            "clock": "the server's clock says that this is {about}. Tell whoever runs it",
            "late": "the mail is not of just now, and today might be another day. Send it again",
            "nothing": "it changes nothing that I know of. Write for example: today close 13:00",
        },
        end='It ends by itself. To take it back before, write "today clear" (or "away clear") and your token to yourself.',
    ),
}


def letter(
    hours: ChangeHours, overrides: Sequence[Override], owner: Owner, policy: Policy, message: str, now: datetime
) -> Letter | None:
    """To the owner's business mailbox. `overrides` in force after the change; `message` names the mail that is answered.

    None: there is no mailbox to write to that a header field can hold.
    """
    identity = owner.first(Kind.BUSINESS)
    if identity is None or not mailboxes.is_address(identity.mailbox) or not identity.mailbox.isascii():
        return None
    words, language = (WORDS[owner.language], owner.language) if owner.language in WORDS else (WORDS["en"], "en")
    there = address.split(identity.mailbox)
    mail = EmailMessage(policy=_POLICY)
    mail.set_content(_text(hours, overrides, owner, words, language, now), charset="utf-8", cte="quoted-printable")
    mail["From"] = Address("Recado", *there)
    mail["To"] = Address(one_line(owner.name, 120), *there)
    mail["Subject"] = words.changed if hours.change else words.kept
    mail["Date"] = format_datetime(now.astimezone(owner.timezone))
    mail["Message-ID"] = marks.reply_id(policy.keys, policy.hostname, "hours", owner.id, message, now.isoformat())
    mail["Auto-Submitted"] = "auto-replied"  # RFC 3834 section 5
    mail["X-Auto-Response-Suppress"] = "All"
    mail["Content-Language"] = language
    return Letter("hours", owner.id, identity.mailbox, mail.as_bytes())


def _text(
    hours: ChangeHours, overrides: Sequence[Override], owner: Owner, words: Words, language: str, now: datetime
) -> str:
    blocks: list[str] = []
    if hours.change is None:
        said = one_line(hours.said, 120)
        refused = hours.refused
        why = words.whys.get(refused.code, "{about}").format(about=one_line(refused.about, 60)) if refused else ""
        blocks.append(words.why.format(said=said, why=why))
    if overrides:
        lines = [_line(one, owner, words, language, now) for one in overrides]
        blocks.append("\n".join([words.in_force, *lines]))
    elif hours.change is not None:
        blocks.append(words.nothing)
    blocks.append(_state(overrides, owner, words, language, now))
    return "\n\n".join([*blocks, *([words.end] if overrides else [])]) + "\n"


def _line(one: Override, owner: Owner, words: Words, language: str, now: datetime) -> str:
    start, end = (_moment(each, owner, language, now) for each in (one.start, one.end))
    return words.line.format(state=words.open if one.is_open else words.closed, start=start, end=end)


def _state(overrides: Sequence[Override], owner: Owner, words: Words, language: str, now: datetime) -> str:
    identity = owner.first(Kind.BUSINESS)
    state = state_at(identity.schedule if identity else None, now.astimezone(owner.timezone), overrides)
    if isinstance(state, Closed):
        return words.opens.format(opens=_moment(state.opens, owner, language, now)) if state.opens else words.never
    return words.until.format(until=_moment(state.until, owner, language, now)) if state.until else words.is_open


def _moment(instant: datetime, owner: Owner, language: str, now: datetime) -> str:
    return phrases.opens_phrase(instant, language, owner.timezone, owner.timezone, now)
