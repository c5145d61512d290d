"""One store of the sample for all tests of the app, its report made once a process."""

from pathlib import Path

import pytest

from app.access import Access
from app.audit import Audit
from app.desk.questions import QUESTIONS
from app.source import SAMPLE
from graph.store import Store, open_store
from ingest.load import load


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = open_store(f"book:{tmp_path_factory.mktemp('sample') / 'store'}")
    load(SAMPLE, made)
    return made


@pytest.fixture(scope="session")
def access(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Access:
    return Access(store, Audit(Path(tmp_path_factory.mktemp("audit")) / "audit.jsonl"), questions=QUESTIONS)
