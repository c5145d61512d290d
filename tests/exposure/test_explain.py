"""Explanations of the sample: every figure of every table follows from the lines that its explanation lists."""

from __future__ import annotations

import csv
import math
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import combinations

import pytest

from app.source import SAMPLE
from exposure.explain import explain
from exposure.report import Analysis, Request
from exposure.statement import Line
from graph.errors import OptionError
from graph.snapshot import Snapshot
from tests.books import book, facility, party
from tests.exposure.told import amount, each, rows, sample, told


def test_every_line_follows_from_those_below_it() -> None:
    subjects = {r["party_id"] for r in rows("party_exposures")} | {r["group_id"] for r in rows("groups")}
    subjects |= {r["ring_id"] for r in rows("rings")} | {r["guarantee_id"] for r in rows("mitigation")}
    subjects |= set(sample().snapshot.tables["facilities"].text("facility_id").to_pylist()[::5])
    for subject in sorted(subjects):
        lines = told(subject)
        assert all(line.replayed() for line in lines), subject
        assert explain(sample(), subject).text("zh")


def test_an_amount_beyond_what_a_float_holds_is_explained_to_the_cent() -> None:
    line = Line("own", amount=9007199254740993)
    assert "90,071,992,547,409.93" in line.sentence("en")
    assert line.as_dict("en")["amount"] == "90071992547409.93"


def test_limits_replay_from_the_facilities_that_they_count() -> None:
    for r in rows("limits"):
        if r["value"] is None:
            continue
        lines = [
            line
            for line in each(told(r["subject_id"]), "limit")
            if (line.places["limit_rule"], line.places["lender"], line.places["level"], line.places["scope"])
            == (r["rule"], r["lender_id"] or "", r["level"] or "", r["scope"])
        ]
        assert len(lines) == 1, r
        value, ceiling = lines[0].below
        assert (amount(value), amount(ceiling)) == (r["value"], r["limit"])
        assert value.replayed()
        assert value.rule == "sum"


def test_guarantors_replay_from_their_guarantees() -> None:
    for r in rows("guarantors"):
        lines = told(r["party_id"])
        found = {
            key: [amount(line) for line in each(lines, key)]
            for key in ("given", "max_call", "effective", "illusory")
        }
        assert r["given"] is None or found["given"] == [r["given"]]
        assert found["max_call"] == ([] if r["max_call"] is None else [r["max_call"]])
        assert found["effective"] == ([] if r["effective_cover"] is None else [r["effective_cover"]])
        assert found["illusory"] == ([] if r["illusory_cover"] is None else [r["illusory_cover"]])


def test_what_guarantees_move_replays_facility_by_facility() -> None:
    moved: dict[str, Decimal] = {}
    for r in rows("mitigation"):
        if r["pack"] == "CN-LE":
            moved[r["guarantee_id"]] = moved.get(r["guarantee_id"], Decimal(0)) + (r["moved"] or 0)
    for guarantee, whole in moved.items():
        (line,) = each(told(guarantee), "moved")
        assert amount(line) == whole


@cache
def cells(file: str) -> list[dict[str, str]]:
    """The lines of a file of the sample, as they were written."""
    with (SAMPLE / file).open(encoding="utf-8", newline="") as held:
        return list(csv.DictReader(held))


def cell(place: tuple[str, int], column: str) -> Decimal:
    """A cell of a source row: the header is line 1."""
    file, line = place
    return Decimal(cells(file)[line - 2][column] or 0)


def in_base(line: Line) -> bool:
    """Whether a facility's own row is in the currency of the report."""
    return bool(cells(line.rows[0][0])[line.rows[0][1] - 2]["currency"] == sample().snapshot.base)


def test_bridges_replay_step_by_step_from_their_facilities() -> None:
    seen = set()
    for group in rows("groups"):
        lines = [line for line in told(group["group_id"]) if line.places.get("pack") == group["pack"]]
        found = {line.places["step"]: line for line in each(tuple(lines), "bridge")}
        mine = [r for r in rows("bridge") if (r["group_id"], r["pack"]) == (group["group_id"], group["pack"])]
        for r in mine:
            line = found.pop(r["step"], None)
            assert r["amount"] == (0 if line is None else amount(line)), r
            if line is None:
                continue
            assert line.replayed()
            if r["kind"] != "total":
                assert [b.places["facility"] for b in line.below] == r["facility_ids"]
            if r["step"] == "nominal_limit":
                for b in line.below:
                    assert not in_base(b) or amount(b) == cell(b.rows[0], "limit")
                    seen.add(b.places["facility"])
        assert not found
    assert len(seen) > len(rows("groups"))


