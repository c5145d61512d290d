"""Refusals: what the app does not do is told in the reader's language."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from app.desk.cases import DecisionError
from app.refusals import refusal, worded, words
from graph.errors import KonzernError, OptionError


def places(text: str) -> set[str]:
    """What a sentence has places for."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_have_the_same_sentences_with_the_same_places() -> None:
    english, chinese = words("en"), words("zh")
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert places(text) == places(chinese[key])
        assert re.search("[\u4e00-\u9fff]", chinese[key])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_refusal_is_told_in_the_readers_language_and_raised_in_english(language: str) -> None:
    error = refusal(OptionError, "no_party", party="X")
    assert str(error) == "no party 'X': choose a party of the book"
    assert worded(error, language) == {
        "en": str(error), "zh": "没有主体 'X'：请选择账簿中的主体"
    }[language]  # fmt: skip
    assert worded(refusal(DecisionError, "second_person"), language) == words(language)["second_person"]


def test_an_error_without_a_sentence_is_told_as_it_is() -> None:
    assert worded(KonzernError("as it is"), "zh") == "as it is"
