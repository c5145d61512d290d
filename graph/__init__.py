"""What exists: the book of parties and ties, and where it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graph.store import Store


def open_store(url: str) -> Store:
    """Open the store of a URL; see ``graph.store.open_store``."""
    from graph.store import open_store as opened  # noqa: PLC0415 - whoever wants graph.errors alone does not wait

    return opened(url)
