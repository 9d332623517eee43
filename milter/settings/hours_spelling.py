"""From opening hours as people write them ("Lu-Vi 16-20", "Mon-Fri 4pm-8pm") to the
grammar: a proposal, never applied."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from milter.settings import hours_words as words

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<always>24\s*/\s*7)
    | (?P<compact>\d{4})(?![\d:.])
    | (?P<hour>\d{1,2})(?:\s?[:.h]\s?(?P<minute>\d{2}))?(?!\d)
      \s*(?P<half>(?:[ap]\.?m\b\.?)|(?:(?:horas|hora|hrs|hs|uhr|h)\b\.?))?
    | (?P<word>[a-z]+)[.:]?
    | (?P<mark>[-,;&/])
    )\s*""",
    re.X,
)
_EXCEPT_HOLIDAYS = re.compile(
    rf",?\s*\(?\b(?:{'|'.join(words.EXCEPT)})\s+(?:los\s+|els\s+|os\s+|les\s+|an\s+)?"
    rf"(?:{'|'.join(sorted(words.PUBLIC_HOLIDAY))})\b\)?"
)
# "25 de diciembre", "1-31 agosto", at the head of a rule: elsewhere a number before a month may be a time.
_DAY_AND_MONTH = re.compile(
    rf"((?:^|[;,])\s*(?:(?:{'|'.join(sorted(words.OFF))})\s+)?(?:(?:el|del?|am|le|du|on|from)\s+)?)"
    r"(\d{1,2})\.?(?:\s*(?:-|al?|bis|to|au|ao)\s*(\d{1,2})\.?)?\s+(?:de\s+|d')?([a-z]{3,})\b"
)
# "de 4 a 8 de la tarde"; twelve at night is the end of the day in some mouths and its beginning in others.
_PART_OF_DAY = re.compile(r"\b((?:1[01]|0?[1-9])(?::\d\d)?)\s*(?:h|horas?)?\s*(?:de|por) la (manana|tarde|noche)\b")


@dataclass(frozen=True)
class _Token:
    """`kind`: day, month, number, time, holiday, off, group, always, range, and, end."""

    kind: str
    text: str
    half: str = ""


@dataclass
class _Rule:
    """One rule while it is put together. `joined`: what stands before it; `closes`: "cerrado" came before its days."""

    joined: str = "; "
    dates: list[str] = field(default_factory=list)
    days: list[str] = field(default_factory=list)
    times: list[str] = field(default_factory=list)
    off: bool = False
    closes: bool = False

    def __str__(self) -> str:
        days = ",".join(self.days)
        return " ".join(
            part for part in (" ".join(self.dates), days, "off" if self.off else ",".join(self.times)) if part
        )

    @property
    def finished(self) -> bool:
        return self.off or bool(self.times)


def propose(expression: str, language: str, accepts: Callable[[str], bool]) -> str | None:
    """The right spelling, if `accepts` (the parser and our own checks) takes it; None when it cannot be guessed."""
    tokens = _tokens(_plain(expression, language), language)
    if not tokens:
        return None
    written = _written(tokens)
    return written if written and accepts(written) else None


def _plain(text: str, language: str) -> str:
    """Lower case, without accents, with plain hyphens; `segunda-feira` is one word, the month stands before its day."""
    plain = "".join(one for one in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(one))
    plain = re.sub("[‐‑‒–—−~]", "-", plain)
    plain = re.sub(r"-feira\b", "", plain)
    plain = " ".join(plain.split())
    for said, meant in words.PHRASES:
        plain = re.sub(said, meant, plain)
    plain = _EXCEPT_HOLIDAYS.sub("; ph off", plain)
    plain = _DAY_AND_MONTH.sub(lambda found: _month_first(found, language), plain)
    return _PART_OF_DAY.sub(lambda found: f"{found[1]}{'am' if found[2] == 'manana' else 'pm'}", plain)


