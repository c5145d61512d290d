"""The FinBench sample: it loads and reports, and DuckDB agrees on control pairs and integrated shares.

The sample is other people's data and not part of the project: it is read from the folder ``shared`` beside the
clone, or from ``KONZERN_SHARED``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from app.cli import main

SHARED = Path(os.environ.get("KONZERN_SHARED", Path(__file__).parents[2] / "shared"))
SAMPLE = SHARED / "data" / "finbench_driver_sample" / "snapshot"

pytestmark = pytest.mark.skipif(not SAMPLE.is_dir(), reason=f"no FinBench sample in {SAMPLE}")

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


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the sample."""
    out = tmp_path_factory.mktemp("finbench")
    ended = CliRunner().invoke(
        main, ["report", str(SAMPLE), "--mapping", "finbench", "--out", str(out)], catch_exceptions=False
    )
    assert ended.exit_code == 0, ended.output
    return out


@pytest.fixture(scope="module")
def db() -> duckdb.DuckDBPyConnection:
    """The stakes as DuckDB reads them from the same files."""
    held = duckdb.connect()
    held.execute(STAKES.format(SAMPLE))
    return held


def test_control_pairs_agree_with_rounds_in_sql(report: Path, db: duckdb.DuckDBPyConnection) -> None:
    db.execute("create or replace table pairs (x varchar, y varchar)")
    before = -1
    while before != (count := db.execute("select count(*) from pairs").fetchall()[0][0]):
        before = count
        db.execute(ROUND)
    table = pq.read_table(report / "control.parquet", columns=["controller_id", "controlled_id"])
    assert before > 50
    assert set(zip(*table.to_pydict().values(), strict=True)) == set(db.execute("from pairs").fetchall())


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


def test_every_row_is_accounted_for(report: Path, db: duckdb.DuckDBPyConnection) -> None:
    loans = db.read_csv(str(SAMPLE / "Loan.csv"), delimiter="|").count("*").fetchall()[0][0]
    summary = json.loads((report / "report.json").read_text())
    assert summary["counts"]["facilities"] == loans
    assert summary["base"] == "USD"
