"""Every number of every result: replayed from what its explanation lists, or told here why it is not.

What ``tests/exposure/test_explain.py`` replays already is named by its test.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path

import networkx as nx
import pyarrow as pa
import pytest

from exposure.results import RESULTS, RUNS
from exposure.statement import Line
from tests.exposure.told import amount, each, rows, sample, told

THERE = {
    "power.index": "test_voting_power_replays_from_the_votes_that_are_cast",
    "beneficial_owners.share": "test_shares_and_beneficial_owners_replay_from_chains_of_stakes",
    "bridge.amount": "test_bridges_replay_step_by_step_from_their_facilities",
    "limits.limit limits.value": "test_limits_replay_from_the_facilities_that_they_count",
    "large_exposures.gross large_exposures.net large_exposures.ratio_before large_exposures.ratio_after "
    "large_exposures.rank": "test_large_exposures_replay_from_facilities_capital_and_those_before",
    "guarantors.given guarantors.effective_cover guarantors.illusory_cover": (
        "test_guarantors_replay_from_their_guarantees"
    ),
    "guarantors.chain_reach guarantors.chain_depth": (
        "test_chains_replay_from_the_debts_that_the_listed_guarantees_lead_to"
    ),
    "rings.amount rings.cut_cost": "test_rings_and_their_cuts_replay_from_guarantees",
}
"""Columns by the test of ``test_explain`` that replays them."""
NOT_REPLAYED = {
    "shares.upper": "a bound: what unknown owners hold, which ``missing`` names, put where it adds most (methods.md)",
    "limits.confidence": "stands in the rule pack beside the rule, no result",
    "rings.cut_bound": "a lower bound that no set of facts adds up to; equal to cut_cost where the cut is exact",
    "findings.amount": "a figure of another table or the evidence's own, with its rows; replayed where that is",
    "missing.lower missing.upper missing.lower_share missing.upper_share": (
        "bounds over facts that are unknown, named in ``facts``"
    ),
}
"""Columns that no explanation adds up to, and why."""
OF_RUNS = {
    "parties edges lenders lender_groups": "what the edges of the run add up to: tests/exposure/test_contagion.py",
    "risk": "statistics of ``scenarios``",
    "scenarios": "each is the run of a set that the seed draws again",
    "reverse": "the run of the parties listed up to that step",
}
"""Results of contagion runs, which no ``explain`` is asked about: the edges of a run are its explanation."""

REPLAYED: set[str] = set()
Test = Callable[[], None]


def replays(*columns: str) -> Callable[[Test], Test]:
    """Says which columns a test replays."""
    REPLAYED.update(columns)
    return lambda test: test


def numeric() -> set[str]:
    """Every column of every result of a report that holds numbers."""
    return {
        f"{name}.{column}"
        for name, columns in RESULTS.items()
        for column, kind in columns.items()
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    }


def test_every_number_is_replayed_or_there_is_a_reason() -> None:
    there = {column for columns in THERE for column in columns.split()}
    why = {column for columns in NOT_REPLAYED for column in columns.split()}
    assert REPLAYED | there | why == numeric()
    assert not (REPLAYED | there) & why
    beside = Path(__file__).with_name("test_explain.py").read_text("utf-8")
    assert all(f"def {test}(" in beside for test in THERE.values())
    assert {name for names in OF_RUNS for name in names.split()} == RUNS.keys()


def one(lines: Iterable[Line], key: str) -> Line:
    (line,) = each(tuple(lines), key)
    return line


def of_lender(line: Line, lender: str | None) -> tuple[Line, ...]:
    """The facilities below a line that a lender granted, all of them for None."""
    return tuple(b for b in line.below if lender is None or b.places.get("lender") == lender)


def added(lines: Iterable[Line]) -> Decimal:
    return sum((amount(line) or Decimal(0) for line in lines), Decimal(0))


def parts(decimal: Decimal) -> int:
    return int(decimal.scaleb(9))


@replays("control.votes", "control.hops", "votes.direct", "votes.with_controlled", "votes.base")
def test_control_and_votes_replay_from_the_stakes_that_cast_them() -> None:
    for r in rows("control"):
        lines = told(f"{r['controller_id']}>{r['controlled_id']}")
        proof = next(line for line in lines if line.key == "controlled_by").below
        assert proof[-1].places["target"] == r["controlled_id"]
        assert proof[-1].places["round"] == r["hops"]
        falls = [line.places["round"] for line in proof]
        assert falls == sorted(falls)  # type: ignore[type-var]
        cast = [line for line in lines if line.key == "casts"]
        assert sum(votes(b) for line in cast for b in line.below) == parts(r["votes"])
    for r in rows("votes"):
        line = next(line for line in told(f"{r['holder_id']}>{r['owned_id']}") if line.key == "casts")
        assert sum(votes(b) for b in line.below) == parts(r["with_controlled"])
        own = sum(votes(b) for b in line.below if b.places["player"] == r["holder_id"])
        assert own == parts(r["direct"] or Decimal(0))
        assert line.places["of"] == parts(r["base"])
        assert all(b.rows for b in line.below)


def votes(line: Line) -> int:
    cast = line.places["votes"]
    assert isinstance(cast, int)
    return cast


@replays(
    "shares.direct", "shares.integrated", "shares.lower", "shares.corrected", "shares.simple_paths",
    "shares.weakest_link",
)  # fmt: skip
def test_shares_replay_from_chains_of_stakes() -> None:
    seen = 0
    for r in rows("shares"):
        if r["owner_id"] == r["owned_id"] or r["integrated"] is None:
            continue
        share = one(told(f"{r['owner_id']}>{r['owned_id']}"), "share")
        chains = [
            (stakes, b.places["loops"])
            for b in share.below
            if isinstance(stakes := b.places["stakes"], list) and isinstance(b.places["loops"], float)
        ]
        rest, factor = share.places["rest"], share.places["own_loops"]
        assert isinstance(rest, float)
        assert isinstance(factor, float)
        whole = rest + sum(math.prod(s) * loops for s, loops in chains if isinstance(loops, float))
        assert whole == pytest.approx(r["integrated"], abs=1e-6)
        assert whole == pytest.approx(r["lower"], abs=1e-6)
        assert whole / factor == pytest.approx(r["corrected"], abs=1e-6)
        direct = [s[0] for s, _ in chains if len(s) == 1]
        if r["direct"]:  # of a band the lower end counts, and nothing is told as direct
            assert direct == [pytest.approx(float(r["direct"]))]
        if abs(rest) < 1e-12:
            assert sum(math.prod(s) for s, _ in chains) == pytest.approx(r["simple_paths"], abs=1e-9)
            assert sum(min(s) for s, _ in chains) == pytest.approx(r["weakest_link"], abs=1e-9)
            seen += 1
    assert seen > len(rows("shares")) // 2


@replays(
    "party_exposures.gross", "party_exposures.net", "party_exposures.limit", "party_exposures.drawn",
    "party_exposures.controlled", "party_exposures.attributable", "party_exposures.guaranteed",
    "party_exposures.unknown",
)  # fmt: skip
def test_what_parties_owe_replays_lender_by_lender() -> None:
    shared = called = 0
    for r in rows("party_exposures"):
        party, lender = r["party_id"], r["lender_id"]
        lines = {line.key: line for line in told(party)}
        own = lines["own"]
        all_of = lines.get("controlled", own)
        assert added(of_lender(own, lender)) == r["gross"]
        assert added(of_lender(lines.get("own_net", own), lender)) == r["net"]
        assert added(of_lender(lines["sum_limit"], lender)) == r["limit"]
        assert added(of_lender(lines["sum_drawn"], lender)) == r["drawn"]
        assert added(of_lender(all_of, lender)) == r["controlled"]
        assert sum(b.key == "unknown" for b in of_lender(all_of, lender)) == r["unknown"]
        if "attributable" in lines:
            owed = of_lender(lines["attributable"], lender)
            assert all(b.replayed() for b in owed)
            whole = math.fsum(float(str(b.places["share"])) * float(amount(b) or 0) for b in owed)
            shared += 1
        else:
            whole = float(r["gross"])
        assert r["attributable"] is None or whole == pytest.approx(r["attributable"], abs=0.01)
        pairs = [b for line in told(party) if line.key == "called" for b in line.below if lender is None]
        pairs += [
            b
            for line in told(party)
            if line.key == "called" and line.places["lender"] == lender
            for b in line.below
        ]
        if r["guaranteed"] is not None:
            assert most(pairs) == r["guaranteed"], r
            called += bool(pairs)
    assert shared > 20
    assert called > 20


def most(pairs: Iterable[Line]) -> Decimal:
    """What can be demanded under promises at most: caps, debts and promises as the lines say, by maximum flow."""
    graph = nx.DiGraph()
    for line in pairs:
        guarantee, facility = ("G", line.places["guarantee"]), ("F", line.places["facility"])
        cap = line.places["cap"]
        graph.add_edge("all", guarantee, **({} if cap is None else {"capacity": cents(cap)}))
        graph.add_edge(guarantee, facility, capacity=line.amount or 0)
        graph.add_edge(facility, "debts", capacity=cents(line.places["debt"]))
    whole = nx.maximum_flow_value(graph, "all", "debts") if graph else 0
    return Decimal(whole).scaleb(-2)


def cents(text: object) -> int:
    return int(Decimal(str(text)).scaleb(2))


@replays("guarantors.max_call", "guarantors.count", "guarantors.net_assets", "guarantors.ratio")
def test_guarantors_replay_from_promises_debts_and_net_assets() -> None:
    owes = {str(f): o for f, o in facilities()}
    for r in rows("guarantors"):
        lines = told(r["party_id"])
        pairs = [b for line in lines if line.key == "max_call" for b in line.below]
        if r["max_call"] is not None:
            assert most(pairs) == r["max_call"]
        direct = {b.places["to"] for b in each(lines, "guarantees") if b.places["start"] == r["party_id"]}
        assert len(direct) == r["count"]
        assert {owes[str(b.places["facility"])] for b in pairs} <= direct | {None}
        if r["net_assets"] is not None:
            worth = {amount(line) for line in each(lines, "net_assets")}
            assert worth <= {max(r["net_assets"], Decimal(0))}
            if r["ratio"] is not None and worth:
                assert r["ratio"] == pytest.approx(float(r["given"]) / float(worth.pop() or 1))


def facilities() -> Iterable[tuple[str, str]]:
    """Facilities of the sample and the party that owes each."""
    held = sample().snapshot.tables["facilities"]
    names = sample().snapshot.party_ids
    for facility, obligor in zip(
        held.text("facility_id").to_pylist(), held["obligor_id"].tolist(), strict=True
    ):
        yield facility, names[obligor].as_py()


@replays(
    "groups.members", "groups.exposed_members", "groups.gross", "groups.net", "groups.nominal_limit",
    "groups.drawn", "groups.duplicates", "groups.unknown", "group_exposures.gross", "group_exposures.net",
    "group_exposures.limit", "group_exposures.drawn", "group_exposures.unknown",
)  # fmt: skip
def test_what_groups_owe_replays_lender_by_lender() -> None:
    inside = defaultdict(set)
    for r in rows("group_members"):
        inside[r["group_id"], r["pack"]].add(r["party_id"])
    for group in rows("groups"):
        lines = of_pack(group["group_id"], group["pack"])
        whole, gross = lines["group"], lines["gross"]
        members = inside[group["group_id"], group["pack"]]
        assert (whole.places["members"], len(members)) == (group["members"], group["members"])
        if group["pack"] == sample().packs[0].name:
            owing = {m for m in members if one(told(m), "own").below}
            assert len(owing) == group["exposed_members"]
        assert amount(gross) == group["gross"] == added(gross.below)
        assert added(lines.get("net", gross).below) == group["net"]
        assert added(lines["sum_drawn"].below) == group["drawn"]
        own = (b for b in lines["sum_limit"].below if b.key == "facility")
        assert added(own) == group["nominal_limit"]
        again = lines.get("sum_duplicates")
        assert (added(again.below) if again else Decimal(0)) == group["duplicates"]
        assert sum(b.key == "unknown" for b in gross.below) == group["unknown"]
    seen = set()
    for r in rows("group_exposures"):
        lines = of_pack(r["group_id"], r["pack"])
        if r["lender_id"] is None:
            assert added(lines["gross"].below) == r["gross"]
            assert added(lines.get("net", lines["gross"]).below) == r["net"]
            assert added(lines["sum_limit"].below) == r["limit"]
            assert added(lines["sum_drawn"].below) == r["drawn"]
            assert sum(b.key == "unknown" for b in lines["gross"].below) == r["unknown"]
        elif not any(b.key == "umbrella" for b in lines["gross"].below):
            lender = r["lender_id"]
            assert added(of_lender(lines["gross"], lender)) == r["gross"]
            assert added(of_lender(lines.get("net", lines["gross"]), lender)) == r["net"]
            assert added(of_lender(lines["sum_limit"], lender)) == r["limit"]
            assert added(of_lender(lines["sum_drawn"], lender)) == r["drawn"]
            seen.add(lender)
    assert len(seen) > 1


def of_pack(group: str, pack: str) -> dict[str, Line]:
    """The lines of a group under one pack, by key."""
    return {line.key: line for line in reversed(told(group)) if line.places.get("pack", pack) == pack}


@replays("group_members.depth")
def test_depth_is_the_number_of_steps_that_are_told() -> None:
    for r in rows("group_members"):
        if r["pack"] != sample().packs[0].name:
            continue
        steps = [
            line.below
            for line in told(r["party_id"])
            if (line.key, line.places.get("group"), line.places.get("pack"))
            == ("in_group", r["group_id"], r["pack"])
        ]
        made = sum(rounds(step) for path in steps for step in path)
        assert made == r["depth"], r


def rounds(step: Line) -> int:
    """One, or for a step of control the rounds until the last of its proof falls."""
    falls = step.below[-1].places["round"] if step.below else 1
    assert isinstance(falls, int)
    return falls


@replays("mitigation.cap", "mitigation.recognised", "mitigation.moved")
def test_guarantees_replay_facility_by_facility() -> None:
    for r in rows("mitigation"):
        line = next(
            b for b in one(told(r["guarantee_id"]), "moved").below if b.places["facility"] == r["facility_id"]
        )
        assert (None if r["cap"] is None else cents(r["cap"])) == (
            None if line.places["cap"] is None else cents(line.places["cap"])
        )
        assert amount(line) == (r["moved"] or 0) == (r["recognised"] or 0)
        assert line.places["cap"] is None or (line.amount or 0) <= cents(line.places["cap"])


@replays(
    "collateral.rank", "collateral.pledged", "collateral.value", "collateral.haircut", "collateral.secured"
)
def test_collateral_replays_pledge_by_pledge() -> None:
    for r in rows("collateral"):
        if r["secured"] is None:
            continue
        line = next(
            b
            for b in each(told(r["facility_id"]), "asset")
            if (b.places["asset"], b.places["rank"]) == (r["asset_id"], r["rank"])
        )
        assert amount(line) == r["secured"]
        assert (cents(line.places["value"]), cents(line.places["pledged"])) == (
            cents(r["value"]),
            cents(r["pledged"]),
        )
        assert line.places["haircut"] == f"{float(r['haircut']):.7%}"
        left = float(r["value"]) * (1 - float(r["haircut"]))
        assert float(r["secured"]) <= min(left, float(r["pledged"])) + 0.01
        assert line.rows


@replays("limits.headroom", "limits.utilisation", "limits.excess")
def test_limits_follow_from_capital_and_what_stands_against_them() -> None:
    over = 0
    for r in rows("limits"):
        if r["limit"] is None or r["value"] is None:
            assert (r["headroom"], r["excess"]) == (None, None)
            continue
        left = r["limit"] - r["value"]
        tested = r["breach"] is not None  # an amount that is not known leaves open what is left
        assert (r["headroom"], r["excess"]) == ((left, max(-left, Decimal(0))) if tested else (None, None))
        assert not r["limit"] or r["utilisation"] == pytest.approx(float(r["value"]) / float(r["limit"]))
        for line in each(told(r["subject_id"]), "limit_amount"):
            assert line.replayed()
            over += bool(line.below)
    assert over


@replays("rings.length", "rings.worst_loss")
def test_rings_replay_from_their_members_and_the_worst_failure() -> None:
    for r in rows("rings"):
        lines = told(r["ring_id"])
        said = str(one(lines, "ring").places["ring"])
        assert len(said.split(" > ")) == r["length"]
        worst = [amount(line) for line in each(lines, "worst")]
        assert worst == ([] if r["worst_loss"] is None else [r["worst_loss"]])
        if worst:
            lost = [
                added(line.below)
                for m in r["members"]
                for line in each(told(m), "channel")
                if line.places["channel"] == "credit"
            ]
            assert max(lost, default=Decimal(0)) == worst[0]


@replays(
    "ranking.rank", "ranking.loss", "ranking.credit", "ranking.guarantee", "ranking.holding", "ranking.claim",
    "ranking.dependence", "ranking.lenders_hit", "ranking.failures", "ranking.rounds",
)  # fmt: skip
def test_the_ranking_replays_from_the_edges_that_carry_losses() -> None:
    found = rows("ranking")
    for place, r in enumerate(found, 1):
        line = one(told(r["party_id"]), "fails")
        assert line.replayed()
        by = {str(b.places["channel"]): b for b in line.below}
        for channel in ("credit", "guarantee", "holding", "claim", "dependence"):
            made = added(by[channel].below) if channel in by else Decimal(0)
            assert float(made) == pytest.approx(
                r[channel], abs=0.01 * len(by[channel].below) if made else 0.005
            )
        assert float(amount(line) or 0) == pytest.approx(r["loss"], abs=1)
        assert len({b.places["to"] for b in by["credit"].below} if "credit" in by else ()) == r["lenders_hit"]
        assert (line.places["failures"], line.places["rounds"]) == (r["failures"], r["rounds"])
        assert r["rank"] == place
    assert [r["loss"] for r in found] == sorted((r["loss"] for r in found), reverse=True)
