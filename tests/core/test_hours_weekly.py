"""A week that can be said in words, or None where a week does not tell all."""

import pytest

from milter.core.opening_text import weekly_windows

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")

IN_WORDS = {
    "Mo-Fr 16:00-23:30": "Mo,Tu,We,Th,Fr 16:00-23:30",
    "Mo-Fr 16:00-23:30; PH off": "Mo,Tu,We,Th,Fr 16:00-23:30",
    "Mo-Fr 09:00-14:00,16:00-19:00": "Mo,Tu,We,Th,Fr 09:00-14:00 16:00-19:00",
    "Mo-Fr 09:00-14:00, Mo-Fr 16:00-19:00": "Mo,Tu,We,Th,Fr 09:00-14:00 16:00-19:00",
    "Mo-Th 09:00-18:00; Fr 09:00-15:00": "Mo,Tu,We,Th 09:00-18:00; Fr 09:00-15:00",
    "Mo-Fr 09:00-18:00; We 09:00-14:00": "Mo,Tu,Th,Fr 09:00-18:00; We 09:00-14:00",
    "Mo-Fr 09:00-18:00; We off": "Mo,Tu,Th,Fr 09:00-18:00",
    "Tu,Th 17:00-19:00; PH off": "Tu,Th 17:00-19:00",
    "Fr-Su 22:00-04:00": "Fr,Sa,Su 22:00-04:00",
    "10:00-12:00": "Mo,Tu,We,Th,Fr,Sa,Su 10:00-12:00",
    "Sa": "Sa 00:00-00:00",
    'Mo 09:00-10:00 "by appointment; Jan"': "Mo 09:00-10:00",
    "24/7 off": "",
}
NOT_IN_WORDS = [
    "Mo-Fr 09:00-17:00; Jul-Aug Mo-Fr 08:00-15:00",
    "Mo-Fr 09:00-17:00; Dec 24 off",
    "week 1-20 Mo 09:00-10:00",
    "Mo[1] 09:00-10:00",
    "2026 Mo 09:00-10:00",
    "easter off; Mo 09:00-10:00",
    "Mo-Fr 09:00-17:00; PH 10:00-12:00",
    "Mo-Fr,PH 09:00-17:00",
    "Mo-Fr 09:00-17:00; PH -1 day off",
    "Mo 09:00-34:00",
]


@pytest.mark.parametrize(("expression", "words"), IN_WORDS.items())
def test_in_words(expression: str, words: str) -> None:
    rules = weekly_windows(expression)
    assert rules is not None
    assert (
        "; ".join(
            ",".join(DAYS[one] for one in rule.days)
            + "".join(f" {start:%H:%M}-{end:%H:%M}" for start, end in rule.windows)
            for rule in rules
        )
        == words
    )


@pytest.mark.parametrize("expression", NOT_IN_WORDS)
def test_not_in_words(expression: str) -> None:
    assert weekly_windows(expression) is None
