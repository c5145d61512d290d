"""Scope: the part of a book that one lending subsidiary may know, itself a book.

A subsidiary's analyst is shown results that were computed from this part and from nothing else, so that no figure,
text or export of theirs can depend on another lender's credit (non-interference by construction). It holds

- the lender's own facilities with what belongs to them: repayments, co-obligors, underlyings, covers, pledges,
  umbrellas, the guarantees and collateral behind them, and the limits set for the lender itself;
- the structure around their parties, as a register would tell it: everyone tied to them by ownership, control,
  kinship, pacts, judged identity or economic dependence, with their accounts and ratings; and the lenders' names.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graph.book import Book
from graph.errors import OptionError
from graph.model import TABLES
from graph.rows import keeping

Mask = npt.NDArray[np.bool_]
Int = npt.NDArray[np.signedinteger]

_STRUCTURE: Final = ("members", "ownership", "control", "kin", "same_as", "dependence", "counterparties")
"""Tables whose rows tie parties together whatever anyone has lent to them."""
_OF_FACILITIES: Final = ("co_obligors", "underlyings", "repayments", "guarantee_covers", "pledges")
_OF_PARTIES: Final = ("financials", "ratings")


def part_of(book: Book, lender: str) -> Book:
    """The part of a book that the lender may know; ``OptionError`` if the book has no such lender."""
    at = np.flatnonzero(np.asarray(pc.equal(book.index("lenders").ids, lender)))
    if not len(at):
        raise OptionError(f"no lender {lender!r} in the book")
    own = book.codes("facilities", "lender_id") == book.index("lenders").first[at[0]]
    kept = {"facilities": own}
    facility = _marked(book, "facilities", book.index("facilities").first[own])
    kept |= {name: _in(book, name, "facility_id", facility) for name in _OF_FACILITIES}
    kept["guarantees"] = _guarantees(book, kept)
    kept["collateral"] = _named(book, "collateral", book.codes("pledges", "collateral_id")[kept["pledges"]])
    kept["umbrellas"] = _named(book, "umbrellas", book.codes("facilities", "umbrella_id")[own])
    kept["limits"] = book.codes("limits", "lender_id") == book.index("lenders").first[at[0]]
    party = _around(book, kept)
    kept["parties"] = party[book.index("parties").first]
    for name in (*_STRUCTURE, *_OF_PARTIES, "liabilities"):
        ends = [c.name for c in TABLES[name].columns if c.ref == "parties"]
        kept[name] = np.logical_and.reduce([_in(book, name, end, party) for end in ends])
    kept["liabilities"] &= ~_between_lenders(book, int(at[0]))
    return keeping(book, {name: mask for name, mask in kept.items() if name in book.tables})


def _marked(book: Book, table: str, rows: Int) -> Mask:
    """A mark at each of these rows of a table, and one more place for codes below 0."""
    marks = np.zeros(book.table(table).num_rows + 1, bool)
    marks[rows[rows >= 0]] = True
    return marks


def _in(book: Book, table: str, column: str, marks: Mask) -> Mask:
    """Rows whose reference names a marked row; an empty reference names none."""
    codes = book.codes(table, column)
    return marks[np.where(codes < 0, len(marks) - 1, codes)]


def _named(book: Book, table: str, rows: Int) -> Mask:
    """Rows of a table, over all periods of validity, whose id is among those first found at ``rows``."""
    return _marked(book, table, rows)[book.index(table).first]


def _guarantees(book: Book, kept: dict[str, Mask]) -> Mask:
    """Guarantees that cover a kept facility or all debts of its obligor, and counter-guarantees for them."""
    chosen = _named(
        book, "guarantees", book.codes("guarantee_covers", "guarantee_id")[kept["guarantee_covers"]]
    )
    owed = np.concatenate(
        [
            book.codes("facilities", "obligor_id")[kept["facilities"]],
            book.codes("co_obligors", "party_id")[kept["co_obligors"]],
        ]
    )
    chosen |= _in(book, "guarantees", "obligor_id", _marked(book, "parties", owed))
    first = book.index("guarantees").first
    while True:
        more = chosen | _in(book, "guarantees", "counter_of", _marked(book, "guarantees", first[chosen]))
        if (more == chosen).all():
            return chosen
        chosen = more


def _around(book: Book, kept: dict[str, Mask]) -> Mask:
    """Parties of the kept credit and all that are tied to them: a mark by first row, and one for codes below 0."""
    n = book.table("parties").num_rows
    named = [
        book.codes(table, column.name)[kept[table]]
        for table in ("facilities", *_OF_FACILITIES, "guarantees", "collateral", "limits")
        for column in TABLES[table].columns
        if column.ref == "parties"
    ]
    pairs = []
    for table in _STRUCTURE:
        a, b = (book.codes(table, c.name) for c in TABLES[table].columns if c.ref == "parties")
        both = (a >= 0) & (b >= 0)
        pairs.append(np.stack([a[both], b[both]]))
    ends = np.concatenate(pairs, axis=1)
    ties = coo_array((np.ones(ends.shape[1], np.int8), ends), shape=(n, n))
    _, part = connected_components(ties, directed=False)
    found = np.concatenate(named)
    marks = _marked(book, "parties", book.codes("lenders", "party_id"))
    marks[:-1] |= np.isin(part, np.unique(part[found[found >= 0]]))
    return marks


def _between_lenders(book: Book, lender: int) -> Mask:
    """Debts that are owed by or to another lender as a party."""
    others = book.codes("lenders", "party_id").copy()
    others[lender] = -1
    marks = _marked(book, "parties", others)
    return _in(book, "liabilities", "debtor_id", marks) | _in(book, "liabilities", "creditor_id", marks)
