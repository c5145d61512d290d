"""Ahead: ids are indexed and looked up behind the reading of tables, as soon as both of them are there."""

from __future__ import annotations

from concurrent.futures import Executor, Future

from graph.book import Book
from graph.model import TABLES


class Ahead:
    """Fills the look-ups that a book makes once, while its other tables are still being read.

    The book's tables are those that have arrived so far. Work is queued in the order in which it can be done, so
    that a look-up never waits for an index that comes after it.
    """

    def __init__(self, book: Book, pool: Executor) -> None:
        self._book = book
        self._pool = pool
        self._indexes: dict[str, Future[object]] = {}
        self._running: list[Future[object]] = []

    def arrived(self, name: str) -> None:
        """A table is complete: index its ids if others may name them, look up what can be looked up now."""
        key = TABLES[name].key
        if (
            len(key) == 1
            and not TABLES[name].column(key[0]).ref
            and key[0] in self._book.tables[name].column_names
        ):
            self._indexes[name] = self._pool.submit(self._book.index, name)
        for table in self._book.tables:
            for column in TABLES[table].columns:
                new = name in (table, column.ref)
                if new and column.ref in self._indexes and self._book.column(table, column.name) is not None:
                    self._running.append(self._pool.submit(self._look_up, table, column.name, column.ref))

    def _look_up(self, table: str, column: str, ref: str) -> object:
        """One column's look-up, after the index that it needs."""
        self._indexes[ref].result()
        return self._book.codes(table, column)

    def wait(self) -> None:
        """Until all of it is done; raises what any of it raised."""
        for future in (*self._indexes.values(), *self._running):
            future.result()
