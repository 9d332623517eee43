"""The rules of the voice, one function a rule: what a finished text says that it should not, or does not say that it should.

Each gets the text as a client would read it and yields `Said`. In the text for words and promises the owner's own names,
addresses and links are blanked: what is wrong in them is not the text's fault.
"""

import re
from collections.abc import Iterator
from unicodedata import normalize

from milter.core.owner import Tone
from milter.delivery.lint_links import BLANK, links, without_links
from milter.delivery.lint_scenes import FRIENDLY, NAME, SUBJECT, Said, Scene
from milter.delivery.lint_words import WORDS, Words, times, whole_words
from milter.delivery.render import MOST_WORDS, NEED_OPENING

STRANGERS = ("prospect", "neutral")  # who reads these is told no dates and no other ways
LONGEST_SUBJECT = 50  # characters beside the client's own subject: readers show some 70 in a list
LONGEST_GREETING = 6  # words

_PLACEHOLDER = re.compile(
    r"\{[{%]|[%}]\}|\{\w+\}|\$\{\w*\}?|\$[^\W\d]\w*|\bTODO\b|\bFIXME\b|\bTBD\b|\b(?i:lorem|ipsum)\b|\b[Xx]{3,}\b"
    r"|\[[^\[\]\n]*[^\W\d_][^\[\]\n]*\]|<[^<>@:/\n]*[^\W\d_][^<>@:/\n]*>|_{3,}|\?{3,}|%\(\w+\)[sd]|%[sd]\b|%[^\W\d]\w*%"
)
_SECRET = re.compile(
    r"\b(?:contraseñas?|clave|password|passwd|passphrase|pin|token|api[ _-]?key|contrasenya|clau|contrasinal|pasahitz\w*|senha"
    r"|palavra-passe|mot de passe|passwort|kennwort|iban)\s*(?:[:=]\s*\S+|(?:es|is|é|est|ist|da)\s+(?=\S*\d)\S+)"
    r"|-----BEGIN[^\n]*|\b[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){3,}\b|[?&](?:token|key|secret|password|pass|sig)=\S+"
    r"|://[^/\s:@]+:[^/\s@]+@|(?<![\w/])(?=[^\s/]*\d)(?=[^\s/]*[A-Za-z])[\w+=-]{24,}",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?<!\d)(?<!\d[./-])(?:\d{1,2}|\d{4})([./-])\d{1,2}\1\d{2,4}(?![./-]?\d)|(?<!\d)(?:19|20)\d\d[-–/](?:19|20)\d\d(?!\d)"
)
_TELEPHONE = re.compile(r"(?<![\w,/@=])(?<!\d:)\+?\(?\d(?:[\s().·/-]{0,2}\d){6,}(?!\w)")
_CHANNELS = whole_words("telegram|whatsapp|signal|skype|zoom|messenger|instagram|facebook|linkedin|discord|slack")
_URGENT = re.compile(r"\b(?:URGENTE?|URXENTE|DRINGEND|PREMIAZKO\w*|PRESAKO\w*)\b")
_LEFT_OVER = re.compile(r"\(\s*\)|\s[.,](?!\S)|,\s*[.:;,]|(?<!\.)\.\.(?!\.)|\S {2,}\S|·$|«\s*»|\"\s*\"")
_SENTENCE = re.compile(r"(?:(?<!\d)|(?<=:\d\d))[.!?]\s+")


def plainly(text: str) -> str:
    """With one kind of apostrophe and of space and composed letters, as the rules are written."""
    return normalize("NFC", text).replace("’", "'").replace("\u00a0", " ")


def said(text: str, scene: Scene, *, tone: Tone | None) -> Iterator[Said]:
    """Every finding in a text without its subject. `tone` None: how the reader is addressed is not judged."""
    text = plainly(text)
    blanked = blank(text, scene)
    for line, plain in zip(blanked.split("\n"), text.split("\n"), strict=True):
        yield from _exposed(_without_pages(plain, scene))
        yield from words(line, scene, tone)
        yield from _promises(line, scene)
        yield from _offers(line, plain, scene)
        yield from links(plain, scene)
    yield from _whole(text, scene)


def blank(text: str, scene: Scene) -> str:
    """`text` without what the owner's file says in it."""
    brand = scene.speaker.brand
    booking = scene.speaker.booking
    values = (*scene.channels, booking, brand.website, scene.intent.from_address, brand.name, scene.owner.name, NAME)
    for value in values:
        text = text.replace(value, BLANK) if value else text
    return without_links(text)


def words(line: str, scene: Scene, tone: Tone | None) -> Iterator[Said]:
    """What no text of this language says; also for a subject."""
    row, friendly = WORDS[scene.intent.language], scene.intent.template == FRIENDLY
    rules = [
        (row.days, "is another day when it is read", "name the day: {{ opens }}"),
        (row.reading, "claims what you have or have not read", "leave it out: that it arrived is enough"),
        (row.excuses, "is an excuse", "say only when you are back at your mail"),
        (row.stiff, "is not how one speaks to a client", "say it plainly"),
    ]
    if scene.intent.template != "vacation":
        rules.append((row.away, "is true in the vacation's text alone", "say only when you are back at your mail"))
    for pattern, what, instead in rules[:2] if friendly else rules:
        for found in whole_words(pattern).finditer(line):
            yield Said(found[0], line, what, instead)
    yield from _tone(line, row, None if friendly else tone)
    for plan in scene.owner.plans.values():
        if plan.name and re.search(rf"(?<!\w){re.escape(plan.name)}(?!\w)", line):
            yield Said(plan.name, line, "is the name of a plan", "leave it out: clients do not care how you sort them")
    if "!" in line and not friendly:
        yield Said("!", line, "shouts", "end the sentence with a full stop")
    for found in _PLACEHOLDER.finditer(line):
        yield Said(found[0], line, "is a placeholder", "write what is meant")
    for found in _LEFT_OVER.finditer(line):
        yield Said(found[0], line, "is left over where a value is empty", "put it inside the {% if … %} of that value")


