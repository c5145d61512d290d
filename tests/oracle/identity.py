"""Ids judged the same, written as one from the start: row by row, by the definition alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from graph.model import TABLES
from tests.books import Row

Tables = Mapping[str, Sequence[Row]]

BETWEEN = {"members", "ownership", "control", "kin", "dependence", "counterparties", "liabilities"}
ONCE = {"members", "control", "kin", "dependence", "co_obligors", "financials", "ratings"}


def leads(tables: Tables) -> dict[str, str]:
    """The id that counts for each id that gives way."""
    judged = [(str(r["party_id"]), str(r["other_id"]), r["judgement"]) for r in tables.get("same_as", ())]
    sets = [{str(p["party_id"])} for p in tables["parties"]]
    for a, b, judgement in judged:
        one, two = next(s for s in sets if a in s), next(s for s in sets if b in s)
        if judgement == "same" and one is not two:
            one |= two
            sets.remove(two)
    apart = {frozenset((a, b)) for a, b, judgement in judged if judgement == "different"}
    clear = [s for s in sets if not any(frozenset(pair) in apart for pair in combinations(s, 2))]
    return {name: min(s) for s in clear for name in s if name != min(s)}


def one_from_the_start(tables: Tables) -> dict[str, list[Row]]:
    """The tables with one id for each party; judgements are gone."""
    lead = leads(tables)
    made = {}
    for name, rows in tables.items():
        refs = [c.name for c in TABLES[name].columns if c.ref == "parties" or c.name == "party_id"]
        key = TABLES[name].key
        kept: list[tuple[int, Row]] = []
        seen: dict[tuple[object, ...], Row] = {}
        order = sorted(
            enumerate(rows),
            key=lambda ir: (
                sum(ir[1].get(c) in lead for c in refs),
                [str(ir[1].get(c) or "") for c in refs],
                ir[0],
            ),
        )
        for i, row in order:
            new = {k: lead.get(str(v), v) if k in refs else v for k, v in row.items()}
            if name in BETWEEN and new[refs[0]] == new[refs[1]] and row[refs[0]] != row[refs[1]]:
                continue
            first = seen.setdefault(tuple(new.get(k) for k in key), new)
            if name == "parties" and first is not new:
                fill = {k: v for k, v in new.items() if k not in ("uscc", "lei") and first.get(k) is None}
                first.update(fill)  # type: ignore[attr-defined]
            elif first is new or name not in ONCE | {"parties"}:
                kept.append((i, new))
        made[name] = [row for _, row in sorted(kept, key=lambda x: x[0])]
    made.pop("same_as", None)
    return made
