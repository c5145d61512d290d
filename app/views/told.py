"""Told: a finding's rule, figures and sentence, the engine's own codes in words of the reader's language."""

from __future__ import annotations

import json
from typing import Any, Final

from app import formats
from app.desk.opened import Row
from app.views.frame import Frame

_KINDS: Final = {
    "basis": "basis",
    "kind": "ring",
    "measure": "measure",
    "missing": "missing",
    "product": "product",
}
"""Figures whose values are codes, by what their words begin with."""
_INSIDE: Final = ("({})", "（{}）", "since {} is", "：{} 未知")
"""How codes stand in sentences of findings: nothing else in them is changed."""


def rule(frame: Frame, said: str | None) -> str:
    """What a finding follows from: a rule pack, or what was tested, of which lender and at which level."""
    if not said:
        return frame.say["every_pack"]
    name, *where = said.split(", ")
    pack, _, code = name.rpartition(" ")
    parts = [pack, frame.word("rule", code)]
    if where:
        lender, *levels = where
        parts.append(frame.say["all_lenders"] if lender == "*" else frame.lenders().get(lender, lender))
        for level in levels:
            scope, _, source = level.partition(" ")
            parts += [frame.say.get(f"level_{scope}") or frame.word("scope", scope), source]
    return " · ".join(p for p in parts if p)


def pack(frame: Frame, row: Row) -> str:
    """The rule of a finding whose sentence does not say it, else nothing."""
    said = row["rule"] or ""
    return "" if not said or said in row["text_en"] else rule(frame, said)


def sentence(frame: Frame, row: Row) -> str:
    """The sentence of a finding, its rule and its codes in words."""
    held: str = row[f"text_{frame.language}"]
    if row["rule"]:
        held = held.replace(row["rule"], rule(frame, row["rule"]))
    for name, value in json.loads(row["evidence"])["figures"].items():
        if name in _KINDS:
            code, word = ", ".join(_each(value)), figure(frame, name, value)
            for around in _INSIDE:
                held = held.replace(around.format(code), around.format(word))
    return held


def figure(frame: Frame, name: str, value: Any) -> str:
    """The value of a named figure: codes as words, a dash for what is not there."""
    if name == "test":
        return rule(frame, str(value))
    if name == "confidence":
        return formats.percent(value, 0)
    said = _each(value)
    if name in _KINDS:
        said = [
            f"{frame.word(_KINDS[name], code)} {more}".strip()
            for code, _, more in (v.partition(" ") for v in said)
        ]
    return frame.say["comma"].join(said) or "–"


def _each(value: Any) -> list[str]:
    """The values of a figure as texts, without those that are not there."""
    return [str(v) for v in (value if isinstance(value, list) else [value]) if v not in (None, "")]