def test_groups_and_limits_are_told_under_every_pack() -> None:
    held = Analysis(sample().snapshot, Request(packs=("EU-CRR", "CN-GROUP")))
    packs = set()
    for r in held.table("groups").to_pylist()[::7]:
        lines = [line for line in explain(held, r["group_id"]).lines if line.places.get("pack") == r["pack"]]
        whole, gross, *more = lines
        assert (whole.key, whole.places["members"]) == ("group", r["members"])
        assert (gross.key, amount(gross), gross.replayed()) == ("gross", r["gross"], True)
        net = next((line for line in more if line.key == "net"), gross)
        assert (amount(net), net.replayed()) == (r["net"], True)
        packs.add(r["pack"])
    for r in held.table("limits").to_pylist()[::40]:
        found = each(explain(held, r["subject_id"]).lines, "limit")
        assert any(
            (line.places["limit_rule"], line.places["lender"]) == (r["rule"], r["lender_id"] or "")
            and amount(line.below[0]) == r["value"]
            for line in found
        ), r
        packs.add(r["rule"].split()[0])
    assert packs >= {"EU-CRR", "CN-GROUP"}


def test_the_client_of_unidentified_underlyings_is_explained_where_there_is_one() -> None:
    state = party("Z", kind="government")  # exempt, and the last of the book
    fund = facility("F", "V", 100, 100, product="fund_units")
    part = {"facility_id": "F", "party_id": None, "amount": 30, "currency": "EUR"}
    lender = {"lender_id": "BANK", "name": "Bank", "tier1": 1000, "currency": "EUR"}
    tables = {"parties": [party("V", kind="fund"), state], "lenders": [lender], "facilities": [fund]}
    held = Analysis(Snapshot.of(book(underlyings=[part], **tables)))
    (limit,) = each(explain(held, "(unknown)").lines, "limit")
    assert (amount(limit.below[0]), limit.below[0].replayed()) == (30, True)
    with pytest.raises(OptionError, match="no party"):
        explain(Analysis(Snapshot.of(book(**tables))), "(unknown)")


def test_large_exposures_replay_from_facilities_capital_and_those_before() -> None:
    for r in rows("large_exposures"):
        (line,) = (
            line
            for line in each(told(r["subject_id"]), "large")
            if (line.places["lender"], line.places["level"], line.places["pack"])
            == (r["lender_id"], r["level"], r["pack"])
        )
        gross, net, capital, *before = line.below
        assert (amount(gross), amount(net)) == (r["gross"], r["net"])
        assert gross.replayed()
        assert net.replayed()
        stated = amount(capital)
        if stated is None:
            assert (r["ratio_before"], r["ratio_after"]) == (None, None)
        else:
            assert (r["ratio_before"], r["ratio_after"]) == (
                float(r["gross"]) / float(stated),
                float(r["net"]) / float(stated),
            )
        assert r["rank"] in (None, len(before) + 1)
        key = [(-(b.amount or 0), str(b.places["id"])) for b in before]
        assert key == sorted(key)
        assert all(k < (-(gross.amount or 0), r["subject_id"]) for k in key)


