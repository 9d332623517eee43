"""What a person wrote in a message: its text without quotations, signatures and the notices that companies add below."""

import re
from collections.abc import Iterable, Iterator

from milter.core import mime
from milter.core.first_line import html_lines
from milter.core.message import Message

MOST = 2048  # characters
MOST_LINES = 2000  # looked at: what a person wrote above or between quoted lines is found by then
LONGEST_LINE = 4096  # characters of one line

# RFC 3676 section 4.3, the lines that mailers add, and what stands above a mail that is answered or forwarded.
_DEVICE = r"\b(?:iphone|android|ios|outlook|móvil|mòbil)\b"
_MAILER = rf"(?:enviad[oa]|enviat|sent|envoyé|gesendet|von\ meinem|obt[eé]n(?:er)?|get)\b.{{0,60}}{_DEVICE}"
_ABOVE = r"-{2,}\s*(?:original|mensaje|missatge|mensaxe|mensagem|message|ursprüngliche|forwarded|jatorrizko)"
_SENT = r"(?:enviad[oa]|enviat|sent|envoyé|gesendet|bidalia|data|date|fecha|datum)(?:\ el|\ le)?\s*:\s.*\d"
_END = re.compile(rf"--\ $ | [_=*-]{{10,}}\s*$ | {_MAILER} | {_ABOVE} | {_SENT}", re.I | re.X)

_WROTE = r"escribi[óo] | va\ escriure | wrote | écrit | schrieb | escreveu | escribiu | idatzi\ du"
_ATTRIBUTION = re.compile(rf"[^@]{{0,200}}\S@\S.{{0,200}}:\s*$ | .{{8,200}}\ (?:{_WROTE})\s*:\s*$", re.I | re.X)
_FIELD = re.compile(
    r"(?:de|from|von|nork|para|to|à|an|nori|asunto|assumpte|subject|objet|betreff|assunto|gaia)\s*:\s", re.I
)
_NOTICE = re.compile(
    r"""confiden[ctz] | avis?o?\ legal | avís\ legal | lege[- ]oharra | (?:protecci[óo]n?|proteção|protección)\ de\ da[td]
    | datuen\ babes | \b(?:rgpd|gdpr|lopd|dsgvo)\b | destinatari | empfänger | intended\ (?:for|recipient)
    | antes\ de\ imprimir | abans\ d'imprimir""",
    re.I | re.X,
)


# One of these stands in whatever _NOTICE finds. Looking for them is twenty times as fast, and most lines are no notice.
_NOTICE_WORDS = (
    *("confiden", "legal", "oharra", "prote", "babes", "rgpd", "gdpr", "lopd", "dsgvo", "destinatari", "empfänger"),
    *("intended", "imprimir"),
)


def plain_text(message: Message, most: int = MOST) -> str:
    """At most `most` characters, lines joined by newlines: of the first plain text, else of the HTML; "" if there is none.

    Linear in the part that is looked at, which is capped; never raises.
    """
    shown = [one for one in mime.leaves(message) if not one.attached]
    plain = next((one for one in shown if one.kind == "text/plain"), None)
    if plain and (written := _written(plain.text.splitlines(), most)):
        return written
    html = next((one for one in shown if one.kind == "text/html"), None)
    return _written(html_lines(html.text), most) if html else ""


def _written(lines: Iterable[str], most: int) -> str:
    kept: list[str] = []
    size = 0
    for line in _own_lines(lines):
        kept.append(line)
        size += len(line) + 1
        if size > most:
            break
    return "\n".join(kept).strip()[:most]


def _own_lines(lines: Iterable[str]) -> Iterator[str]:
    """Without quoted lines; down to the first line that ends what the person wrote, if he wrote something above it."""
    begun = False
    for number, line in enumerate(lines):
        if number >= MOST_LINES:
            return
        line = line[:LONGEST_LINE]
        stripped = line.strip()
        if stripped.startswith(">") or _FIELD.match(stripped):
            continue
        if stripped.endswith(":") and _ATTRIBUTION.match(stripped):
            continue
        if begun and (_END.match(line) or _is_notice(stripped)):
            return
        begun = begun or bool(stripped)
        yield stripped


def _is_notice(line: str) -> bool:
    low = line.lower()
    return any(word in low for word in _NOTICE_WORDS) and _NOTICE.search(line) is not None
