"""Which tests of the stores are long."""

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """On Neo4j the contract's searches load hundreds of stores: only by make soak."""
    for item in items:
        searches = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        if searches and item.parent is not None and item.parent.name == "TestGraphStore":
            item.add_marker(pytest.mark.soak)
