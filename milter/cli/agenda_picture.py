"""The agenda drawn: lines of characters for the terminal, rectangles for SVG. Every kind has its own character and colour."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from rich.console import Console
from rich.text import Text

from milter.core.agenda import CELLS, Cell, Day
from milter.core.hours import Holiday
from milter.delivery.holiday_names import holiday_name

# character, style in the terminal, colour in SVG
LOOK = {
    Cell.OPEN: ("█", "green", "#2e9e5b"),
    Cell.CALL: ("◆", "bold cyan", "#1b8fb5"),
    Cell.FOCUS: ("▒", "magenta", "#9b59b6"),
    Cell.CLOSED: ("·", "dim", "#ececec"),
    Cell.CLOSED_CALL: ("◇", "cyan", "#a9d8e8"),
    Cell.CLOSED_FOCUS: ("░", "magenta", "#dcc6e6"),
    Cell.HOLIDAY: ("×", "red", "#e08283"),
    Cell.DAY_OFF: ("-", "yellow", "#f0c75e"),
    Cell.VACATION: ("~", "blue", "#8fb4de"),
    Cell.BUSY: ("/", "yellow", "#c9a227"),
    Cell.CHANGED: ("!", "bold red", "#d35400"),
    Cell.GAP: (" ", "default", "#ffffff"),
}
WORDS = {
    "en": {
        Cell.OPEN: "open", Cell.CALL: "open, calls", Cell.FOCUS: "open, focus", Cell.CLOSED: "closed",
        Cell.HOLIDAY: "holiday", Cell.DAY_OFF: "day off", Cell.VACATION: "vacation", Cell.BUSY: "busy",
        Cell.CHANGED: "closed for now", Cell.GAP: "skipped", Cell.CLOSED_CALL: "closed, calls", Cell.CLOSED_FOCUS: "closed, focus",
    },
    "es": {
        Cell.OPEN: "abierto", Cell.CALL: "abierto, llamadas", Cell.FOCUS: "abierto, concentración", Cell.CLOSED: "cerrado",
        Cell.HOLIDAY: "festivo", Cell.DAY_OFF: "día suelto", Cell.VACATION: "vacaciones", Cell.BUSY: "ocupado",
        Cell.CHANGED: "cerrado por ti", Cell.GAP: "no existe", Cell.CLOSED_CALL: "cerrado, llamadas",
        Cell.CLOSED_FOCUS: "cerrado, concentración",
    },
}  # fmt: skip
WEEKDAYS = {"en": ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"), "es": ("lu", "ma", "mi", "ju", "vi", "sá", "do")}
CLOCKS = {"en": "clocks change: {hours:g} h", "es": "cambio de hora: {hours:g} h"}
WHOLE_DAY = (Cell.HOLIDAY, Cell.DAY_OFF, Cell.VACATION)
NOTE = 22  # characters that are left beside a day on 80 columns
_LEFT, _TOP, _WIDE, _HIGH, _RIGHT = 110, 44, 10, 18, 230  # of the SVG, in pixels


@dataclass(frozen=True, slots=True)
class Picture:
    """`language` of the owner; `country` whose holidays they are."""

    title: str
    language: str
    country: str
    days: tuple[Day, ...]

    @property
    def heading(self) -> str:
        return f"{self.title}, {self.days[0].day} – {self.days[-1].day}"

    @property
    def words(self) -> str:
        return self.language if self.language in WORDS else "en"


def closure(day: Day) -> str | None:
    """What closes the whole day; None if nothing does."""
    kinds = {one for one in day.cells if one is not Cell.GAP}
    whole = next((one for one in WHOLE_DAY if one in kinds and not kinds & {Cell.OPEN, Cell.CALL, Cell.FOCUS}), None)
    return whole.value if whole else None


def note(day: Day, words: str, country: str) -> str:
    """The change of clocks, the holiday as people call it, the vacation."""
    said = [CLOCKS[words].format(hours=day.hours)] if day.hours != 24 else []
    if day.holiday:
        said.append(holiday_name(Holiday(day.day, day.holiday), words, country) or day.holiday)
    kind = closure(day)
    if kind in (Cell.VACATION, Cell.DAY_OFF):
        said.append(WORDS[words][Cell(kind)])
    return ", ".join(said)


def draw(picture: Picture, console: Console) -> None:
    """For 80 columns; one line a day, a character each half hour."""
    words = picture.words
    console.print(Text(picture.heading, style="bold"))
    scale = "".join(f"{hour:<6}" for hour in range(0, 24, 3))
    console.print(Text(f"{'':8} {scale}", style="dim"))
    for number, day in enumerate(picture.days):
        if number and day.day.weekday() == 0:
            console.print()
        line = Text(f"{_date(day, words)} ")
        for cell in day.cells:
            character, style, _ = LOOK[cell]
            line.append(character, style=style)
        said = note(day, words, picture.country)
        room = max(console.width - len(line.plain) - 1, NOTE)
        line.append(f" {said if len(said) <= room else said[: room - 1] + '…'}" if said else "")
        console.print(line, soft_wrap=True)
    console.print()
    legend = Text()
    for cell in _used([picture]):
        character, style, _ = LOOK[cell]
        legend.append(character, style=style)
        legend.append(f" {WORDS[words][cell]}   ")
    console.print(legend)


def as_svg(pictures: Sequence[Picture]) -> str:
    """One picture below the other."""
    parts: list[str] = []
    top = 0
    wide = _LEFT + CELLS * _WIDE + _RIGHT
    for one in pictures:
        parts += _block(one, top)
        top += _TOP + _HIGH * len(one.days) + 48
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{top}" viewBox="0 0 {wide} {top}"'
    body = "\n".join(parts)
    return f'{head} font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'


def _block(picture: Picture, top: int) -> list[str]:
    words = picture.words
    parts = [_said(8, top + 18, picture.heading, ' font-weight="bold"')]
    parts += [_said(_LEFT + hour * 2 * _WIDE, top + _TOP - 6, f"{hour}", ' fill="#777"') for hour in range(0, 24, 3)]
    for number, day in enumerate(picture.days):
        y = top + _TOP + number * _HIGH
        parts.append(_said(8, y + 13, _date(day, words)))
        for start, end, cell in _runs(day.cells):
            box = f'x="{_LEFT + start * _WIDE}" y="{y}" width="{(end - start) * _WIDE}" height="{_HIGH - 2}"'
            name = escape(WORDS[words][cell])
            parts.append(
                f'<rect {box} fill="{LOOK[cell][2]}"><title>{name}, {_clock(start)}-{_clock(end)}</title></rect>'
            )
        parts.append(_said(_LEFT + CELLS * _WIDE + 8, y + 13, note(day, words, picture.country)))
    y, x = top + _TOP + len(picture.days) * _HIGH + 14, _LEFT
    for cell in _used([picture]):
        name = WORDS[words][cell]
        parts.append(f'<rect x="{x}" y="{y}" width="12" height="12" fill="{LOOK[cell][2]}" stroke="#999"/>')
        parts.append(_said(x + 18, y + 11, name))
        x += 34 + 7 * len(name)
    return parts


def _used(pictures: Sequence[Picture]) -> list[Cell]:
    there = {cell for picture in pictures for day in picture.days for cell in day.cells}
    return [one for one in Cell if one in there]


def _runs(cells: Sequence[Cell]) -> list[tuple[int, int, Cell]]:
    runs: list[tuple[int, int, Cell]] = []
    for place, cell in enumerate(cells):
        if runs and runs[-1][2] is cell:
            runs[-1] = runs[-1][0], place + 1, cell
        else:
            runs.append((place, place + 1, cell))
    return runs


def _date(day: Day, words: str) -> str:
    return f"{WEEKDAYS[words][day.day.weekday()]} {day.day:%d/%m}"


def _clock(cell: int) -> str:
    return f"{cell // 2:02}:{cell % 2 * 30:02}"


def _said(x: int, y: int, text: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}"{more}>{escape(text)}</text>' if text else ""