def _month_first(found: re.Match[str], language: str) -> str:
    token = _word(found[4], language)
    if token is None or token.kind != "month":
        return found[0]
    return f"{found[1]}{found[4]} {found[2]}{f'-{found[3]}' if found[3] else ''}"


def _tokens(text: str, language: str) -> list[_Token]:
    """[] if something is not understood."""
    tokens: list[_Token] = []
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if not found or found.end() == position:
            return []
        position = found.end()
        if found["always"]:
            tokens.append(_Token("always", "24/7"))
        elif found["compact"]:
            tokens.append(_Token("time", f"{found['compact'][:2]}:{found['compact'][2:]}"))
        elif found["hour"]:
            tokens.append(_number(found, tokens))
        elif found["word"]:
            token = _word(found["word"], language)
            if found["word"] == "as" and tokens and tokens[-1].kind == "time":
                token = _Token("range", "as")  # "das 9 às 18"
            if token is None:
                return []
            if token.kind != "noise":
                tokens.append(token)
        else:
            mark = found["mark"]
            kind = "end" if mark == ";" else "range" if mark == "-" else "and"
            tokens.append(_Token(kind, mark))
    return tokens


def _number(found: re.Match[str], before: list[_Token]) -> _Token:
    """A day of the month behind a month (`Dec 24-26`), else a time."""
    half = (found["half"] or "").replace(".", "")
    kinds = [one.kind for one in before[-3:]]
    dated = kinds[-1:] == ["month"] or kinds[-3:] == ["month", "number", "range"]
    if dated and not found["minute"] and not half:
        return _Token("number", f"{int(found['hour']):02d}")
    return _Token("time", f"{int(found['hour']):02d}:{found['minute'] or '00'}", half if half in ("am", "pm") else "")


def _word(word: str, language: str) -> _Token | None:
    if day := _day(word, language):
        return _Token("day", day)
    for kind, known in (
        ("range", words.RANGE),
        ("and", words.AND),
        ("noise", words.NOISE),
        ("holiday", words.PUBLIC_HOLIDAY),
        ("off", words.OFF),
    ):
        if word in known:
            return _Token(kind, word)
    if word in words.NOON | words.MIDNIGHT:
        return _Token("time", "12:00" if word in words.NOON else "24:00")
    if word in words.GROUPS:
        return _Token("group", words.GROUPS[word])
    if letters := _letters(word):
        return _Token("group", letters)
    if word in words.ALWAYS:
        return _Token("always", "24/7")
    month = _named(word, words.MONTH_NAMES, words.MONTHS, language, shortest=3)
    return _Token("month", month) if month else None


def _day(word: str, language: str) -> str | None:
    if word.capitalize() in words.DAYS:
        return word.capitalize()
    if found := words.LETTER_GROUPS.get(language, {}).get(word):
        return found
    if len(word) == 1:
        return words.LETTERS.get(word)
    return _named(word, words.DAY_NAMES, words.DAYS, language, shortest=2)


def _letters(word: str) -> str:
    """LMXJV, in the order of the week: "Mo-Fr"; "" for a word."""
    found = [words.DAYS.index(words.LETTERS[one]) for one in word if one in words.LETTERS]
    if len(found) < max(3, len(word)) or found != sorted(set(found)):
        return ""
    if found[-1] - found[0] == len(found) - 1:
        return f"{words.DAYS[found[0]]}-{words.DAYS[found[-1]]}"
    return ",".join(words.DAYS[one] for one in found)


def _named(word: str, names: dict[str, str], codes: tuple[str, ...], language: str, shortest: int) -> str | None:
    """The code of the name that `word` is or begins, the owner's language first: `do` is Sunday in es, not in de."""
    if len(word) < shortest:
        return None
    for one in sorted(names, key=lambda known: known != language):
        fits = [
            code
            for name, code in zip(names[one].split(), codes, strict=True)
            if name.startswith(word) or word == f"{name}s"
        ]
        if len(fits) == 1:
            return fits[0]
    return None


