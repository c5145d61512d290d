"""Overview: the state of the whole scope on one page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from app.codes import DUPLICATES
from app.desk.credit import amount
from app.desk.opened import Desk, Row, first
from app.formats import modelled
from exposure.results import not_computed
from graph.model import TABLES

SHOWN: Final = 12
"""Rows that each list of the overview shows."""


@dataclass(frozen=True)
class Overview:
    """Counts and totals, and the lists behind them, worst first.

    ``limits`` are breaches and near-breaches, ``large`` the largest exposures with their share of capital,
    ``fresh`` one row a subsidiary with its last delivery, ``duplicate`` the amount counted twice in ``cases``,
    ``changes`` as ``changed`` tells them, ``incomplete`` the subsidiaries that delivered less lately than others,
    ``worst`` whose default alone costs lenders most: ``names``, ``loss``, its ``share`` of capital (None = unknown).
    """

    as_of: str
    version: int
    latest: int
    base: str
    gross: Decimal
    parties: int
    facilities: int
    groups: int
    breaches: int
    near: int
    large_count: int
    duplicate: Decimal
    cases: int
    warnings: dict[str, int]
    duplicates: dict[str, int]
    limits: list[Row]
    large: list[Row]
    fresh: list[Row]
    changes: list[Row]
    change_count: int
    missing: list[str]
    incomplete: list[str]
    worst: Row | None


def overview(desk: Desk) -> Overview:
    """Answer the overview from the kept tables."""
    limits, large, findings = desk.tables["limits"], desk.rows("large_exposures"), desk.tables["findings"]
    line = large.filter(pc.equal(large["listed"], "line"))
    twice = pc.is_in(findings["code"], pa.array(DUPLICATES))
    counted = findings["amount"].filter(pc.and_(twice, pc.not_equal(findings["severity"], "info")))
    changes = desk.tables["changes"]
    whole = desk.summary
    return Overview(
        as_of=whole["as_of"],
        version=desk.version,
        latest=desk.store.latest(),
        base=desk.base,
        gross=Decimal(whole["totals"]["gross"]),
        parties=whole["counts"]["parties"],
        facilities=whole["counts"]["facilities"],
        groups=desk.rows("groups").num_rows,
        breaches=int(pc.sum(limits["breach"]).as_py() or 0),
        near=pc.sum(pc.equal(findings["code"], "limit_near")).as_py() or 0,
        large_count=line.num_rows,
        duplicate=pc.sum(counted).as_py() or Decimal(0),
        cases=len(counted),
        warnings=_by_severity(findings.filter(pc.invert(twice))),
        duplicates=_by_severity(findings.filter(twice)),
        limits=_worst(desk),
        large=_named(desk, first(large, SHOWN, ratio_before="descending")),
        fresh=freshness(desk),
        changes=changed(desk, changes),
        change_count=changes.num_rows,
        incomplete=list(whole["incomplete"]),
        worst=_costliest(desk),
        missing=not_computed(changes) if len(not_computed(changes)) == changes.num_columns else [],
    )


def changed(desk: Desk, table: pa.Table) -> list[Row]:
    """The first changes: ``table`` and ``kind``, key, cells ``before`` and ``after`` by column, the ``party`` it leads to."""
    made = []
    for row in table.slice(0, SHOWN).to_pylist():
        name, _, kind = row["kind"].partition(" ")
        before, after = (json.loads(row[side] or "{}") for side in ("before", "after"))
        key = json.loads(row["subject"]) if row["subject"].startswith("[") else [row["subject"]]
        made.append(
            {"table": name, "kind": kind, "key": [str(k) for k in key if k is not None], "before": before, "after": after,
             "party": _party(desk, name, key, {**before, **after})}
        )  # fmt: skip
    return made


def _party(desk: Desk, table: str, key: list[str | None], cells: Row) -> str:
    """The party that a changed row is about: one of its key or cells, else who owes its facility; empty if none is known."""
    shape = TABLES[table]
    named = [cells.get(c.name) for c in shape.columns if c.ref == "parties"]
    facility = next((k for k, c in zip(key, shape.key, strict=True) if c == "facility_id"), None)
    row = -1 if facility is None else pc.index(desk.text("facilities", "facility_id"), facility).as_py()
    owing = [] if row < 0 else [desk.id(int(desk.snapshot.tables["facilities"]["obligor_id"][row]))]
    return next((p for p in (*key, *owing, *named) if p and desk.number(p) is not None), "")


def _by_severity(findings: pa.Table) -> dict[str, int]:
    """How many findings there are of each severity."""
    return {r["values"]: r["counts"] for r in pc.value_counts(findings["severity"]).to_pylist()}


def _costliest(desk: Desk) -> Row | None:
    """Whose default alone costs lenders most, against the group's Tier 1 (else the sum of the lenders' own)."""
    worst = next(iter(first(desk.tables["ranking"], 1, credit="descending")), None)
    if worst is None or not worst["credit"]:
        return None
    loss = modelled(worst["credit"])
    capital = _capital(desk)
    share = float(loss / capital) if loss and capital else None
    return {
        "party_id": worst["party_id"],
        "names": desk.names(worst["party_id"]),
        "loss": loss,
        "share": share,
    }


def _capital(desk: Desk) -> Decimal | None:
    """Consolidated Tier 1 of the topmost lender, else the sum of own Tier 1; of one lender in its scope."""
    rows = desk.snapshot.tables["lenders"]
    whole, own = (desk.snapshot.in_base("lenders", c).tolist() for c in ("tier1_consolidated", "tier1"))
    if desk.scope.lender:
        at = list(desk.lenders).index(desk.scope.lender)
        return amount(own[at])
    top = [amount(v) for v, parent in zip(whole, rows["parent_id"].tolist(), strict=True) if parent < 0]
    known = [v for v in top if v] or [v for v in map(amount, own) if v]
    return sum(known, Decimal(0)) or None


def _worst(desk: Desk) -> list[Row]:
    """The limits with the highest utilisation, of those at nine tenths or more."""
    table = desk.tables["limits"]
    table = table.filter(pc.greater_equal(table["utilisation"], 0.9))
    return _named(desk, first(table, 2 * SHOWN, utilisation="descending"))


def _named(desk: Desk, rows: list[Row]) -> list[Row]:
    """Rows with the names of their subject and lender."""
    for row in rows:
        row["names"] = desk.group_names(row["subject_id"])
        row["lender"] = desk.lender(row["lender_id"])
    return rows


def freshness(desk: Desk) -> list[Row]:
    """The last delivery of each subsidiary: by, day, days before the as-of date, kind, rows, version."""
    found: dict[str, Row] = {}
    if desk.scope.lender:
        return []
    for delivery in desk.store.reader(desk.version).deliveries():
        rows = sum(delivery.rows.values())
        day = delivery.day
        age = None if day is None else max((desk.snapshot.as_of - day).days, 0)
        found[delivery.by] = {
            "by": delivery.by, "day": day, "age": age, "kind": delivery.kind, "rows": rows,
            "version": delivery.version,
        }  # fmt: skip
    return sorted(found.values(), key=lambda r: (-(r["age"] or 0), r["by"]))
