"""The worked cases on the path that a user takes: files, the commands ``report`` and ``contagion``, their tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from app.cli import main
from graph.findings import CODES
from tests.cases.book import MILLION, Case, cases, options, pack, prefix, write
from tests.cases.book import run as arguments_of

TOLERANCE = 1e-6
"""Of a share, or of an amount in millions."""


class Results:
    """The tables that a report wrote, as rows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __getitem__(self, name: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = pq.read_table(self.folder / f"{name}.parquet").to_pylist()
        return rows

    def groups(self) -> dict[str, frozenset[str]]:
        """Members of each group."""
        found: dict[str, set[str]] = {}
        for row in self["group_members"]:
            found.setdefault(row["group_id"], set()).add(row["party_id"])
        return {group: frozenset(members) for group, members in found.items()}

    def exposed(self) -> set[str]:
        """Parties with a facility of their own."""
        return {r["party_id"] for r in self["party_exposures"] if r["limit"] or r["gross"]}


def run(case: Case, folder: Path) -> Results:
    """Write the case, report on it, and give the results."""
    book, out = folder / "book", folder / "out"
    book.mkdir()
    write(case, book)
    choices = [word for option in options(case) for word in ("--option", option)]
    arguments = ["report", str(book), "--out", str(out), "--rules", pack(case), "--min-share", "0", *choices]
    ended = CliRunner().invoke(main, [*arguments, "--formats", "parquet"], catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    return Results(out)


def spread(case: Case, folder: Path) -> Results:
    """Run the model that a case of contagion is about on the book that ``run`` wrote, and give its results."""
    model = {"eisenberg-noe": "clearing", "debtrank": "debtrank", "rogers-veraart": "clearing"}.get(
        case["regime"]
    )
    arguments = ["--model", model or ("group" if case["guarantees"] else "threshold")]
    if failing := case["params"].get("initial_default"):
        arguments += ["--fail", ",".join(failing)]
    if model == "debtrank":
        rows = [(p["id"], p["attrs"]["initial_loss_share"], p["attrs"]["weight"]) for p in case["parties"]]
        lines = ["party_id,loss_share,weight", *(",".join(map(str, row)) for row in rows)]
        (folder / "shock.csv").write_text("\n".join(lines), "utf-8")
        arguments += ["--shock", str(folder / "shock.csv")]
    out = folder / "contagion"
    ended = CliRunner().invoke(
        main, ["contagion", str(folder / "book"), *arguments, "--out", str(out)], catch_exceptions=False
    )
    assert ended.exit_code == 0, ended.output
    return Results(out)


def check_spread(expected: dict[str, Decimal], results: Results) -> None:
    """Every value that a case of contagion claims."""
    summary = json.loads((results.folder / "summary.json").read_text("utf-8"))
    held: dict[str, float] = {
        "waves": summary["waves"],
        "bank_loss_after_D_pays": summary["lender_loss"] / MILLION,
    }
    held |= {f"{name}_debtrank": summary.get(f"debtrank_{long}", 0) for name, long in
             (("orig", "original"), ("linear", "linear"))}  # fmt: skip
    named = {
        "pay": "paid", "equity": "equity_after", "greatest_pay": "greatest", "least_pay": "least", "loss": "loss",
        "call": "call", "orig_h": "h_original", "linear_h": "h_linear", "round": "round",
    }  # fmt: skip
    for row in results["parties"]:
        for name, column in named.items():
            unit = 1 if name in ("orig_h", "linear_h", "round") else MILLION
            if row.get(column) is not None:
                held[f"{name}_{row['party_id']}"] = float(row[column]) / unit
    assert {k: held[k] for k in expected} == pytest.approx(
        {k: float(v) for k, v in expected.items()}, abs=TOLERANCE
    )


def check_groups(expected: list[list[str]], results: Results) -> None:
    assert set(results.groups().values()) == {frozenset(g) for g in expected}


def check_groups_exposed(expected: list[list[str]], results: Results) -> None:
    exposed = results.exposed()
    cut = {g & exposed for g in results.groups().values()}
    assert {g for g in cut if len(g) >= 2} == {frozenset(g) for g in expected}


def check_controls(expected: list[list[str]], results: Results) -> None:
    assert {(r["controller_id"], r["controlled_id"]) for r in results["control"]} == {
        (a, b) for a, b in expected
    }


def check_not_controls(expected: list[list[str]], results: Results) -> None:
    assert not {(r["controller_id"], r["controlled_id"]) for r in results["control"]} & {
        (a, b) for a, b in expected
    }


def check_shares(expected: dict[str, Decimal], results: Results) -> None:
    held = {f"{r['owner_id']}>{r['owned_id']}": r["integrated"] for r in results["shares"]}
    assert {k: held.get(k) for k in expected} == pytest.approx(
        {k: float(v) for k, v in expected.items()}, abs=TOLERANCE
    )


def amounts(results: Results, column: str) -> dict[str, float]:
    """What each party owes all lenders, in millions."""
    rows = [r for r in results["party_exposures"] if not r["lender_id"]]
    assert all(r[column] is not None for r in rows)
    return {r["party_id"]: float(r[column]) / MILLION for r in rows}


def check_gross(expected: dict[str, Decimal], results: Results) -> None:
    held = amounts(results, "gross")
    assert {k: held.get(k, 0.0) for k in expected} == pytest.approx(
        {k: float(v) for k, v in expected.items()}, abs=TOLERANCE
    )


def check_net(expected: dict[str, Decimal], results: Results) -> None:
    held = amounts(results, "net")
    assert {k: held.get(k, 0.0) for k in expected} == pytest.approx(
        {k: float(v) for k, v in expected.items()}, abs=TOLERANCE
    )


def check_group_exposures(expected: list[dict[str, Any]], results: Results) -> None:
    members, exposed = results.groups(), results.exposed()
    for claim in expected:
        (group,) = [g for g, m in members.items() if m & exposed == set(claim["members"]) & exposed]
        (row,) = [r for r in results["groups"] if r["group_id"] == group]
        assert float(row["gross"]) / MILLION == pytest.approx(float(claim["value"]), abs=TOLERANCE)
        gross, net = amounts(results, "gross"), amounts(results, "net")
        moved = sum(net.get(m, 0) - gross.get(m, 0) for m in members[group])
        assert float(row["net"]) / MILLION == pytest.approx(float(claim["value"]) + moved, abs=TOLERANCE)


def check_limits(expected: list[dict[str, Any]], results: Results) -> None:
    """Each claim is a row: ``A`` a party, ``A+B`` a group; a word before a colon names the rule or the scope."""
    members, exposed = results.groups(), results.exposed()
    rules = {"loans": "loans", "exposure": "single", "non_institution": "non_institution"}
    for claim in expected:
        word, _, who = claim["scope"].rpartition(":")
        parties = set(who.split("+"))
        names = {g for g, m in members.items() if m & exposed == parties & exposed} if "+" in who else parties
        rows = [
            r
            for r in results["limits"]
            if r["subject_id"] in names
            and (word not in rules or r["rule"].endswith(f" {rules[word]}"))
            and (word not in ("unified", "joint") or r["scope"] == word)
            and (word not in ("solo", "consolidated") or r["level"] == word)
        ]
        held = [[float(r[c]) / MILLION for c in ("limit", "value", "excess")] + [r["breach"]] for r in rows]
        told = [float(claim[c]) for c in ("limit", "value", "excess")] + [claim["breach"]]
        assert any(row == pytest.approx(told, abs=TOLERANCE) for row in held), (claim, rows)


def check_flags(expected: list[str], results: Results) -> None:
    """Every flag that a known code covers is raised, and no other of the same code."""
    names = {flag.partition(":")[0] for flag in expected} & set(CODES)
    members = results.groups() if any("+" in flag for flag in expected) else {}
    raised = set()
    for row in results["findings"]:
        if row["code"] in names:
            subjects = row["subjects"] if row["subject_kind"] != "book" else []
            subjects = sorted(members[subjects[0]]) if row["subject_kind"] == "group" else subjects
            mark = {"facility": ",", "group": "+"}.get(row["subject_kind"], "-")
            mark = "," if row["code"] == "no_outside_owner" else mark
            raised.add(row["code"] + (":" + mark.join(subjects) if subjects else ""))
    assert raised == {flag for flag in expected if flag.partition(":")[0] in names}


def check_values(expected: dict[str, Decimal], results: Results) -> None:
    """Values that the tables of this release hold."""
    held = _ownership(results) | _guarantees(results)
    for row in results["findings"]:
        if row["code"] == "shares_exceed_one":
            held[f"sum_{row['subjects'][0]}"] = float(json.loads(row["evidence"])["figures"]["sum"])
        if row["code"] == "duplicate_credit":
            held["duplicate_amount"] = float(row["amount"]) / MILLION
        if row["code"] == "collateral_over_pledged":
            held["uncovered"] = float(row["amount"]) / MILLION
            figures = json.loads(row["evidence"])["figures"]
            for name in ("pledged", "value"):
                held[name] = float(figures[name].split()[0].replace(",", "")) / MILLION
    held["total"] = sum(amounts(results, "net").values())
    known = {k: float(v) for k, v in expected.items() if k in held}
    assert {k: held[k] for k in known} == pytest.approx(known, abs=TOLERANCE)


def _ownership(results: Results) -> dict[str, float]:
    """Values of votes, power and shares."""
    held: dict[str, float] = {}
    for row in results["votes"]:
        held[f"{row['holder_id']}_{row['owned_id']}_effective"] = float(row["with_controlled"] / row["base"])
    companies = {row["owned_id"] for row in results["power"]}
    for row in results["power"]:
        held[f"power_{row['party_id']}_{row['owned_id']}"] = row["index"]
        if len(companies) == 1:
            held[f"power_{row['party_id']}"] = row["index"]
    for row in results["shares"]:
        for name in ("simple_paths", "weakest_link", "corrected"):
            held[f"{name}_{row['owner_id']}_{row['owned_id']}"] = row[name]
    return held


def _guarantees(results: Results) -> dict[str, float]:
    """Values of calls and of what is moved."""
    held: dict[str, float] = {}
    for row in results["guarantors"]:
        held[f"max_call_{row['party_id']}"] = float(row["max_call"]) / MILLION
        for name in ("gross_guarantees", "sum_of_caps"):
            held[name] = held.get(name, 0.0) + float(row["given"]) / MILLION
    held["covered"] = sum(float(r["moved"] or 0) for r in results["mitigation"]) / MILLION
    return held


CHECKS: dict[str, Callable[[Any, Results], None]] = {
    "groups": check_groups,
    "groups_exposed": check_groups_exposed,
    "controls": check_controls,
    "not_controls": check_not_controls,
    "shares": check_shares,
    "exposures.gross": check_gross,
    "exposures.net": check_net,
    "exposures.groups": check_group_exposures,
    "limits": check_limits,
    "flags": check_flags,
    "values": check_values,
}


def claim(expected: dict[str, Any], name: str) -> Any:  # noqa: ANN401 (as the case has it)
    """The claimed value under a dotted name."""
    value: Any = expected
    for part in name.split("."):
        value = value[part]
    return value


def contagion_values(out: Path) -> dict[str, float]:
    """Every number of a run under the names that cases have for them, amounts in millions."""
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    held = {"waves": float(summary["waves"]), "bank_loss_after_D_pays": summary["lender_loss"] / MILLION}
    for ours, theirs in (("debtrank_original", "orig_debtrank"), ("debtrank_linear", "linear_debtrank")):
        held |= {theirs: summary[ours]} if ours in summary else {}
    names = {
        "loss": "loss",
        "equity_after": "equity",
        "call": "call",
        "paid": "pay",
        "greatest": "greatest_pay",
    }
    for row in pq.read_table(out / "parties.parquet").to_pylist():
        who = row["party_id"]
        held |= {f"round_{who}": row["round"]} if row["failed"] else {}
        for column, name in (*names.items(), ("least", "least_pay")):
            held |= {f"{name}_{who}": row[column] / MILLION} if row[column] is not None else {}
        for column, name in (("h_original", "orig_h"), ("h_linear", "linear_h")):
            held |= {f"{name}_{who}": row[column]} if row[column] is not None else {}
    return held


def check_contagion(case: Case, expected: dict[str, Any], more: list[str], folder: Path) -> None:
    """What ``konzern contagion`` writes for a case: every value and flag that it claims."""
    book, out = folder / "book", folder / "out"
    arguments = ["contagion", str(book), *arguments_of(case, folder), *more, "--out", str(out)]
    ended = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    held = contagion_values(out)
    wanted = {k: float(v) for k, v in expected["values"].items()}
    assert {k: held.get(k) for k in wanted} == pytest.approx(wanted, abs=TOLERANCE)
    codes = {flag.partition(":")[0] for flag in expected.get("flags", ())}
    rows = [r for r in pq.read_table(out / "findings.parquet").to_pylist() if r["code"] in codes]
    raised = {":".join([r["code"], *r["subjects"]]) for r in rows}
    assert raised == set(expected.get("flags", ()))


@pytest.mark.parametrize("case", [c for c in cases() if prefix(c) == "ctg"], ids=lambda case: case["id"])
def test_worked_case_of_contagion(case: Case, tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    write(case, tmp_path / "book")
    check_contagion(case, case["expected"], [], tmp_path)
    for other in case["alternatives"]:  # the one choice that cases leave open
        check_contagion(case, other["expected"], ["--option", "failing_guarantor_pays=true"], tmp_path)


def is_called(case: Case) -> bool:
    """Whether a case says what a guarantor pays when the first obligor fails."""
    return "guarantor_pays" in case["expected"]["values"]


@pytest.mark.parametrize("case", [c for c in cases() if is_called(c)], ids=lambda case: case["id"])
def test_worked_case_of_a_call(case: Case, tmp_path: Path) -> None:
    book, out = tmp_path / "book", tmp_path / "out"
    book.mkdir()
    write(case, book)
    obligor = case["facilities"][0]["obligor"]
    arguments = ["contagion", str(book), "--model", "group", "--fail", obligor, "--out", str(out)]
    ended = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    loss = json.loads((out / "summary.json").read_text("utf-8"))["lender_loss"] / MILLION
    paid = sum(r["paid"] or 0 for r in pq.read_table(out / "parties.parquet").to_pylist()) / MILLION
    told = {k: float(case["expected"]["values"][k]) for k in ("guarantor_pays", "bank_loss")}
    assert {"guarantor_pays": paid, "bank_loss": loss} == pytest.approx(told, abs=TOLERANCE)


@pytest.mark.parametrize("case", [c for c in cases() if prefix(c) != "ctg"], ids=lambda case: case["id"])
def test_worked_case(case: Case, tmp_path: Path) -> None:
    results = run(case, tmp_path)
    checks: dict[str, Callable[[Any, Results], None]] = CHECKS
    if case["id"].startswith("ctg-"):
        results, checks = spread(case, tmp_path), {"flags": check_flags, "values": check_spread}
    for name in case["expected"]["asserts"]:
        if name in checks:
            checks[name](claim(case["expected"], name), results)
