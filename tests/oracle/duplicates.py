"""Credit counted twice, by comparing every row with every other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from itertools import combinations

from tests.oracle.aggregate import Row, cents

Found = dict[frozenset[str], int]
"""Amount by the ids that a finding is about."""
Tables = Mapping[str, Sequence[Row]]


def counted(tables: Tables) -> dict[str, Row]:
    """Facilities that count."""
    return {str(f["facility_id"]): f for f in tables["facilities"] if f.get("status") != "closed"}


def one_need(tables: Tables) -> Found:
    """Limits for one purpose beyond the smallest amount stated for it."""
    by: dict[object, list[Row]] = {}
    for f in counted(tables).values():
        if str(f.get("purpose_ref") or "").strip():
            by.setdefault(f["purpose_ref"], []).append(f)
    found = {}
    for of in by.values():
        stated = [a for f in of if (a := cents(f.get("purpose_amount"))) is not None]
        beyond = sum(cents(f["limit"]) or 0 for f in of) - min(stated, default=10**12)
        if len(of) > 1 and beyond > 0:
            found[frozenset(str(f["facility_id"]) for f in of)] = beyond
    return found


def _days(f: Row) -> int | None:
    start = f.get("start_date")
    return start.toordinal() if isinstance(start, dt.date) else None


def like(a: Row, b: Row) -> bool:
    """Whether two facilities of one obligor look alike: amounts within a thousandth, starts within a month."""
    x, y = sorted((cents(a["limit"]) or 0, cents(b["limit"]) or 0))
    s, t = _days(a), _days(b)
    dates = (s is None and t is None) or (s is not None and t is not None and abs(s - t) <= 31)
    return (
        a["obligor_id"] == b["obligor_id"]
        and a["currency"] == b["currency"]
        and x > 0
        and (y - x) * 1000 <= y
        and dates
    )


def likenesses(tables: Tables) -> list[set[str]]:
    """Sets of facilities that look alike, directly or by others."""
    sets = [{f} for f in counted(tables)]
    for (i, a), (j, b) in combinations(counted(tables).items(), 2):
        if like(a, b):
            one, two = next(s for s in sets if i in s), next(s for s in sets if j in s)
            if one is not two:
                one |= two
                sets.remove(two)
    return [s for s in sets if len(s) > 1]


def near(tables: Tables) -> Found:
    """Likenesses at several lenders that are not for one purpose."""
    rows, found = counted(tables), {}
    for s in likenesses(tables):
        purposes = {rows[f].get("purpose_ref") for f in s}
        if len({rows[f]["lender_id"] for f in s}) > 1 and not (len(purposes) == 1 and purposes != {None}):
            limits = [cents(rows[f]["limit"]) or 0 for f in s]
            found[frozenset(s)] = sum(limits) - max(limits)
    return found


def records(tables: Tables) -> Found:
    """Facilities that agree in everything, without a contract number, with a date known."""
    keys = ("lender_id", "obligor_id", "limit", "currency", "start_date", "maturity_date", "purpose_ref")
    by: dict[tuple[object, ...], list[Row]] = {}
    for f in counted(tables).values():
        dated = f.get("start_date") or f.get("maturity_date")
        if dated and not str(f.get("contract_ref") or "").strip() and cents(f["limit"]):
            by.setdefault(tuple(cents(f[k]) if k == "limit" else f.get(k) for k in keys), []).append(f)
    found = {}
    for of in by.values():
        if len(of) > 1:
            limits = [cents(f["limit"]) or 0 for f in of]
            found[frozenset(str(f["facility_id"]) for f in of)] = sum(limits) - max(limits)
    return found


def over_pledged(tables: Tables) -> Found:
    """Assets pledged beyond the lowest of their values; one facility once, with its largest pledge."""
    rows = counted(tables)
    name = {
        str(c["collateral_id"]): str(c.get("registry_ref") or c["collateral_id"])
        for c in tables["collateral"]
    }
    value: dict[str, int] = {}
    for c in tables["collateral"]:
        asset, worth = name[str(c["collateral_id"])], cents(c["value"]) or 0
        value[asset] = min(worth, value.get(asset, worth))
    pledged: dict[tuple[str, str], int] = {}
    for p in tables["pledges"]:
        f, asset = str(p["facility_id"]), name[str(p["collateral_id"])]
        if f in rows:
            own = cents(p.get("amount"))
            amount = (cents(rows[f]["drawn"]) or 0) if own is None else own
            pledged[asset, f] = max(amount, pledged.get((asset, f), 0))
    sums = {asset: sum(a for (b, _), a in pledged.items() if b == asset) for asset in value}
    return {frozenset([asset]): sums[asset] - value[asset] for asset in value if sums[asset] > value[asset]}


def beyond_umbrella(tables: Tables) -> Found:
    """Members' limits beyond their umbrella's."""
    found = {}
    for u in tables["umbrellas"]:
        of = [f for f in counted(tables).values() if f.get("umbrella_id") == u["umbrella_id"]]
        beyond = sum(cents(f["limit"]) or 0 for f in of) - (cents(u["limit"]) or 0)
        if of and beyond > 0:
            found[frozenset(str(f["facility_id"]) for f in of)] = beyond
    return found


def one_borrower(tables: Tables) -> Found:
    """Borrowers under several ids at several lenders: limits beside those of the largest id."""
    sets = [{str(p["party_id"])} for p in tables["parties"]]
    different = {
        frozenset((s["party_id"], s["other_id"])) for s in tables["same_as"] if s["judgement"] == "different"
    }
    ties = [(str(s["party_id"]), str(s["other_id"])) for s in tables["same_as"] if s["judgement"] == "same"]
    for a, b in combinations(tables["parties"], 2):
        pair = (str(a["party_id"]), str(b["party_id"]))
        if (
            any(a.get(c) and a.get(c) == b.get(c) for c in ("uscc", "lei"))
            and frozenset(pair) not in different
        ):
            ties.append(pair)
    for a_id, b_id in ties:
        one, two = next(s for s in sets if a_id in s), next(s for s in sets if b_id in s)
        if one is not two:
            one |= two
            sets.remove(two)
    found = {}
    for s in sets:
        of = {p: [f for f in counted(tables).values() if f["obligor_id"] == p] for p in s}
        owing = {p: fs for p, fs in of.items() if fs}
        if len(owing) > 1 and len({f["lender_id"] for fs in owing.values() for f in fs}) > 1:
            sums = [sum(cents(f["limit"]) or 0 for f in fs) for fs in owing.values()]
            found[frozenset(owing)] = sum(sums) - max(sums)
    return found
