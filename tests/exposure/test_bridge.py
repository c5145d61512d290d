"""The bridge against the same by hand: every step, the totals, and the facilities behind it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.mitigation.bridge import KINDS, STEPS, bridge
from exposure.report import Analysis
from graph.snapshot import Snapshot
from tests.books import BANK, Row, book, facility, party
from tests.exposure.credit import AS_OF, Credit, csr
from tests.exposure.protected import both, protected_books
from tests.exposure.test_mitigation import covers, pledge

MEMO = [step for step, kind in zip(STEPS, KINDS, strict=True) if kind == "memo"]


def drawn_sets(credit: Credit, data: st.DataObject) -> list[frozenset[str]]:
    groups = st.frozensets(st.sampled_from(credit.names), min_size=1)
    return data.draw(st.lists(groups, min_size=1, max_size=3))


@given(protected_books(), st.data())
def test_every_step_is_what_it_is_by_hand(credit: Credit, data: st.DataObject) -> None:
    made, hand = both(credit)
    sets = drawn_sets(credit, data)
    ptr, members = csr(made.held, sets)
    members = np.where(members < 0, made.held.snapshot.n, members).astype(np.int32)
    found = bridge(made, ptr, members)
    for g, chosen in enumerate(sets):
        told = dict(zip(STEPS, found.amount[g].tolist(), strict=True))
        assert {s: told[s] for s in STEPS if s not in MEMO} == hand.bridge(chosen)


@settings(max_examples=40)
@given(protected_books(), st.data())
def test_it_closes_to_the_cent_and_each_step_names_its_facilities(
    credit: Credit, data: st.DataObject
) -> None:
    made, _ = both(credit)
    ptr, members = csr(made.held, drawn_sets(credit, data))
    members = np.where(members < 0, made.held.snapshot.n, members).astype(np.int32)
    found = bridge(made, ptr, members)
    steps = found.table([f"G:{g}" for g in range(len(ptr) - 1)], credit.pack.name).to_pylist()
    for g in range(len(ptr) - 1):
        rows = [r for r in steps if r["group_id"] == f"G:{g}"]
        at = [r["step"] for r in rows].index("gross")
        assert sum(r["amount"] for r in rows[:at]) == rows[at]["amount"]
        after = [r for r in rows[at:] if r["kind"] == "step"]
        (net,) = [r for r in rows if r["step"] == "net"]
        assert rows[at]["amount"] + sum(r["amount"] for r in after) == net["amount"]
        for r in rows:
            assert r["facility_ids"] == sorted(set(r["facility_ids"]))
            assert bool(r["facility_ids"]) >= bool(r["amount"] and r["kind"] != "total")


def test_a_group_from_nominal_limits_to_net() -> None:
    tables: dict[str, list[Row]] = {
        "lenders": [BANK],
        "parties": [party("A"), party("B"), party("G"), party("X")],
        "ownership": [{"owner_id": "A", "owned_id": "B", "share": "0.6"}],
        "umbrellas": [{"umbrella_id": "U", "limit": 100, "currency": "EUR"}],
        "facilities": [
            facility("F1", "A", 80, 20, umbrella_id="U", ccf="0.5"),
            facility("F2", "B", 70, 30, umbrella_id="U", ccf="0.5"),
            facility("F3", "B", 40, 50, contract_ref="K", cash_collateral=5),
            facility("F4", "B", 40, 45, contract_ref="K"),
            facility("F5", "X", 60, 60),
        ],
        "guarantees": [
            pledge("P", "G", "capped", cap=12),
            pledge("Q", "A"),
            pledge("R", "A", "capped", cap=7),
        ],
        "guarantee_covers": covers("P>F3", "Q>F2", "R>F5"),
    }
    rows = Analysis(Snapshot.of(book(AS_OF, **tables))).table("bridge").to_pylist()
    told = {
        r["step"]: (str(r["amount"]), r["facility_ids"]) for r in rows if r["kind"] != "total" and r["amount"]
    }
    assert told == {
        "nominal_limit": ("230.00", ["F1", "F2", "F3", "F4"]),
        "drawn_above_limit": ("15.00", ["F3", "F4"]),
        "duplicate_records": ("-45.00", ["F4"]),
        "umbrella_overlap": ("-50.00", ["F1", "F2"]),
        "undrawn_not_converted": ("-25.00", ["F1", "F2"]),
        "cash": ("-5.00", ["F3"]),
        "substitution_in": ("7.00", ["F5"]),
        "substitution_out": ("-12.00", ["F3"]),
        "guarantees_inside": ("30.00", ["F2"]),
        "guarantees_outside": ("7.00", ["F5"]),
    }
    totals = {r["step"]: str(r["amount"]) for r in rows if r["kind"] == "total"}
    assert totals == {"gross": "125.00", "net": "115.00"}


owners = st.lists(st.sampled_from("AX"), min_size=1, max_size=6)


@settings(max_examples=30)
@given(owners, st.lists(st.sampled_from([None, "N1", "N2"]), min_size=6, max_size=6), st.data())
def test_credit_counted_twice_is_a_memo_where_members_owe_all_of_it(
    owing: list[str], needs: list[str | None], data: st.DataObject
) -> None:
    """A and B are a group, X is outside; every need takes 10, every asset is worth 15."""
    facilities = [
        facility(f"F{i}", p, 10, 10, purpose_ref=ref, purpose_amount=10)
        for i, (p, ref) in enumerate(zip(owing, needs, strict=False))
    ]
    pledged = data.draw(st.sets(st.tuples(st.sampled_from(["K1", "K2"]), st.integers(0, len(owing) - 1))))
    tables: dict[str, list[Row]] = {
        "lenders": [BANK],
        "parties": [party("A"), party("B"), party("X")],
        "ownership": [{"owner_id": "B", "owned_id": "A", "share": "0.6"}],
        "facilities": facilities,
        "collateral": [{"collateral_id": k, "value": 15, "currency": "EUR"} for k in ("K1", "K2")],
        "pledges": [{"collateral_id": k, "facility_id": f"F{i}"} for k, i in sorted(pledged)],
    }
    rows = Analysis(Snapshot.of(book(AS_OF, **tables))).table("bridge").to_pylist()
    told = {r["step"]: (int(r["amount"]), r["facility_ids"]) for r in rows if r["kind"] == "memo"}
    for step, sets, worth in (
        ("duplicate_credit", [[i for i in range(len(owing)) if needs[i] == n] for n in ("N1", "N2")], 10),
        ("collateral_over_pledged", [[i for k, i in pledged if k == a] for a in ("K1", "K2")], 15),
    ):
        whole = [s for s in sets if len(s) > 1 and all(owing[i] == "A" for i in s)]
        named = sorted({f"F{i}" for s in whole for i in s})
        assert told[step] == (sum(10 * len(s) - worth for s in whole), named)


def test_a_table_of_no_groups_has_no_rows() -> None:
    analysis = Analysis(Snapshot.of(book(AS_OF, lenders=[BANK], parties=[party("A")])))
    assert analysis.table("bridge").num_rows == 0
    assert isinstance(analysis.table("mitigation"), pa.Table)
