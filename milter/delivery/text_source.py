"""The files that freelancers edit: taken apart, and checked before anything is compiled.

What a text may use is listed, not what it may not: variables by their plain names, conditions, blocks, one base.
Without loops, calls, attributes and arithmetic a text always ends, its size is bounded by its source, and there is
nothing to escape from; jinja2's sandbox stands behind as a second wall.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

TEMPLATES = ("closed", "holiday", "vacation", "prospect", "wrong-address", "neutral", "call-request", "pointer")
BLOCKS = ("greeting", "body", "farewell", "brand", "footer")
FILTERS = ("lower", "upper", "trim", "default")
LARGEST = 64 * 1024  # characters of a source, and of what it becomes
DEEPEST = 40  # conditions and blocks inside one another

# Every variable of a text, finished: phrases in the reader's language, "" for nothing to say; numbers; yes or no.
VARIABLES = {
    "subject": "the subject of the message answered, without Re: and Fwd:",
    "name": "the first name the owner gave this address",
    "hours": "the office hours in words",
    "opens": "the next opening, with its on or el",
    "closed": "yes: closed now",
    "due": "until when the plan promises an answer",
    "holiday_day": "the public holiday (several are joined)",
    "Holiday_day": "the same with a capital, for the start of a sentence",
    "holiday_count": "how many public holidays are named",
    "holiday_name": "how people call it",
    "day_off": "the owner's own closed day (several are joined)",
    "Day_off": "the same with a capital",
    "channels": "other ways to reach the owner, by the client's plan",
    "channel_count": "how many",
    "urgent": "yes: an URGENTE of this client alerts the owner",
    "booking": "the booking page",
    "call_hours": "the hours for calls in words, and since when if closures take the next",
    "invited": "yes: an invitation of the client's calendar is answered with no",
    "proposed": "the time for a call that is proposed instead, with its on or el",
    "owner_name": "the owner's name",
    "first_name": "its first word",
    "brand": "the business's name",
    "website": "the website",
    "address": "the address that the reply comes from",
    "count": "how many messages are answered at once",
    "count_words": "the same in words",
    "formal": "yes: usted",
    "is_client": "yes: a client, no: a stranger",
    "opt_out": "yes: the footer tells how to get no more",
}

# A control character that jinja2 takes for a space. It marks the end of each source line that holds template syntax:
# such a line disappears when nothing of it is left, and only then.
MARK = "\x1f"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_NAME = re.compile(r"(?P<template>[a-z][a-z-]*)\.(?P<language>[a-z]{2,3})\.txt")
_HTML = re.compile(r"^--- html ---[ \t]*$", re.M)
_SYNTAX = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.S)
_ONE_BRACE = re.compile(r"\{\s*(\w+)\s*\}+")
# A value outside quotation marks, in a tag whose texts stand for nothing but their place.
_BARE_VALUE = re.compile(r"""<[a-z](?:[^<>"']|"[^"]*"|'[^']*')*?\s([\w-]+)\s*=\s*[^\s"'<>=\0]*\0""", re.I)
_LOOSE_END = re.compile(r"\{\s+%|%\s*\}")
_TAGS = ("if", "elif", "else", "endif", "block", "endblock", "extends")
_TAGS_IN_SPANISH = {
    "si": "if",
    "sino": "else",
    "fin": "endif",
    "finsi": "endif",
    "bloque": "block body",
    "extiende": "extends",
}
_SUBJECT = re.compile(r"subject[ \t]*:", re.I)
_ASUNTO = re.compile(r"(?:asunto|assunto|assumpte|betreff|objet|oggetto|gaia)[ \t]*:", re.I)

_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.CondExpr, nodes.And,
    nodes.Or, nodes.Not, nodes.Compare, nodes.Operand, nodes.Filter, nodes.Block, nodes.Extends,
)  # fmt: skip
_INSTEAD = {
    nodes.For: ("a loop", "write the sentences out"),
    nodes.Getattr: ("a dot behind a variable", "write the variable alone, such as {{ opens }}"),
    nodes.Getitem: ("brackets behind a variable", "write the variable alone, such as {{ opens }}"),
    nodes.Include: ("include", "copy the text in"),
    nodes.Import: ("import", "copy the text in"),
    nodes.FromImport: ("import", "copy the text in"),
    nodes.Macro: ("a macro", "write the sentences out"),
    nodes.Assign: ("set", "write the text where it is needed"),
    nodes.Call: ("a call", "only {{ super() }} may be called, inside a block"),
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong in `line` of a file, and what to write instead."""

    line: int
    what: str
    instead: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}; {self.instead}"


@dataclass(frozen=True, slots=True)
class TextSource:
    """The parts of a file. `text` and `html` begin with as many empty lines as stand before them: line numbers hold.

    `subject` and `html` are "" where the file has none: base's subject, and HTML made from the text.
    """

    template: str
    language: str
    subject: str
    text: str
    html: str


