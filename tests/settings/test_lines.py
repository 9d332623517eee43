"""In which line a key stands."""

import tomllib

import pytest

from milter.settings.lines import KeyPath, Lines

TEXT = """\
# a remark
name = "Ana"

[identity.studio]
addresses = [
  "a@x.example",
  "[b]",
]
channels = { Telegram = "@a" }
text = \"\"\"
name = 5
[people]
\"\"\"
[identity.studio.dkim]
key_file = ""
[[vacation]]
from = 2026-12-24
[[vacation]]
from = 2027-12-24
[client]
acme.names."laura@acme.example" = "Laura"
"""

EXPECTED: dict[KeyPath, int] = {
    ("name",): 2,
    ("identity", "studio"): 4,
    ("identity", "studio", "addresses"): 8,
    ("identity", "studio", "channels", "Telegram"): 9,
    ("identity", "studio", "text"): 13,
    ("identity", "studio", "dkim"): 14,
    ("identity", "studio", "dkim", "key_file"): 15,
    ("vacation", 0): 16,
    ("vacation", 0, "from"): 17,
    ("vacation", 1, "from"): 19,
    ("client", "acme", "names", "laura@acme.example"): 21,
    ("identity", "studio", "mailbox"): 4,
    ("vacation", 1, "to"): 18,
    ("people",): 1,
    (): 1,
}


def test_lines() -> None:
    lines = Lines(TEXT)
    assert {path: lines.of(path) for path in EXPECTED} == EXPECTED


def test_lines_of_another_system() -> None:
    lines = Lines(TEXT.replace("\n", "\r\n"))
    assert {path: lines.of(path) for path in EXPECTED} == EXPECTED


def test_a_long_address_book_is_not_tried_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    loads = tomllib.loads
    monkeypatch.setattr(tomllib, "loads", lambda text: tried.append(len(text)) or loads(text))
    book = "".join(f'  "p{number}@x.example",\n' for number in range(2000))
    assert Lines(f"[people]\naddresses = [\n{book}]\n[client.acme]\nplan = 1\n").of(("client", "acme", "plan")) == 2005
    assert len(tried) < 50
