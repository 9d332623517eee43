"""The language of a letter: known or unsure, never another one."""

import tomllib
from pathlib import Path

import pytest

from milter.core.function_words import WORDS
from milter.core.language import LANGUAGES, identify

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "languages.toml").read_text("utf-8"))
LONG = [(language, one) for language, cases in CASES.items() for one in cases["long"]]
SHORT = [(language, one) for language, cases in CASES.items() for one in cases["short"]]
KNOWN = {language: language for language in LANGUAGES} | {"none": None}


def test_there_are_cases_for_every_language() -> None:
    assert set(CASES) == {*LANGUAGES, "none"} and set(LANGUAGES) < set(WORDS)
    assert all(len(cases["long"]) + len(cases["short"]) > 20 for cases in CASES.values())


@pytest.mark.parametrize(("language", "text"), LONG)
def test_two_sentences_are_enough(language: str, text: str) -> None:
    assert identify(text) == KNOWN[language]


@pytest.mark.parametrize(("language", "text"), SHORT)
def test_a_line_is_known_or_unsure(language: str, text: str) -> None:
    assert identify(text) in (KNOWN[language], None)
