"""The store in Neo4j does what every store does."""

from __future__ import annotations

from tests.graph.contract import StoreContract


class TestGraphStore(StoreContract):
    """The contract, run through."""
