"""The embedded store does what every store does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.graph.contract import Fresh, StoreContract


@pytest.fixture(scope="module")
def fresh(fresh_root: Callable[[], Path]) -> Fresh:
    return lambda: f"book:{fresh_root()}"


class TestFileStore(StoreContract):
    """The contract, run through."""