def _written(tokens: list[_Token]) -> str | None:
    rules = [_Rule()]
    index = 0
    while index < len(tokens):
        token, following = tokens[index], tokens[index + 1 : index + 3]
        ranged = len(following) == 2 and following[1].kind == token.kind and _ranges(token, following[0])
        last = following[1] if ranged else None
        if not _put(rules, token, last):
            return None
        index += 3 if last else 1
    # Days without a time would be open day and night: something was not understood.
    return _joined(rules) if all(one.finished or not str(one) for one in rules) else None


def _ranges(first: _Token, between: _Token) -> bool:
    """ "16:00/20:00" is a range too: days are listed with a stroke, times are not."""
    return between.kind == "range" or (first.kind == "time" and between.text == "/")


def _joined(rules: list[_Rule]) -> str:
    filled = [one for one in rules if str(one)]
    return "".join(str(one) if place == 0 else f"{one.joined}{one}" for place, one in enumerate(filled))


def _put(rules: list[_Rule], token: _Token, last: _Token | None) -> bool:
    """Adds a token (`last`: the range up to it) to the rule at hand, or begins the next; False if it fits nowhere."""
    rule = rules[-1]
    span = f"{token.text}-{last.text}" if last else token.text
    match token.kind:
        case "end":
            rules.append(_Rule())
        case "and":
            if rule.finished and not rule.closes:
                rules.append(_Rule(joined=", "))
        case "always":
            rule.times.append("24/7")
        case "off":
            if rule.times:
                rules.append(_Rule())
            rules[-1].off = True
            rules[-1].closes = not (rules[-1].days or rules[-1].dates)
        case "time":
            return last is not None and not rule.off and _put_time(rules, token, last)
        case "month" | "number":
            if rule.finished and not rule.closes:
                rules.append(_Rule())
            dates = rules[-1].dates
            if token.kind == "month" and dates and dates[-1][-1:].isalpha():
                dates[-1] += f",{span}"  # "julio y agosto"
            else:
                dates.append(span)
        case "day" | "group" | "holiday":
            if rule.times and not rule.days and not rule.off and rule.joined == "; ":
                rule.days.append("PH" if token.kind == "holiday" else span)  # "16-20 Lu-Vi": the times came first
                return True
            if rule.finished and not rule.closes:
                rules.append(_Rule())
            rules[-1].days.append("PH" if token.kind == "holiday" else span)
        case _:
            return False
    return True


def _put_time(rules: list[_Rule], first: _Token, last: _Token) -> bool:
    start, end = _clock(first), _clock(last)
    if last.half == "pm" and not first.half and start < 12 * 60 and start + 12 * 60 < end:
        start += 12 * 60  # "4-8pm"
    if not first.half and not last.half and end < start < 12 * 60:
        end += 12 * 60  # "9-5"
    if start >= 24 * 60 or end > 48 * 60:
        return False
    rule = rules[-1]
    if (
        not rule.times
        and rule.joined == ", "
        and not rule.days
        and not rule.dates
        and len(rules) > 1
        and rules[-2].times
    ):
        rules.pop()  # "9-14 y 16-19": one more window of the rule before
        rule = rules[-1]
    if rule.times and not first.half and not last.half and start < end <= 12 * 60 and start < _ended(rule):
        start, end = start + 12 * 60, end + 12 * 60  # "10-2 y 4-8"
    rule.times.append(f"{start // 60:02d}:{start % 60:02d}-{end // 60:02d}:{end % 60:02d}")
    return True


def _ended(rule: _Rule) -> int:
    """When its last window ends, in minutes since midnight."""
    return _clock(_Token("time", rule.times[-1][-5:]))


def _clock(token: _Token) -> int:
    """Minutes since midnight."""
    hour, minute = (int(part) for part in token.text.split(":"))
    if token.half and hour <= 12:
        hour = hour % 12 + (12 if token.half == "pm" else 0)
    return hour * 60 + minute
