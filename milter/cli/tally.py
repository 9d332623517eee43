"""What a rehearsal adds up to: who wrote, what they would have got, on which days, and why the others got nothing."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime

from milter.cli import report
from milter.core.decision import Decision

BUSIEST = 7  # days shown
UNPROVEN, UNASKED = "reply-withheld-unauthenticated", "not verified"  # the reason, and what it says where nobody looked


@dataclass(slots=True)
class Tally:
    """Counts decisions. `shadow`: replies that were only recorded. `unasked`: withheld for a proof that nobody looked up."""

    messages: int = 0
    skipped: int = 0
    moved: int = 0
    shadow: int = 0
    unasked: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)
    days: Counter[date] = field(default_factory=Counter)
    withheld: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: datetime | None = None
    last: datetime | None = None

    def message(self, at: datetime) -> None:
        self.messages += 1
        self.first = min(self.first or at, at)
        self.last = max(self.last or at, at)

    def decision(self, one: Decision) -> None:
        self.classes[one.sender_class.value if one.sender_class else "to no owner's address"] += 1
        self.moved += one.moved_to is not None
        intent = one.reply
        if intent is None:
            why = report.withheld(one)
            self.withheld[why.text, why.code] += 1
            self.unasked += why.code == UNPROVEN and why.evidence == UNASKED
            return
        self.shadow += intent.shadow
        self.texts[f"{intent.template} ({intent.language})"] += 1
        self.days[intent.not_before.astimezone(one.owner.timezone if one.owner else None).date()] += 1

    def lines(self) -> list[str]:
        """The summary, with its sections."""
        if not self.messages:
            return [f"No messages. {self._skipped()}".rstrip()]
        total = sum(self.texts.values())
        return [
            *report.wrapped(
                "", f"{_many(self.messages, 'message')}{self._span()}. Nothing was sent. {self._skipped()}"
            ),
            "",
            "Who wrote",
            *_counted(self.classes),
            *([f"{self.moved:>7}  of them moved to the other mailbox"] if self.moved else []),
            "",
            f"Replies: {total}" + self._of_days(total),
            *_counted(self.texts),
            *([*report.wrapped("", self._shadowed(total))] if self.shadow else []),
            *self._busiest(),
            "",
            f"No reply: {sum(self.withheld.values())}",
            *(
                line
                for (text, code), count in self.withheld.most_common()
                for line in report.wrapped(f"{count:>7}  ", f"{text} {code}".strip())
            ),
            *(["", *report.wrapped("", self._unasked())] if self.unasked else []),
        ]

    def _span(self) -> str:
        if self.first is None or self.last is None:
            return ""
        first, last = _day(self.first.date()), _day(self.last.date())
        return f", {first}" if first == last else f", {first} to {last}"

    def _skipped(self) -> str:
        return f"{_many(self.skipped, 'file')} could not be read." if self.skipped else ""

    def _of_days(self, total: int) -> str:
        return f", on {_many(len(self.days), 'day')}" if total else ""

    def _shadowed(self, total: int) -> str:
        which = "They are" if self.shadow == total else f"{self.shadow} of them are"
        return f"{which} in shadow: recorded and shown, not sent until replies.mode is live in both files."

    def _unasked(self) -> str:
        return (
            f"In {self.unasked} of them nothing that is believed says who wrote, and a rehearsal asks no DNS: recado serve would. "
            'To see them answered, rehearse with trust = "anyone" in a copy of the files.'
        )

    def _busiest(self) -> list[str]:
        if len(self.days) < 2:
            return [f"{count:>7}  on {_day(day)}" for day, count in self.days.items()]
        chosen = sorted(day for day, _ in self.days.most_common(BUSIEST))
        title = "Replies a day" if len(self.days) <= BUSIEST else f"The {BUSIEST} days with most replies"
        return ["", title, *(f"{self.days[day]:>7}  {_day(day)}" for day in chosen)]


def _counted(counter: Counter[str]) -> list[str]:
    return [f"{count:>7}  {report.plain(name)}" for name, count in counter.most_common()]


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"
