"""Rulebook: what the numbers of the rule packs rest on, and the page about them (``docs/rules.md``)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from exposure.rulepack import RulePack, load, packs
from graph.document import grid

_WORDS: Final = Path(__file__).parent / "words"
_INTRO: Final = """\
# The rules

Every number that the engine takes from a regulation or from practice, by rule pack, with what it rests on and
how sure that is. Written by `make docs` from `exposure/rules/*.toml` and `exposure/words/rules.*.toml`: change
those, not this page. A pack takes over the rules of the one that it extends; only its own are listed with it.

- *counts* tells whether a value exactly on the line counts: `from` = it does, `above` = it does not. A limit is
  broken above it, so that 25 % of capital is still allowed.
- *of* names the capital that a share is taken of: `tier1` or `net_capital` of the lender, solo or consolidated.
- An amount with a currency is converted at the rate of the day. Without a rate, what needs it is not tested.
- *sure* is between 0 and 1. Figures below 0.8 should be checked against the legal text before they are relied on;
  the column `confidence` of the result `limits` and the evidence of findings repeat it.
- In books of 10,000 parties and more, `limits` lists regulatory limits only for subjects that owe 2 % of the
  lender's capital or more. No limit is nearly used up below that, and `large_exposures` always has the largest.
- A limit is near from 90 % of it on, in every pack and for internal limits.
"""
_FACTS: Final = """\
## What they rest on

Our own words, not the legal text. Numbers are those of the column *fact*; gaps are facts that no pack needs.
"""


@cache
def facts(language: str) -> Mapping[str, Mapping[str, str]]:
    """``source`` and ``text`` of each fact by its number, in ``en`` or ``zh``."""
    held: dict[str, dict[str, str]] = tomllib.loads((_WORDS / f"rules.{language}.toml").read_text("utf-8"))
    return held


def rules_page() -> str:
    """The page in Markdown: a table a pack, then the facts."""
    parts = [_INTRO, *(text for name in packs() for text in _pack(load(name)))]
    parts += [_FACTS, grid(("fact", "source", "what it says"), _facts("en"))]
    parts += ["## 依据\n", grid(("编号", "来源", "大意"), _facts("zh"))]
    return "\n".join(parts)


def _pack(pack: RulePack) -> Iterator[str]:
    """The section of one pack, with the rules that it states itself."""
    data = pack.own
    yield f"## {pack.name}\n"
    told = f"**{data['title_en']} · {data['title_zh']}.**"
    if "extends" in data:
        told += f" Extends [{data['extends']}](#{data['extends'].lower()})."
    if "replaces" in data:
        told += " Without its " + ", ".join(f"`{name}`" for name in data["replaces"]) + "."
    yield told + "\n"
    rules = [
        (section, name, rule)
        for section, held in data.items()
        if isinstance(held, dict)
        for name, rule in held.items()
    ]
    if rules:
        yield grid(
            ("section", "rule", "value", "of", "counts", "fact", "sure"),
            ((section, f"`{name}`", _value(rule), *_marks(rule)) for section, name, rule in rules),
        )


def _value(rule: Mapping[str, Any]) -> str:
    """The value of a rule as the page shows it."""
    value = rule["value"]
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(v) for v in value)
    if "currency" in rule:
        return f"{rule['currency']} {value:,}"
    return str(value)


def _marks(rule: Mapping[str, Any]) -> tuple[str, ...]:
    """What a share is of, whether the line counts, the fact and the confidence."""
    of = ", ".join(str(rule[name]) for name in ("of", "level") if name in rule)
    return of, str(rule.get("at", "")), str(rule["fact"]), str(rule["confidence"])


def _facts(language: str) -> Iterator[tuple[str, str, str]]:
    """Number, source and text of each fact in their order."""
    for number, fact in sorted(facts(language).items(), key=lambda kv: int(kv[0])):
        yield number, fact["source"], fact["text"]