def test_chains_replay_from_the_debts_that_the_listed_guarantees_lead_to() -> None:
    reached = 0
    for r in rows("guarantors"):
        (line,) = each(told(r["party_id"]), "chain_reach")
        assert amount(line) == r["chain_reach"]
        ways = [(str(b.places["start"]), str(b.places["to"])) for b in line.below if b.key == "guarantees"]
        assert all(b.rows for b in line.below)
        below, fresh, steps = {r["party_id"]}, [r["party_id"]], {r["party_id"]: 0}
        for at in fresh:
            for start, to in ways:
                if start == at and to not in below:
                    below.add(to)
                    steps[to] = steps[at] + 1
                    fresh.append(to)
        assert {start for start, _ in ways} <= below
        assert r["chain_depth"] >= max(steps.values())
        debts = [b for b in line.below if b.key == "facility"]
        assert line.amount == sum(b.amount or 0 for b in debts)
        assert len({b.places["facility"] for b in debts}) == len(debts)
        owed = {str(f["facility_id"]): f for f in cells("facilities.csv")}
        others = {(c["facility_id"], c["party_id"]) for c in cells("co_obligors.csv")}
        for b in debts:
            name = str(b.places["facility"])
            carriers = {owed[name]["obligor_id"]} | {p for f, p in others if f == name}
            assert carriers & (below - {r["party_id"]})
            assert r["party_id"] not in carriers
            assert not in_base(b) or amount(b) == cell(b.rows[0], "drawn")
        reached += len(debts)
    assert reached


