"""Every text in force, tried on every reader there may be, and held against the rules of the voice."""

import html as entities
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from milter.core.owner import Owner, Tone
from milter.core.reply_message import Rendered
from milter.delivery.lint_links import html_links
from milter.delivery.lint_rules import STRANGERS, dated, plainly, said, subject_findings
from milter.delivery.lint_scenes import Said, Scene, scenes
from milter.delivery.lint_words import WORDS
from milter.delivery.render import NEED_OPENING, RenderError, Texts
from milter.delivery.text_source import TextSource, Wrong, take_apart

_TAGS = re.compile(r"<(style|title|script)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_EXTENDS = re.compile(r"\{%-?\s*extends\b")
_BREAKS = re.compile(r"<(?:br|/p|/div|/li|/tr|/h\d)\b[^>]*>\s*", re.IGNORECASE)
WEEK = timedelta(days=7)
_WORD = re.compile(r"\w+")
_SYNTAX = re.compile(r"\{%-?\s*if\b.*\{%-?\s*endif\s*-?%\}|\{\{.*?\}\}|\{%.*?%\}")
_SUBJECT = re.compile(r"subject\s*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """`name` of the file; `line` in it, 0 if the words stand in no text: then they come from the owner's own file."""

    name: str
    line: int
    what: str
    instead: str
    phrase: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """`texts` judged, and in how many `renderings` in all."""

    findings: tuple[Finding, ...]
    texts: int
    languages: tuple[str, ...]
    renderings: int


def lint(owner: Owner, sources: Mapping[str, str], own: Collection[str] = ()) -> Report:
    """`sources` {file name: content}, what is in force for this owner; `own`: the names of those that are his own.

    A text of his own need not know a tone that he never uses. Pure; some seconds for all texts in all languages.
    """
    taken = {name: take_apart(name, source) for name, source in sources.items()}
    findings = {Finding(name, one.line, one.what, one.instead) for name, one in taken.items() if isinstance(one, Wrong)}
    texts = Texts(sources)
    good = [one for one in taken.values() if isinstance(one, TextSource) and one.template != "base"]
    renderings = 0
    for source in good:
        name = f"{source.template}.{source.language}.txt"
        if source.language not in WORDS:
            what = f"nothing is known of what {source.language} may not say"
            findings.add(Finding(name, 1, what, "add a row to milter/delivery/lint_words.py"))
            continue
        search = _Lines(sources, name)
        judged: set[tuple[str, str, str]] = set()
        for tone in Tone:
            binding = tone if name not in own or tone in _tones(owner, source.language) else None
            for scene in scenes(owner, source.template, source.language, tone):
                renderings += 1
                try:
                    rendered = _render(texts, scene)
                except RenderError as error:
                    findings.add(Finding(name, 1, f"cannot be rendered: {error}", "compare it with the shipped text"))
                    continue
                as_read = (rendered.subject, rendered.text, str(binding))
                if as_read not in judged:
                    judged.add(as_read)
                    found = [*_all(rendered, scene, binding, bool(source.html)), *_dated(texts, scene, rendered)]
                    findings |= {search.finding(one) for one in found}
    languages = tuple(sorted({one.language for one in good}))
    return Report(tuple(sorted(findings)), len(good), languages, renderings)


def _render(texts: Texts, scene: Scene) -> Rendered:
    return texts.render(scene.intent, scene.owner, count=scene.count, notifier=scene.notifier, due=scene.due)


def _tones(owner: Owner, language: str) -> set[Tone]:
    """Those that he chose for somebody who reads this language. A language's custom is no choice."""
    readers = [one for one in owner.clients.values() if (one.language or owner.language) == language]
    chosen = (owner.tone, *(one.tone for one in owner.identities), *(one.tone for one in readers))
    return {one for one in chosen if one}


def _all(rendered: Rendered, scene: Scene, tone: Tone | None, own_html: bool) -> Iterator[Said]:
    yield from subject_findings(rendered.subject, scene)
    yield from said(rendered.text, scene, tone=tone)
    if own_html:
        yield from said(_as_text(rendered.html), scene, tone=tone)
        yield from html_links(rendered.html, scene)


def _dated(texts: Texts, scene: Scene, rendered: Rendered) -> Iterator[Said]:
    """Whether the text names the opening shows when the office opens a week later."""
    if scene.intent.opens and scene.intent.template in (*NEED_OPENING, *STRANGERS):
        later = replace(scene, intent=replace(scene.intent, opens=scene.intent.opens + WEEK))
        yield from dated(_render(texts, later).text != rendered.text, scene)


def _as_text(html: str) -> str:
    """The words of a page, a line a block."""
    lines = entities.unescape(_TAGS.sub("", _BREAKS.sub("\n", html))).split("\n")
    return "\n".join(line for one in lines if (line := " ".join(one.split()))) + "\n"


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a text: `fits` what it may become, as far as can be told without rendering it."""

    number: int
    text: str
    words: frozenset[str]
    fits: re.Pattern[str]

    @classmethod
    def of(cls, number: int, text: str) -> "_Line":
        literal = [re.escape(one) for one in _SYNTAX.split(text.strip())]
        return cls(number, text, _words(text), re.compile(".*?".join(literal)))


class _Lines:
    """From words in a finished text back to the line that says them: in the text itself, else in its base."""

    def __init__(self, sources: Mapping[str, str], name: str) -> None:
        language = name.split(".")[1]
        base = f"base.{language}.txt"
        names = [name, *([base] if base in sources and _EXTENDS.search(sources[name]) else [])]
        self._name = name
        self._files = {
            one: [_Line.of(number, line) for number, line in enumerate(plainly(sources[one]).split("\n"), start=1)]
            for one in names
        }

    def finding(self, one: Said) -> Finding:
        what = f'"{one.phrase}" {one.what}' if one.line and one.phrase in one.line else one.what
        if not one.line:
            return Finding(self._name, self._mention(one.phrase), what, one.instead)
        name, line = self._place(one)
        return Finding(name, line, what, one.instead, one.phrase)

    def _place(self, one: Said) -> tuple[str, int]:
        """The line with this phrase that fits the line as read, or shares most words with it: each tone has its own.

        For a phrase that values made, the line that shares half its words; 0 if all of it came from the owner's file.
        """
        start = r"(?<!\w)" if one.phrase[:1].isalnum() else ""
        phrase = re.compile(f"{start}{re.escape(one.phrase)}", re.IGNORECASE)
        read = _words(one.line)

        def nearness(line: _Line) -> tuple[bool, int]:
            return line.fits.fullmatch(one.line) is not None, len(read & line.words)

        for name, lines in self._files.items():
            if found := [line for line in lines if phrase.search(line.text)]:
                return name, max(found, key=nearness).number
        for name, lines in self._files.items():
            nearest = max(lines, key=nearness)
            if 2 * len(read & nearest.words) >= max(1, len(read)):
                return name, nearest.number
        return self._name, 0

    def _mention(self, word: str) -> int:
        """Where the variable or block of that name stands below the subject; 1 if nowhere."""
        body = (line for line in self._files[self._name] if not _SUBJECT.match(line.text))
        return next((line.number for line in body if word and word in line.text), 1)


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower()))
