"""The FinBench layout: it loads and reports, and DuckDB agrees on control, integrated shares and guarantee chains.

The sample is other people's data and not part of the project: it is read from the folder ``shared`` beside the
clone, or from ``KONZERN_SHARED``. Guarantee chains are compared on a generated book of the same layout too.
"""

from __future__ import annotations

import json
import os
import random
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from app.cli import main

SHARED = Path(os.environ.get("KONZERN_SHARED", Path(__file__).parents[2] / "shared"))
SAMPLE = SHARED / "data" / "finbench_driver_sample" / "snapshot"

needs_sample = pytest.mark.skipif(not SAMPLE.is_dir(), reason=f"no FinBench sample in {SAMPLE}")

STAKES = """
create table stakes as
select 'C' || investorId as owner, 'C' || companyId as owned, round(ratio, 9)::decimal(18, 9) as share
from read_csv('{0}/CompanyInvestCompany.csv', delim='|')
union all
select 'P' || investorId, 'C' || companyId, round(ratio, 9)::decimal(18, 9)
from read_csv('{0}/PersonInvestCompany.csv', delim='|')
"""
ROUND = """
insert into pairs
select x, owned from (
  select c.x, s.owned, sum(s.share) as votes
  from (select distinct owner as x, owner as p from stakes union select x, y from pairs) c
  join stakes s on s.owner = c.p and s.owned <> s.owner
  where s.owned <> c.x
  group by all
) t where votes > 0.5 and not exists (from pairs where pairs.x = t.x and pairs.y = t.owned)
"""


CHAINS = """
with recursive
tie as (
  select 'C' || fromId as giver, 'C' || toId as taker from read_csv('{0}/CompanyGuaranteeCompany.csv', delim='|')
  union all
  select 'P' || fromId, 'P' || toId from read_csv('{0}/PersonGuaranteePerson.csv', delim='|')
),
owed as (
  select 'C' || companyId as obligor, loanId from read_csv('{0}/CompanyApplyLoan.csv', delim='|')
  union all
  select 'P' || personId, loanId from read_csv('{0}/PersonApplyLoan.csv', delim='|')
),
debt as (
  select obligor, sum(round_even(balance, 2)::decimal(18, 2)) as drawn
  from owed join read_csv('{0}/Loan.csv', delim='|') using (loanId) group by all
),
below as (
  select giver as start, taker as party from tie
  union
  select start, taker from below join tie on party = giver
)
select start, coalesce(sum(drawn), 0)::decimal(18, 2)
from below left join debt on party = obligor and party <> start group by all
"""