def test_close_links_replay_from_the_shares_that_make_them() -> None:
    held = Analysis(sample().snapshot, Request(packs=("CN-LE", "ECB-CLOSE-LINKS")))
    table = held.table("close_links").to_pylist()
    tied = {r["holder_id"]: set[str]() for r in table}
    for r in table:
        tied[r["holder_id"]].update(r["members"])
    assert tied
    for holder, companies in tied.items():
        (line,) = (
            c for c in explain(held, holder).lines if c.key == "close_link" and c.places["holder"] == holder
        )
        assert line.places["companies"] == len(companies)
        assert {str(share.places["id"]) for share in line.below} == companies
        for share in line.below:
            rest = share.places["rest"]
            if rest is None:  # a closed set: the stake itself is held against the line
                (stake,) = share.below
                assert stake.places["stake"] == float(sum(cell(at, "share") for at in stake.rows))
                assert sum(cell(at, "share") for at in stake.rows) >= Decimal("0.2")
                continue
            assert isinstance(rest, float)
            whole = rest + sum(
                math.prod(stake for stake in stakes) * loops
                for chain in share.below
                if isinstance(stakes := chain.places["stakes"], list)
                and isinstance(loops := chain.places["loops"], float)
            )
            assert whole >= Decimal("0.2") - Decimal("1e-9")
    for r in table[:: max(1, len(table) // 20)]:
        for company in r["members"]:
            found = [c.places["holder"] for c in explain(held, company).lines if c.key == "close_link"]
            assert r["holder_id"] in found


def test_voting_power_replays_from_the_votes_that_are_cast() -> None:
    by: dict[str, dict[str, float]] = {}
    for r in rows("power"):
        by.setdefault(r["owned_id"], {}).setdefault(r["party_id"], 0.0)
        by[r["owned_id"]][r["party_id"]] += r["index"]
    counted = 0
    for company, index in by.items():
        (line,) = each(told(company), "power")
        said = {str(b.places["player"]): b.places["index"] for b in line.below if b.key == "index"}
        if any(b.places["simulated"] for b in line.below if b.key == "index"):
            continue
        votes: dict[str, dict[str, int]] = {}
        base: dict[str, int] = {}
        for b in line.below:
            if b.key == "seat":
                at, cast, of = str(b.places["id"]), b.places["votes"], b.places["of"]
                assert isinstance(cast, int)
                assert isinstance(of, int)
                votes.setdefault(at, {})[str(b.places["player"])] = cast
                base[at] = of
        players = sorted({p for seats in votes.values() for p in seats} - set(votes))
        if len(players) > 9:
            continue
        counted += 1
        made = shapley(players, votes, base, company)
        assert said == {p: pytest.approx(float(made[p])) for p in said}
        assert all(made[p] == 0 for p in set(players) - set(said))
        assert sum(v for p, v in said.items() if not p.startswith("(")) == pytest.approx(
            sum(v for p, v in index.items() if not p.startswith("("))
        )
    assert counted > len(by) // 2


def shapley(
    players: list[str], votes: dict[str, dict[str, int]], base: dict[str, int], company: str
) -> dict[str, Fraction]:
    """The index of Shapley and Shubik by all coalitions; a company votes as more than half of its votes have it."""

    def wins(coalition: frozenset[str]) -> bool:
        carried = set(coalition)
        while more := {
            c
            for c, seats in votes.items()
            if c not in carried and 2 * sum(v for p, v in seats.items() if p in carried) > base[c]
        }:
            carried |= more
        return company in carried

    won = {
        frozenset(c): wins(frozenset(c)) for k in range(len(players) + 1) for c in combinations(players, k)
    }
    whole = math.factorial(len(players))
    return {
        p: sum(
            (
                Fraction(math.factorial(len(c)) * math.factorial(len(players) - len(c) - 1), whole)
                for c, without in won.items()
                if p not in c and not without and won[c | {p}]
            ),
            Fraction(0),
        )
        for p in players
    }


def test_rings_and_their_cuts_replay_from_guarantees() -> None:
    for r in rows("rings"):
        lines = told(r["ring_id"])
        assert [amount(line) for line in each(lines, "ring")] == [r["amount"]]
        cuts = [amount(line) for line in each(lines, "cut")]
        assert cuts == ([] if r["cut_cost"] is None else [r["cut_cost"]])


def test_facilities_and_collateral_replay() -> None:
    secured = {r["facility_id"]: r for r in rows("collateral") if r["secured"]}
    for loan in secured:
        lines = told(loan)
        assets = list(each(lines, "asset"))
        assert sum((amount(a) or 0 for a in assets), Decimal(0)) == sum(
            r["secured"] for r in rows("collateral") if r["facility_id"] == loan and r["secured"]
        )


def test_shares_and_beneficial_owners_replay_from_chains_of_stakes() -> None:
    held = [r for r in rows("shares") if r["integrated"] is not None and r["owner_id"] != r["owned_id"]]
    for r in held[:: max(1, len(held) // 60)]:
        line, *_ = told(f"{r['owner_id']}>{r['owned_id']}")
        check(line, r["integrated"])
    for r in rows("beneficial_owners"):
        found = [
            line
            for line in each(told(r["company_id"]), "beneficial")
            if (line.places["person"], line.places["basis"]) == (r["person_id"], r["basis"])
        ]
        assert len(found) == 1, r
        if r["share"] is not None:
            check(found[0].below[0], r["share"])


def check(line: Line, integrated: float) -> None:
    """The chains of a share multiply their stakes and add up to it."""
    total = line.places["rest"]
    assert isinstance(total, float)
    for chain in line.below:
        stakes, loops, said = (chain.places[c] for c in ("stakes", "loops", "share"))
        assert isinstance(stakes, list)
        assert isinstance(loops, float)
        assert said == pytest.approx(math.prod(stakes) * loops)
        assert chain.rows
        total += math.prod(stakes) * loops
    assert total == pytest.approx(integrated, abs=1e-6)


def test_findings_name_the_rows_that_they_rest_on() -> None:
    for r in rows("findings")[::20]:
        lines = told(r["finding_id"])
        assert lines[0].sentence("en") == r["text_en"]


def merged(*same: str) -> Analysis:
    """P owns A and A2; each two letters are judged to be one party."""
    return Analysis(
        Snapshot.of(
            book(
                parties=[party(p) for p in ("P", "Q", "A", "Z")],
                ownership=[{"owner_id": "P", "owned_id": "A", "share": "0.6"}],
                same_as=[{"party_id": a, "other_id": b, "judgement": "same"} for a, b in same],
            )
        )
    )


def test_a_group_is_found_by_an_id_that_was_judged_to_be_its_source() -> None:
    found = explain(merged("QP"), "G:Q")
    assert found.subject == "G:P"
    assert [line.key for line in found.lines] == [
        *("one_party", "group", "gross", "sum_limit", "sum_drawn", "bridge"),
    ]
    assert found.lines[0].sentence("en").startswith("P is one party with Q, as a reviewer judged [parties")
    assert found.lines[1:] == explain(merged("QP"), "G:P").lines


def test_a_group_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    for subject, said in (("G:Z", "Z is one party with A, .* ask for G:P"), ("G:A", "ask for G:P")):
        with pytest.raises(OptionError, match=said):
            explain(merged("ZA"), subject)
    for subject, said in (("G:Z", "Z, which is in no group"), ("G:X", "no party 'X'")):
        with pytest.raises(OptionError, match=said):
            explain(merged(), subject)


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(OptionError, match="OWNER>COMPANY"):
        told("A>B")
