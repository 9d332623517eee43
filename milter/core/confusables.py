"""What a word looks like, whatever letters it is written with: `acme`, `асme` (Cyrillic) and `acrne` are drawn alike.

A table of our own for Latin, Cyrillic and Greek: the mail of a freelancer's clients, not all of Unicode (UTS #39).
"""

import unicodedata

LONGEST_LABEL = 63  # RFC 1035 section 2.3.4
_DOUBLES = {
    "a": "аɑα",
    "b": "вьъβƅ",
    "c": "сϲᴄ",
    "d": "ԁđɗ",
    "e": "еєεҽ",
    "f": "ƒ",
    "g": "ɡґ",
    "h": "һнħ",
    "i": "іıιɩї",
    "j": "јϳ",
    "k": "кκĸ",
    "l": "ӏłʟ",
    "m": "мᴍ",
    "n": "пηɴ",
    "o": "оοøσө",
    "p": "рρ",
    "q": "ԛ",
    "r": "гʀ",
    "s": "ѕ",
    "t": "тτ",
    "u": "υʋμц",
    "v": "νѵ",
    "w": "ԝωшѡ",
    "x": "хχ",
    "y": "уүγ",
    "z": "зʐ",
    "ae": "æ",
    "oe": "œ",
}
_PLAIN = str.maketrans({double: plain for plain, doubles in _DOUBLES.items() for double in doubles})
# Greek and Cyrillic capitals that are another Latin letter than their small ones.
_CAPITALS = str.maketrans({"Η": "h", "Ν": "n", "Ρ": "p", "Υ": "y", "Χ": "x", "Β": "b", "Ζ": "z", "Μ": "m"})
_STROKES = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l"})


def plain(text: str) -> str:
    """Small Latin letters for what looks like them, without accents and what cannot be seen. Digits stay."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", text).translate(_CAPITALS).casefold()
    parts = unicodedata.normalize("NFKD", text)
    return "".join(one for one in parts if unicodedata.category(one) not in ("Mn", "Cf")).translate(_PLAIN)


def skeleton(plain_text: str) -> str:
    """Equal for plain texts that a hurried reader takes for one another: 0 o, 1 l i, rn m, vv w."""
    return plain_text.translate(_STROKES).replace("rn", "m").replace("vv", "w")


def unicode_domain(domain: str) -> str:
    """A normal domain as a mail program shows it (A-labels decoded, RFC 5890); broken ones stay as they are."""
    if "xn--" not in domain:
        return domain
    return ".".join(_shown(one) for one in domain.split("."))


def _shown(label: str) -> str:
    if not label.startswith("xn--") or len(label) > LONGEST_LABEL:
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def deletions(word: str) -> set[str]:
    """The word and what is left of it without one letter: two words share one of these if they are one edit apart."""
    return {word, *(word[:index] + word[index + 1 :] for index in range(len(word)))}


def one_edit(one: str, other: str) -> bool:
    """Whether one letter was put in, left out or changed, or two neighbours changed places (Damerau-Levenshtein distance 1)."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1 or one == other:
        return False
    at = next((index for index, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), len(one))
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    swapped = one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
    return swapped or one[at + 1 :] == other[at + 1 :]
