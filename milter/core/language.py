"""Which of the languages there are texts for a letter is written in, or that it is not sure.

Words that one language has and its neighbour has not decide, never one of them alone: Spanish, Galician, Portuguese and
Catalan share half of theirs. Unsure is an answer: then the owner's own language is used, and no client gets a strange one.
"""

import re

from milter.core.function_words import ENDINGS, GREETINGS, MARKS, WORDS

LANGUAGES = ("ca", "de", "en", "es", "eu", "fr", "gl", "pt")
MOST = 2048  # characters looked at
FIRST = 400  # what a person wrote comes first; the notices that companies add below are often in other languages
LEAD = 2  # points more than the next language
SHARE = 0.25  # of the words known: less is another language, or a list of names
MOST_SHARED = 0.85  # what the next language has of the points of the first

_WORD = re.compile(r"[^\W\d_]+")
_CODE = re.compile(r"\(\)|[;{}]\s*$| [=!<>+-]?= |=>|</")
_HINT_OF_CODE = re.compile(r"[=(;{}<]")  # quick to find missing, and most prose misses all of them
_LONG = 6  # letters of a word whose ending tells


def _by_item(lists: dict[str, str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for language, items in lists.items():
        for one in items.split():
            found.setdefault(one, set()).add(language)
    return {one: frozenset(languages) for one, languages in found.items()}


_WORDS, _ENDINGS = _by_item(WORDS), _by_item(ENDINGS)
_MARKS = _by_item(MARKS)
_LETTERS = {one: languages for one, languages in _MARKS.items() if len(one) == 1}
_GROUPS = {one: languages for one, languages in _MARKS.items() if len(one) > 1}
_LENGTHS = sorted({len(one) for one in _ENDINGS}, reverse=True)


def identify(text: str) -> str | None:
    """One of LANGUAGES, or None if it is none of them or not clear which. Looks at the beginning first. Never raises."""
    text = text[:MOST].lower()
    if _HINT_OF_CODE.search(text):
        text = "\n".join(one for one in text.split("\n") if not _CODE.search(one))
    known = _identify(text[:FIRST]) or (_identify(text) if len(text) > FIRST else None)
    if known is None:
        return None
    first = next((one for one in text.split("\n") if _tells(one)), "")
    points = _points(first, _words(first))
    if max(points.values()) - points[known] >= 1:
        # "Me sale esto:", and then an error message of thirty words: the person's own line outweighs it.
        return _identify(first)
    return known


def _identify(text: str) -> str | None:
    words = _words(text)
    points = _points(text, words)
    (first, most), (_, next_most) = sorted(points.items(), key=lambda one: -one[1])[:2]
    sure = most - next_most >= LEAD and most >= SHARE * len(words) and next_most <= MOST_SHARED * most
    return first if sure and first in LANGUAGES else None


def _points(text: str, words: set[str]) -> dict[str, float]:
    points = dict.fromkeys(WORDS, 0.0)
    for one in words:
        for language in _WORDS.get(one) or _ending(one):
            points[language] += 1
    marks = [_LETTERS[one] for one in _LETTERS.keys() & set(text)]
    marks += [languages for one, languages in _GROUPS.items() if one in text]
    for languages in marks:
        for language in languages:
            points[language] += 1 / len(languages)
    return points


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text))


def _tells(line: str) -> bool:
    """More than a name or a greeting."""
    words = _WORD.findall(line)
    return len(words) > 3 or (len(words) > 1 and words[0] not in GREETINGS)


def _ending(word: str) -> frozenset[str]:
    if len(word) < _LONG:
        return frozenset()
    return next((_ENDINGS[end] for length in _LENGTHS if (end := word[-length:]) in _ENDINGS), frozenset())