def environment(escaping: bool) -> ImmutableSandboxedEnvironment:
    """jinja2 with nothing in it but the few filters."""
    made = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=escaping, auto_reload=False, cache_size=-1, keep_trailing_newline=True
    )
    made.globals.clear()
    made.tests.clear()
    made.filters = {name: made.filters[name] for name in FILTERS}
    return made


_PLAIN, _ESCAPING = environment(False), environment(True)


@lru_cache(maxsize=256)  # owners share the shipped ones
def take_apart(name: str, source: str) -> TextSource | Wrong:
    """A file by name (`closed.es.txt`) and content, checked whole: a TextSource compiles and names only what exists."""
    file = _NAME.fullmatch(name)
    if not file or file["template"] not in (*TEMPLATES, "base"):
        known = [f"{one}.es.txt" for one in (*TEMPLATES, "base")]
        return Wrong(1, f"there is no text called {name}", f"name the file {_nearest(name, known) or ', '.join(known)}")
    if len(source) > LARGEST:
        return Wrong(1, f"longer than {LARGEST} characters", "shorten the text")
    source = _CONTROL.sub("", source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    if not source.strip():
        return Wrong(1, "there is nothing in it", "write the text, or delete the file: then the shipped text is used")
    parts = _HTML.split(source)
    if len(parts) > 2:
        return Wrong(_line(source, "--- html ---", 1), "a second line --- html ---", "leave one")
    split = _subject(parts[0])
    if isinstance(split, Wrong):
        return split
    subject, text = split
    if not text.strip():
        return Wrong(1, "there is no text in it", "write the text, or delete the file: then the shipped text is used")
    html = "\n" * parts[0].count("\n") + parts[1] if len(parts) == 2 else ""
    taken = TextSource(file["template"], file["language"], subject, _marked(text), html)
    return _check(taken) or taken


def _line(source: str, what: str, occurrence: int) -> int:
    at = -1
    for _ in range(occurrence + 1):
        at = source.find(what, at + 1)
    return source.count("\n", 0, at) + 1


def _subject(source: str) -> tuple[str, str] | Wrong:
    """("Subject's text, unfolded", the text below): RFC 5322 folding, so that a long one may go on, indented."""
    lines = source.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if _ASUNTO.match(lines[first]):
        return Wrong(
            first + 1,
            f"{lines[first].split(':')[0].strip()}: is not understood",
            "write Subject: whatever the language",
        )
    if not _SUBJECT.match(lines[first]):
        return "", source
    end = first + 1
    while end < len(lines) and lines[end].strip() and lines[end][0] in " \t":
        end += 1
    if end < len(lines) and lines[end].strip():
        return Wrong(end + 1, "no empty line behind Subject:", "leave one empty line before the text")
    subject = " ".join([_SUBJECT.sub("", lines[first], count=1), *lines[first + 1 : end]]).strip()
    return subject, "\n" * end + "\n".join(lines[end:])


def _marked(text: str) -> str:
    return "\n".join(f"{line}{MARK}" if "{" in line or "}" in line else line for line in text.split("\n"))


def _check(source: TextSource) -> Wrong | None:
    for part, made in ((source.subject, _PLAIN), (source.text, _PLAIN), (source.html, _ESCAPING)):
        if wrong := _check_part(part, source, made):
            return wrong
    return None


def _check_part(part: str, source: TextSource, made: ImmutableSandboxedEnvironment) -> Wrong | None:
    try:
        tree = made.parse(part)
        if (
            wrong := _first_wrong(tree, source)
            or _left_over(part)
            or (_bare_value(part) if made is _ESCAPING else None)
        ):
            return wrong
        made.compile(part)
    except TemplateSyntaxError as error:
        return Wrong(error.lineno, *_explained(error.message or "cannot be read"))
    except (RecursionError, SyntaxError, MemoryError, TemplateError):
        return Wrong(1, "too deeply nested", "write it simpler")
    return None


def _left_over(part: str) -> Wrong | None:
    """What was meant for us and would be read as it stands: `{ opens }`."""
    plain = _SYNTAX.sub(lambda found: "\n" * found[0].count("\n"), part)
    for found in _ONE_BRACE.finditer(plain):
        if found[1] in VARIABLES:
            line = plain.count("\n", 0, found.start()) + 1
            return Wrong(line, f"{found[0]} would be read as it stands", f"write {{{{ {found[1]} }}}} with two braces")
    if loose := _LOOSE_END.search(plain):
        line = plain.count("\n", 0, loose.start()) + 1
        return Wrong(line, f"{loose[0]} would be read as it stands", "write {% and %} with no space between")
    return None


def _bare_value(html: str) -> Wrong | None:
    """Escaping keeps a client's words within quotation marks; without any, a space in them begins the next attribute."""
    tags = _SYNTAX.sub(lambda found: "\0" * found[0].startswith("{{") + "\n" * found[0].count("\n"), html)
    if found := _BARE_VALUE.search(tags):
        line = tags.count("\n", 0, found.start(1)) + 1
        return Wrong(line, f"{found[1]}= has no quotation marks", f'write {found[1]}="{{{{ … }}}}"')
    return None


def _explained(message: str) -> tuple[str, str]:
    """What jinja2 says, and what to write instead."""
    tag = re.search(r"unknown tag '(\w+)'", message)
    if tag and tag[1] not in _TAGS:
        near = _TAGS_IN_SPANISH.get(tag[1].casefold()) or _nearest(tag[1], list(_TAGS)) or "if closed"
        return f"{{% {tag[1]} %}} is not known", f"write {{% {near} … %}}" if near == "if" else f"write {{% {near} %}}"
    if unclosed := re.search(r"needs to be closed is '(\w+)'", message):
        return f"{{% {unclosed[1]} %}} is not closed", f"write {{% end{unclosed[1]} %}} where it ends"
    if re.search("unexpected char '[“”„«»‘’]", message):
        return "curly quotes do not count here", 'write straight ones, such as "base.es.txt"'
    if twice := re.search(r"block '(\w+)' defined twice", message):
        return f"there are two blocks {twice[1]}", "put both texts into one"
    if "comment" in message:
        return "{# is not closed", "close {# with #}"
    advice = "write {{ opens }} for a variable and {% if closed %} … {% endif %} for a condition"
    return message.partition("\n")[0].rstrip("."), advice


def _first_wrong(tree: nodes.Template, source: TextSource) -> Wrong | None:
    extends = any(isinstance(one, nodes.Extends) for one in tree.body)
    for node, depth in _walk(tree):
        if depth > DEEPEST:
            return Wrong(node.lineno, "too deeply nested", "write it simpler")
        if wrong := _wrong_node(node, source, extends):
            return wrong
    if not extends:
        return None
    for node in tree.body:
        if isinstance(node, nodes.Extends | nodes.Block):
            continue
        stray = _stray(node)
        if stray:
            return Wrong(
                stray,
                "this text is in no block and would never appear",
                "put it between {% block body %} and {% endblock %}",
            )
    return None


def _stray(node: nodes.Node) -> int:
    """The line of the first thing in an extending file's top level that would be dropped, 0 for none."""
    if not isinstance(node, nodes.Output):
        return node.lineno
    line = node.lineno
    for one in node.nodes:
        if not isinstance(one, nodes.TemplateData):
            return one.lineno
        if words := one.data.replace(MARK, " ").strip():
            return line + one.data[: one.data.index(words[0])].count("\n")
        line += one.data.count("\n")
    return 0


def _walk(tree: nodes.Node) -> Iterator[tuple[nodes.Node, int]]:
    """Every node in order, with its depth; without recursion, which a hostile file would exhaust."""
    waiting = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        if not _is_super(node):
            waiting += [(child, depth + 1) for child in reversed(list(node.iter_child_nodes()))]


def _is_super(node: nodes.Node) -> bool:
    return (
        isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "super"
        and not (node.args or node.kwargs or node.dyn_args or node.dyn_kwargs)
    )  # fmt: skip


def _wrong_node(node: nodes.Node, source: TextSource, extends: bool) -> Wrong | None:
    base = f"base.{source.language}.txt"
    match node:
        case nodes.Call() if _is_super(node):
            return None if extends else Wrong(node.lineno, "{{ super() }} has nothing above it", "remove it")
        case nodes.Extends(template=nodes.Const(value=value)) if value == base and source.template != "base":
            return None
        case nodes.Extends():
            return Wrong(
                node.lineno, "only the base of the language may be extended", f'write {{% extends "{base}" %}}'
            )
        case nodes.Block() if node.name not in BLOCKS:
            return Wrong(
                node.lineno,
                f"there is no block {node.name}",
                f"write {_nearest(node.name, BLOCKS) or ', '.join(BLOCKS)}",
            )
        case nodes.Name() if node.name not in VARIABLES:
            near = _nearest(node.name, tuple(VARIABLES))
            return Wrong(
                node.lineno,
                f"there is no {{{{ {node.name} }}}}",
                f"write {{{{ {near} }}}}" if near else f"use one of {', '.join(VARIABLES)}",
            )
        case nodes.Filter() if node.name not in FILTERS:
            return Wrong(node.lineno, f"there is no filter {node.name}", f"only {', '.join(FILTERS)}")
        case _ if not isinstance(node, _ALLOWED):
            what, instead = _INSTEAD.get(type(node), ("a calculation", "use only variables, {% if %} and {% block %}"))
            return Wrong(node.lineno, f"{what} cannot be used in a text", instead)
    return None


def _nearest(name: str, known: tuple[str, ...] | list[str]) -> str:
    return next(iter(get_close_matches(name, known, 1, 0.6)), "")
