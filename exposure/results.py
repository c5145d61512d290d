"""The tables that the engine gives: their columns and types, and how they are built.

Amounts are decimals with 2 places in the base currency, exact shares decimals with 9 places, modelled
figures float64. A column that is not computed yet is null and named in the table's metadata.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.money import NULL

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

ID: Final = pa.string()
IDS: Final = pa.list_(pa.string())
MONEY: Final = pa.decimal128(20, 2)
SHARE: Final = pa.decimal128(19, 9)
MODEL: Final = pa.float64()
COUNT: Final = pa.int64()
FLAG: Final = pa.bool_()

RESULTS: Final[dict[str, dict[str, pa.DataType]]] = {
    "control": {
        "controller_id": ID, "controlled_id": ID, "direct": FLAG, "votes": SHARE, "basis": ID, "ultimate": FLAG,
        "hops": COUNT,
    },
    "votes": {
        "holder_id": ID, "owned_id": ID, "direct": SHARE, "with_controlled": SHARE, "base": SHARE,
    },
    "shares": {
        "owner_id": ID, "owned_id": ID, "direct": SHARE, "integrated": MODEL, "lower": MODEL, "upper": MODEL,
        "corrected": MODEL, "simple_paths": MODEL, "weakest_link": MODEL,
    },
    "power": {"party_id": ID, "owned_id": ID, "index": MODEL, "method": ID},
    "beneficial_owners": {"person_id": ID, "company_id": ID, "share": MODEL, "basis": ID},
    "close_links": {"holder_id": ID, "members": IDS, "kind": ID},
    "groups": {
        "group_id": ID, "source_ids": IDS, "members": COUNT, "exposed_members": COUNT, "gross": MONEY,
        "net": MONEY, "nominal_limit": MONEY, "drawn": MONEY, "duplicates": MONEY, "unknown": COUNT,
        "currency": ID, "pack": ID, "name": ID, "name_en": ID,
    },
    "group_members": {"group_id": ID, "party_id": ID, "via": ID, "depth": COUNT, "pack": ID},
    "party_exposures": {
        "party_id": ID, "lender_id": ID, "gross": MONEY, "net": MONEY, "limit": MONEY, "drawn": MONEY,
        "controlled": MONEY, "attributable": MODEL, "guaranteed": MONEY, "unknown": COUNT, "currency": ID,
    },
    "group_exposures": {
        "group_id": ID, "lender_id": ID, "gross": MONEY, "net": MONEY, "limit": MONEY, "drawn": MONEY,
        "unknown": COUNT, "currency": ID, "pack": ID,
    },
    "mitigation": {
        "facility_id": ID, "guarantee_id": ID, "guarantor_id": ID, "form": ID, "cap": MONEY,
        "recognised": MONEY, "moved": MONEY, "reason": ID, "pack": ID,
    },
    "collateral": {
        "asset_id": ID, "facility_id": ID, "rank": COUNT, "pledged": MONEY, "value": MONEY, "haircut": SHARE,
        "secured": MONEY, "currency": ID,
    },
    "bridge": {
        "group_id": ID, "step": ID, "amount": MONEY, "currency": ID, "facility_ids": IDS, "kind": ID, "pack": ID,
    },
    "limits": {
        "scope": ID, "subject_id": ID, "lender_id": ID, "level": ID, "rule": ID, "limit": MONEY, "value": MONEY,
        "headroom": MONEY, "utilisation": MODEL, "breach": FLAG, "excess": MONEY, "currency": ID, "measure": ID,
        "confidence": MODEL,
    },
    "large_exposures": {
        "subject_id": ID, "lender_id": ID, "gross": MONEY, "net": MONEY, "ratio_before": MODEL,
        "ratio_after": MODEL, "rank": COUNT, "scope": ID, "level": ID, "listed": ID, "currency": ID, "pack": ID,
    },
    "guarantors": {
        "party_id": ID, "given": MONEY, "count": COUNT, "net_assets": MONEY, "ratio": MODEL, "max_call": MONEY,
        "effective_cover": MONEY, "illusory_cover": MONEY, "chain_reach": MONEY, "chain_depth": COUNT,
    },
    "rings": {
        "ring_id": ID, "kind": ID, "members": IDS, "length": COUNT, "amount": MONEY, "cheapest_cut": IDS,
        "cut_cost": MONEY, "cut_bound": MONEY, "worst_loss": MONEY,
    },
    "ranking": {
        "party_id": ID, "rank": COUNT, "loss": MODEL, "credit": MODEL, "guarantee": MODEL, "holding": MODEL,
        "claim": MODEL, "dependence": MODEL, "lenders_hit": COUNT, "failures": COUNT, "rounds": COUNT,
    },
    "findings": {
        "finding_id": ID, "code": ID, "severity": ID, "subject_kind": ID, "subjects": IDS, "amount": MONEY,
        "currency": ID, "rule": ID, "text_en": ID, "text_zh": ID, "evidence": ID,
    },
    "missing": {
        "kind": ID, "subject_id": ID, "owned_id": ID, "lower": MONEY, "upper": MONEY, "lower_share": MODEL,
        "upper_share": MODEL, "facts": IDS, "currency": ID,
    },
    "changes": {"kind": ID, "subject": ID, "before": ID, "after": ID},
}  # fmt: skip
"""Columns and types of every result of ``konzern report``, in the order of the contract."""

RUNS: Final[dict[str, dict[str, pa.DataType]]] = {
    "parties": {
        "party_id": ID, "loss": MODEL, "equity_after": MODEL, "failed": FLAG, "round": COUNT, "call": MODEL,
        "paid": MODEL, "greatest": MODEL, "least": MODEL, "h_original": MODEL, "h_linear": MODEL,
    },
    "edges": {"round": COUNT, "from_id": ID, "to_id": ID, "channel": ID, "amount": MODEL},
    "lenders": {"lender_id": ID, "loss": MODEL},
    "lender_groups": {"lender_id": ID, "group_id": ID, "loss": MODEL},
    "risk": {
        "lender_id": ID, "expected": MODEL, "deviation": MODEL, "var_95": MODEL, "es_95": MODEL, "var_99": MODEL,
        "es_99": MODEL, "var_999": MODEL, "es_999": MODEL,
    },
    "scenarios": {"scenario": COUNT, "lender_id": ID, "loss": MODEL, "defaults": COUNT, "failures": COUNT},
    "reverse": {"step": COUNT, "party_id": ID, "loss": MODEL},
}  # fmt: skip
"""Columns and types of what ``konzern contagion`` writes besides ``findings`` and ``ranking``."""


PIECE: Final = 1 << 18
"""Rows that large results are made of at a time, so that no more of them are held."""


def decimals(units: Int64, kind: pa.DataType) -> pa.Array:
    """Whole units as Arrow decimals of that type, NULL as null: no text, no rounding.

    >>> decimals(np.array([12345, NULL], np.int64), MONEY).to_pylist()
    [Decimal('123.45'), None]
    """
    words = np.empty((len(units), 2), np.int64)
    words[:, 0] = units
    words[:, 1] = units >> 63
    known = units != NULL
    mask = None if known.all() else pa.array(known).buffers()[1]
    return pa.Array.from_buffers(kind, len(units), [mask, pa.py_buffer(words)])


def ids(names: pa.Array, numbers: Int32) -> pa.Array:
    """Text of numbered parties, lenders, ...; null for a negative number."""
    taken = pa.array(numbers, mask=numbers < 0) if len(numbers) and numbers.min() < 0 else pa.array(numbers)
    return pc.take(names, taken)


def constant(value: str | None, n: int) -> pa.Array:
    """One text n times."""
    return pa.nulls(n, pa.string()) if value is None else pa.repeat(pa.scalar(value, pa.string()), n)


def result(name: str, /, **columns: pa.Array) -> pa.Table:
    """The result table of that name; columns not given are null and named ``not_computed`` in the metadata.

    Raises ``KeyError`` for a column that the result does not have.
    """
    types = RESULTS[name] if name in RESULTS else RUNS[name]
    for column in columns:
        if column not in types:
            raise KeyError(f"{name}.{column}")
    n = len(next(iter(columns.values()))) if columns else 0
    arrays = [columns[c].cast(t) if c in columns else pa.nulls(n, t) for c, t in types.items()]
    absent = ",".join(c for c in types if c not in columns)
    schema = pa.schema(list(types.items()), metadata={"not_computed": absent} if absent else None)
    return pa.Table.from_arrays(arrays, schema=schema)


def not_computed(table: pa.Table) -> list[str]:
    """Columns of a result table that are null because nothing computes them yet."""
    held = (table.schema.metadata or {}).get(b"not_computed", b"").decode()
    return held.split(",") if held else []