def _tone(line: str, row: Words, tone: Tone | None) -> Iterator[Said]:
    match tone:
        case Tone.FORMAL:
            pattern, what = row.informal, "is informal in a formal text"
        case Tone.INFORMAL:
            pattern, what = row.formal, "is formal in an informal text"
        case _:
            return
    if found := whole_words(pattern).search(line):
        yield Said(found[0], line, what, "write the whole sentence in {% if formal %} … {% else %} … {% endif %}")


def _without_pages(line: str, scene: Scene) -> str:
    """The owner's pages are public, whatever their addresses look like."""
    for page in (scene.speaker.booking, scene.speaker.brand.website):
        line = line.replace(page, BLANK) if page else line
    return line


def _exposed(line: str) -> Iterator[Said]:
    for found in _SECRET.finditer(line):
        yield Said(found[0], line, "looks like a secret", "leave it out: mail is read by others")
    line = _DATE.sub(BLANK, without_links(_SECRET.sub(BLANK, line)))
    for found in _TELEPHONE.finditer(line):
        yield Said(found[0], line, "looks like a telephone number", "leave it out: nobody is to ring when it is closed")


def _promises(line: str, scene: Scene) -> Iterator[Said]:
    """An answer announced for a time. Only `answer_within` promises; "I reply from then on" is none."""
    if scene.due:
        return
    language = scene.intent.language
    row = WORDS[language]
    for sentence in _SENTENCE.split(line):
        for found in whole_words(row.answers).finditer(sentence):
            before, after = sentence[: found.start()], sentence[found.end() :]
            behind, since, _ = _parted(after, row.since)
            if times(language).search(behind) or (
                not (since or _parted(before, row.since)[1]) and times(language).search(before)
            ):
                what = "promises an answer, and no plan here has answer_within"
                yield Said(found[0], line, what, "say when you are back, and that you answer from then on")


def _parted(text: str, since: str) -> tuple[str, str, str]:
    found = whole_words(since).search(text)
    return (text[: found.start()], found[0], text[found.end() :]) if found else (text, "", "")


def _offers(line: str, plain: str, scene: Scene) -> Iterator[Said]:
    """A text offers only what works for this reader."""
    for found in _CHANNELS.finditer(line):
        yield Said(found[0], line, "is offered whatever the client's plan", "write {{ channels }} inside its {% if %}")
    for found in _URGENT.finditer(line) if not scene.notifier else ():
        yield Said(found[0], line, "alerts nobody here", "put the sentence inside {% if urgent %} … {% endif %}")
    if scene.intent.template in (*STRANGERS, "vacation"):
        for one in scene.channels:
            if one in plain:
                yield Said(one, line, "is not for this text: nobody attends to it then", "leave {{ channels }} out")


def _whole(text: str, scene: Scene) -> Iterator[Said]:
    lines = [one.strip() for one in text.strip().split("\n")]
    count = len(text.split())
    if count >= MOST_WORDS:
        yield Said("", "", f"has {count} words ({scene.when})", f"shorten it to less than {MOST_WORDS}")
    if SUBJECT in text:
        yield Said("subject", "", "repeats the client's words", "leave {{ subject }} to the line Subject:")
    if not _greets(lines[0], ",:!" if scene.intent.template == FRIENDLY else ",:"):
        yield Said("greeting", lines[0], "does not begin with a greeting", "keep {% block greeting %} of base")
    if not _says_goodbye(lines, scene.owner.name):
        what = "does not end with a farewell and your name"
        yield Said("farewell", "", what, "keep {% block farewell %} of base, or end with {{ owner_name }}")


def dated(names_opening: bool, scene: Scene) -> Iterator[Said]:
    """Clients read when their mail is attended to again; strangers do not: it tells when nobody is there."""
    template = scene.intent.template
    if template in NEED_OPENING and not names_opening:
        yield Said("opens", "", "does not say when you are back at your mail", "write {{ opens }}")
    if template in STRANGERS and names_opening:
        yield Said("opens", "", "tells strangers when you are away", "leave {{ opens }} out")


def _greets(line: str, ends: str) -> bool:
    return line[-1:] in ends and len(line.split()) <= LONGEST_GREETING


def _says_goodbye(lines: list[str], name: str) -> bool:
    """A short line, and the owner's name behind it, on the same line or alone on the next."""
    names = (name, *name.split()[:1])
    for before, line in zip(["", *lines], lines, strict=False):
        start, comma, end = line.rpartition(",")
        if comma and end.strip() in names and start:
            return True
        if line in names and before and len(before.split()) <= LONGEST_GREETING:
            return True
    return False


def subject_findings(subject: str, scene: Scene) -> Iterator[Said]:
    subject = plainly(subject)
    own = subject.replace(SUBJECT, "").strip()
    line = blank(subject.replace(SUBJECT, BLANK), scene)
    if len(own) > LONGEST_SUBJECT:
        what = f"the subject has {len(own)} characters of its own"
        yield Said("Subject", subject, what, f"shorten it to {LONGEST_SUBJECT}: the client's own stands behind it")
    yield from words(line, scene, None)
    yield from _exposed(line)
    yield from links(line, scene)