def written(source: Path, out: Path) -> Path:
    """The report of a folder in the FinBench layout."""
    ended = CliRunner().invoke(
        main, ["report", str(source), "--mapping", "finbench", "--out", str(out)], catch_exceptions=False
    )
    assert ended.exit_code == 0, ended.output
    return out


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the sample."""
    return written(SAMPLE, tmp_path_factory.mktemp("finbench"))


def generated(folder: Path) -> Path:
    """A book in the FinBench layout: long chains, circles, mutual pairs and parties without loans."""
    rng = random.Random(5)  # noqa: S311 - a test repeats it
    made: dict[str, list[str]] = {
        "Person": ["personId|personName"], "Company": ["companyId|companyName"],
        "PersonInvestCompany": ["investorId|companyId|ratio|createTime"],
        "CompanyInvestCompany": ["investorId|companyId|ratio|createTime"],
        "PersonGuaranteePerson": ["fromId|toId|createTime"], "CompanyGuaranteeCompany": ["fromId|toId|createTime"],
        "Loan": ["loanId|loanAmount|balance|createTime"],
        "PersonApplyLoan": ["personId|loanId|createTime"], "CompanyApplyLoan": ["companyId|loanId|createTime"],
    }  # fmt: skip
    loan = 0
    for kind, many in (("Person", 300), ("Company", 200)):
        made[kind] += [f"{i}|{kind} {i}" for i in range(many)]
        made[f"{kind}InvestCompany"].append("1|2|0.6|2020-01-01")
        pairs = {tuple(rng.sample(range(many), 2)) for _ in range(many)} | {(i, i + 1) for i in range(40)}
        made[f"{kind}Guarantee{kind}"] += [
            f"{a}|{b}|2020-01-01" for a, b in sorted({*pairs, (41, 7), (3, 2)})
        ]
        for _ in range(many):
            loan += 1
            made["Loan"].append(
                f"{loan}|{rng.randrange(10**9) / 100}|{rng.randrange(10**8) / 100}|2020-01-01"
            )
            made[f"{kind}ApplyLoan"].append(f"{rng.randrange(many)}|{loan}|2020-01-01")
    for name, lines in made.items():
        (folder / f"{name}.csv").write_text("\n".join([*lines, ""]), "utf-8")
    return folder


def test_guarantee_chains_of_a_generated_book_are_what_a_recursive_query_adds_up(tmp_path: Path) -> None:
    assert len(chains(generated(tmp_path), tmp_path / "out")) > 300


@needs_sample
def test_guarantee_chains_are_what_a_recursive_query_adds_up_for_every_start(report: Path) -> None:
    assert len(chains(SAMPLE, report)) > 900


def chains(source: Path, out: Path) -> dict[str, Decimal]:
    """What hangs below each guarantor, as both say."""
    table = pq.read_table((out if out.is_dir() else written(source, out)) / "guarantors.parquet")
    told = dict(zip(table["party_id"].to_pylist(), table["chain_reach"].to_pylist(), strict=True))
    assert told == dict(duckdb.connect().execute(CHAINS.format(source)).fetchall())
    return told


@pytest.fixture(scope="module")
def db() -> duckdb.DuckDBPyConnection:
    """The stakes as DuckDB reads them from the same files."""
    held = duckdb.connect()
    held.execute(STAKES.format(SAMPLE))
    return held


@needs_sample
def test_control_pairs_agree_with_rounds_in_sql(report: Path, db: duckdb.DuckDBPyConnection) -> None:
    db.execute("create or replace table pairs (x varchar, y varchar)")
    before = -1
    while before != (count := db.execute("select count(*) from pairs").fetchall()[0][0]):
        before = count
        db.execute(ROUND)
    table = pq.read_table(report / "control.parquet", columns=["controller_id", "controlled_id"])
    assert before > 50
    assert set(zip(*table.to_pydict().values(), strict=True)) == set(db.execute("from pairs").fetchall())


@needs_sample
def test_integrated_shares_agree_with_a_power_series_in_sql(
    report: Path, db: duckdb.DuckDBPyConnection
) -> None:
    db.execute(
        "create or replace table walk as select owner, owned, sum(share)::double as share from stakes group by all"
    )
    db.execute("create or replace table direct as from walk")
    db.execute("create or replace table total as from walk")
    for _ in range(60):
        db.execute(
            "create or replace table walk as select d.owner, w.owned, sum(d.share * w.share) as share "
            "from direct d join walk w on d.owned = w.owner group by all having sum(d.share * w.share) > 1e-12"
        )
        db.execute("insert into total from walk")
    rows = db.execute(
        "select owner, owned, sum(share) from total group by all having sum(share) >= 0.05"
    ).fetchall()
    expected = {(a, b): share for a, b, share in rows}
    table = pq.read_table(report / "shares.parquet").to_pylist()
    held = {(r["owner_id"], r["owned_id"]): r["integrated"] for r in table if (r["integrated"] or 0) >= 0.05}
    assert len(expected) > 1000
    assert held == pytest.approx(expected, abs=1e-6)


@needs_sample
def test_every_row_is_accounted_for(report: Path, db: duckdb.DuckDBPyConnection) -> None:
    loans = db.read_csv(str(SAMPLE / "Loan.csv"), delimiter="|").count("*").fetchall()[0][0]
    summary = json.loads((report / "report.json").read_text())
    assert summary["counts"]["facilities"] == loans
    assert summary["base"] == "USD"
