"""What an owner reads when his file, or one of his texts, cannot be used: which file, which line, what to write instead."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from milter.core import address, mailboxes, marks
from milter.core.policy import Policy
from milter.core.reply_message import one_line
from milter.delivery import problem_words
from milter.delivery.owner_mail import Letter
from milter.settings.notice import Notice
from milter.settings.values import Problem

MOST = 20  # problems told; a file with more is mended step by step
_POLICY = SMTP.clone(cte_type="7bit", max_line_length=78)


@dataclass(frozen=True, slots=True)
class Words:
    """One language's. `subject` gets {place}, `several` {count}; `place` {file} {line}. `slip*`: nothing is broken."""

    subject: str
    several: str
    place: str
    in_force: str
    left_out: str
    slip_subject: str
    slips: str
    slip_end: str
    what: str
    instead: str
    more: str
    end: str


WORDS = {
    "es": Words(
        subject="Recado: hay un error en {place}",
        several="Recado: hay {count} errores en tus archivos",
        place="{file}, línea {line}",
        in_force="Lo que acabas de guardar tiene un error y no se puede usar. Sigue valiendo tu última versión buena: "
        "no se pierde ningún correo.",
        left_out="Tu archivo tiene un error y no hay ninguna versión buena anterior. Mientras tanto tu correo llega como "
        "siempre, sin etiquetas, sin carpetas y sin respuestas automáticas.",
        slip_subject="Recado: mira esto en {place}",
        slips="Lo que has guardado vale y está en vigor, pero seguramente no hace lo que quieres:",
        slip_end="Si es lo que querías, no tienes que hacer nada.",
        what="Qué pasa: ",
        instead="Qué hacer: ",
        more="Hay más errores; corrige primero estos.",
        end="En cuanto lo guardes bien, entra en vigor solo. Si el error cambia, te volveré a escribir.",
    ),
    "en": Words(
        subject="Recado: there is an error in {place}",
        several="Recado: there are {count} errors in your files",
        place="{file}, line {line}",
        in_force="What you have just saved has an error and cannot be used. Your last good version is still in force: "
        "no mail is lost.",
        left_out="Your file has an error and there is no good version before it. Meanwhile your mail arrives as it comes, "
        "without tags, folders or automatic replies.",
        slip_subject="Recado: have a look at {place}",
        slips="What you have saved is in force, but hardly does what you want:",
        slip_end="If that is what you meant, there is nothing to do.",
        what="What is wrong: ",
        instead="What to do: ",
        more="There are more errors; mend these first.",
        end="Once it is saved without errors it takes effect by itself. If the error changes, I will write again.",
    ),
}


def letter(notice: Notice, policy: Policy, now: datetime) -> Letter:
    """One mail for all that is wrong. `now` aware."""
    words, language = (WORDS[notice.language], notice.language) if notice.language in WORDS else (WORDS["en"], "en")
    owner = policy.owner(notice.owner)
    there = address.split(notice.mailbox)
    mail = EmailMessage(policy=_POLICY)
    mail.set_content(_text(notice, words, language), charset="utf-8", cte="quoted-printable")
    mail["From"] = Address("Recado", *there)
    mail["To"] = Address(one_line(owner.name, 120) if owner else "", *there)
    mail["Subject"] = one_line(_subject(notice, words), 200)
    mail["Date"] = format_datetime(now.astimezone(owner.timezone) if owner else now)
    name = (notice.owner, now.isoformat(), *(str(one) for one in notice.problems))
    mail["Message-ID"] = marks.reply_id(policy.keys, policy.hostname, "notice", *name)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834 section 5
    mail["X-Auto-Response-Suppress"] = "All"
    mail["Content-Language"] = language
    return Letter("notice", notice.owner, notice.mailbox, mail.as_bytes())


def deliverable(notice: Notice) -> bool:
    """Whether there is a mailbox to write to that a header field can hold."""
    return mailboxes.is_address(notice.mailbox) and notice.mailbox.isascii()


def _subject(notice: Notice, words: Words) -> str:
    if not notice.broken:
        return words.slip_subject.format(place=_place(notice.problems[0], words))
    errors = [one for one in notice.problems if not one.warning]
    if len(errors) > 1:
        return words.several.format(count=len(errors))
    return words.subject.format(place=_place(errors[0], words))


def _text(notice: Notice, words: Words, language: str) -> str:
    opening = words.in_force if notice.in_force else words.left_out
    blocks = [opening if notice.broken else words.slips]
    errors_first = sorted(notice.problems, key=lambda one: one.warning)
    blocks += [_block(one, words, language) for one in errors_first[:MOST]]
    if len(notice.problems) > MOST:
        blocks.append(words.more)
    return "\n\n".join([*blocks, words.end if notice.broken else words.slip_end]) + "\n"


def _block(problem: Problem, words: Words, language: str) -> str:
    key = "" if problem.key in ("syntax", "encoding", "file", problem.file.name) else f" ({problem.key})"
    what, instead = problem_words.said(problem, language)
    return f"{_place(problem, words)}{key}\n{words.what}{what}\n{words.instead}{instead}"


def _place(problem: Problem, words: Words) -> str:
    """The owner knows his files by their names; the folder matters only for his own texts."""
    file = problem.file.name if problem.file.suffix == ".toml" else f"{problem.file.parent.name}/{problem.file.name}"
    return words.place.format(file=file, line=problem.line) if problem.line else file
