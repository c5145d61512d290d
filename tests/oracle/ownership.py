"""Integrated ownership in exact fractions: the inverse by Gauss, loops and closed sets by brute force."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

Holding = tuple[str, str, Fraction | None]
UNIT = Fraction(1, 10**9)


def inverse(matrix: Sequence[Sequence[Fraction]]) -> list[list[Fraction]] | None:
    """Inverse of a square matrix, None if it has none."""
    n = len(matrix)
    rows = [[*row, *(Fraction(i == j) for j in range(n))] for i, row in enumerate(matrix)]
    for i in range(n):
        pivot = next((r for r in range(i, n) if rows[r][i]), None)
        if pivot is None:
            return None
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [v / rows[i][i] for v in rows[i]]
        for r in range(n):
            if r != i and rows[r][i]:
                rows[r] = [a - rows[r][i] * b for a, b in zip(rows[r], rows[i], strict=True)]
    return [row[n:] for row in rows]


class Exact:
    """All figures of a book of holdings, by pairs of names; None where no number exists."""

    def __init__(self, names: Sequence[str], holdings: Iterable[Holding]) -> None:
        self.names = list(names)
        self.known: dict[tuple[str, str], Fraction] = {}
        self.recorded: set[tuple[str, str]] = set()
        self.blank: set[tuple[str, str]] = set()
        for owner, owned, share in holdings:
            self.recorded.add((owner, owned))
            if share is None:
                self.blank.add((owner, owned))
            else:
                self.known[owner, owned] = self.known.get((owner, owned), Fraction(0)) + share
        self.total = {y: sum((s for (_, b), s in self.known.items() if b == y), Fraction(0)) for y in names}
        self.reach = self._reach()
        loops = {frozenset(z for z in names if self._both(x, z)) for x in names if (x, x) in self.reach}
        self.closed = {s for s in loops if self._is_closed(s)}
        self.divergent = {s for s in loops - self.closed if self._diverges(s)}
        self.out = frozenset().union(*self.closed, *self.divergent)
        left = [x for x in names if x not in self.out]
        made = inverse([[Fraction(x == y) - self.w(x, y) for y in left] for x in left])
        assert made is not None
        self.v = {(x, y): made[i][j] for i, x in enumerate(left) for j, y in enumerate(left)}

    def w(self, x: str, y: str) -> Fraction:
        """Direct share, as far as it is known."""
        return self.known.get((x, y), Fraction(0))

    def _reach(self) -> set[tuple[str, str]]:
        reach = {pair for pair, share in self.known.items() if share}
        while True:
            more = {(a, d) for a, b in reach for c, d in reach if b == c} - reach
            if not more:
                return reach
            reach |= more

    def _both(self, x: str, y: str) -> bool:
        return (x, y) in self.reach and (y, x) in self.reach

    def _holdings(self, y: str) -> int:
        return len({a for a, b in self.recorded if b == y and (a != y or self.w(y, y))})

    def _is_closed(self, members: frozenset[str]) -> bool:
        return all(
            sum((self.w(x, y) for x in members), Fraction(0)) == self.total[y]
            and 1 - self.total[y] <= self._holdings(y) * UNIT
            for y in members
        )

    def _diverges(self, members: frozenset[str]) -> bool:
        """Not so exactly if (I - W) x = 1 has a solution without negative numbers."""
        order = sorted(members)
        made = inverse([[Fraction(x == y) - self.w(x, y) for y in order] for x in order])
        return made is None or any(sum(row) < 0 for row in made)

    def integrated(self, x: str, y: str) -> Fraction | None:
        """Integrated share of x in y: None where no number exists."""
        if x in self.out or any(
            any((x, z) in self.reach for z in s) and (y in s or any((z, y) in self.reach for z in s))
            for s in self.divergent
        ):
            return None
        return Fraction(0) if y in self.out else self.v[x, y] - (x == y)

    def loop_factor(self, x: str) -> Fraction | None:
        """V_xx."""
        return None if x in self.out else self.v[x, x]

    def rest(self, y: str) -> Fraction:
        """What unknown owners hold of y."""
        held = self._holdings(y)
        registered = any(b == y for _, b in self.recorded)
        return 1 - self.total[y] if registered and 1 - self.total[y] > held * UNIT else Fraction(0)

    def unknown(self, y: str) -> Fraction | None:
        """Share of y that ends at unknown owners; None below a divergent set."""
        if any(y in s or any((z, y) in self.reach for z in s) for s in self.divergent):
            return None
        if y in self.out:
            return Fraction(0)
        return sum((self.rest(z) * v for (z, b), v in self.v.items() if b == y), Fraction(0))

    def filled(self, x: str, y: str) -> Fraction | None:
        """Integrated share of x in y if x is every unknown owner: None without bound."""
        if self.unknown(y) is None:
            return None
        held = [(a, b, share) for (a, b), share in self.known.items()]
        held += [(x, z, self.rest(z)) for z in self.names if self.rest(z)]
        made = Exact(self.names, held)
        if x != y and (x, y) not in made.reach:
            return Fraction(0)
        return None if self.unknown(x) is None else made.integrated(x, y)
