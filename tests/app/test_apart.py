"""The report of a large book is made by another process, and opened here without a computation."""

import sys
from pathlib import Path

import pytest

from app import kept
from app.desk import apart
from app.desk.opened import Scope, open_desk
from app.source import SAMPLE
from exposure.report import Request
from graph.errors import StoreError
from graph.store import Store, open_store
from ingest.load import load


@pytest.fixture
def big(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store of the sample, which counts as large."""
    monkeypatch.setattr(apart, "LARGE", 1)
    store = open_store(f"book:{tmp_path / 'store'}")
    load(SAMPLE, store)
    return store


def test_a_large_report_is_made_apart_and_only_opened_here(
    big: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def computed(*_: object) -> None:
        raise AssertionError("computed in this process")

    monkeypatch.setattr(kept, "computed", computed)
    desk = open_desk(big, Scope("L-LEASE"), Request(packs=("CN-LE", "EU-CRR"), options={"kin": "true"}))
    assert (desk.summary["kept"], desk.pack) == (True, "CN-LE")
    assert set(desk.text("facilities", "facility_id").to_pylist())


def test_what_went_wrong_apart_is_told_here(big: Store) -> None:
    with pytest.raises(StoreError, match=r"not finished: .*no lender 'L-NONE'"):
        apart.made(big.url, Scope("L-NONE"), Request(), 1)


def test_a_process_that_is_ended_is_told(big: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = tmp_path / "ends"
    ends.write_text("#!/bin/sh\nkill -9 $$\n")
    ends.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(ends))
    with pytest.raises(StoreError, match="signal 9"):
        apart.made(big.url, Scope(), Request(), 1)
