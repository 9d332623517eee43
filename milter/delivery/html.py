"""HTML from a finished text: the same words, in paragraphs, for mail readers. Nothing is loaded but the owner's logo.

No background and no text colour is set, so that dark and light readers keep their own; only links are coloured.
"""

import re
from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

_URL = re.compile(r"https?://[^\s<>\"'\\]+|[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_TRAILING = ".,;:!?)]»”'"
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_BULLET = "· "
PLAIN_COLOR = "#1a5fb4"


@dataclass(frozen=True, slots=True)
class Look:
    """`hosts`: host names whose links may be clicked, subdomains included; `addresses` that a click may write to.

    `signature`: the line (the owner's name) above whose paragraph the logo stands. `button`: a URL drawn as one, or "".
    """

    language: str
    title: str
    signature: str
    logo: str = ""
    logo_text: str = ""
    color: str = ""
    hosts: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    button: str = ""


def to_html(text: str, look: Look) -> str:
    """A whole document for `text`: empty lines part paragraphs, "· " lines are a list, the footer is small."""
    paragraphs = [one.split("\n") for one in text.strip("\n").split("\n\n")]
    signed = next(
        (number for number, lines in enumerate(paragraphs) if look.signature and look.signature in lines), None
    )
    blocks = []
    for number, lines in enumerate(paragraphs):
        if number == signed:
            blocks += _logo(look)
        small = signed is not None and number > signed
        blocks.append(_paragraph(lines, look, small))
    return document("\n".join(blocks), look)


def document(content: str, look: Look) -> str:
    """`content` in a whole page. Colours for dark readers are the one rule that cannot stand on its element."""
    color = link_color(look.color)
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(look.language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="supported-color-schemes" content="light dark">\n'
        f"<title>{escape(look.title)}</title>\n"
        f"<style>@media (prefers-color-scheme: dark) {{ a.link {{ color: {_lighter(color)} !important; }} }}</style>\n"
        '</head>\n<body style="margin:0;padding:16px;">\n'
        f'<div lang="{escape(look.language)}" style="max-width:600px;font-family:Arial,Helvetica,sans-serif;'
        f'font-size:16px;line-height:1.5;">\n{content}\n</div>\n</body>\n</html>\n'
    )


def link_color(color: str) -> str:
    """The brand's colour if it is one: it goes into a style attribute."""
    return color if _COLOR.fullmatch(color) else PLAIN_COLOR


def _paragraph(lines: list[str], look: Look, small: bool) -> str:
    if all(line.startswith(_BULLET) for line in lines):
        items = "".join(f"<li>{_line(line.removeprefix(_BULLET), look)}</li>" for line in lines)
        return f'<ul style="margin:0 0 16px;padding-left:20px;">{items}</ul>'
    style = "margin:0 0 16px;font-size:13px;opacity:0.75;" if small else "margin:0 0 16px;"
    return f'<p style="{style}">' + "<br>\n".join(_line(line, look) for line in lines) + "</p>"


def _line(line: str, look: Look) -> str:
    parts, position = [], 0
    for found in _URL.finditer(line):
        target = found[0].rstrip(_TRAILING)
        if link := _link(target, look):
            parts += [escape(line[position : found.start()]), link]
            position = found.start() + len(target)
    return "".join([*parts, escape(line[position:])])


def _link(target: str, look: Look) -> str:
    """An anchor for a URL of the owner's hosts or one of his addresses; "" for anything else: it stays plain text."""
    color = link_color(look.color)
    if "://" not in target:
        if target.lower() not in look.addresses:
            return ""
        return f'<a class="link" href="mailto:{escape(target)}" style="color:{color};">{escape(target)}</a>'
    if not is_own(target, look.hosts):
        return ""
    if target == look.button:
        shape = "display:inline-block;padding:8px 16px;border-radius:4px;text-decoration:none;"
        style = f"{shape}background:{color};color:{_ink(color)};"
        return f'<a href="{escape(target)}" style="{style}">{escape(target)}</a>'
    return f'<a class="link" href="{escape(target)}" style="color:{color};">{escape(target)}</a>'


def is_own(url: str, hosts: frozenset[str]) -> bool:
    """Whether a URL leads to one of `hosts` or below it."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").lower()
    except ValueError:
        return False
    # "https://estudio.example@elsewhere.example" names the owner and leads elsewhere.
    if "@" in parts.netloc or parts.scheme not in ("http", "https"):
        return False
    return any(host == one or host.endswith("." + one) for one in hosts)


def _logo(look: Look) -> list[str]:
    if not look.logo.startswith("https://"):
        return []
    style = "max-width:200px;max-height:64px;height:auto;border:0;"
    alt = escape(look.logo_text)
    return [f'<p style="margin:0 0 8px;"><img src="{escape(look.logo)}" alt="{alt}" style="{style}"></p>']


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _lighter(color: str) -> str:
    """Readable on black: halfway to white."""
    return "#" + "".join(f"{(one + 255) // 2:02x}" for one in _rgb(color))


def _ink(color: str) -> str:
    """Black or white, whichever reads better on `color` (WCAG 2.1 relative luminance)."""
    channels = [one / 255 for one in _rgb(color)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if luminance > 0.179 else "#ffffff"
