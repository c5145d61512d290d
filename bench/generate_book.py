"""Synthetic credit books of a banking group, in the tables of the contract, to measure on.

Usage: python bench/generate_book.py OUT S|M|L [--seed 7]

S has 10 thousand parties, M 100 thousand, L 1 million (1.6 million stakes, 1 million guarantees and 3 million
facilities). Ids are shuffled text, as in a real extract, and so are the rows. A seed always writes one book.
Group sizes follow a power law, holders and guarantors mostly come from the same region, and what makes real
books hard is there: joint control, exact halves, cross-holdings, fund hubs, circles of guarantees, collateral
pledged too often.
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import ArrayLike, NDArray

Whole = NDArray[np.int64]
Real = NDArray[np.float64]
Mask = NDArray[np.bool_]

PARTIES = {"S": 10_000, "M": 100_000, "L": 1_000_000}
CURRENCIES = {"EUR": 1.0, "USD": 0.92, "CNY": 0.127, "GBP": 1.16, "CHF": 1.05, "PLN": 0.234}
PD = {"AAA": 1e-4, "AA": 3e-4, "A": 1e-3, "BBB": 3e-3, "BB": 1e-2, "B": 4e-2, "CCC": 0.15}
SUBSIDIARIES = [f"SUB{i:02d}" for i in range(40)]
REGION = 2000
"""Companies with neighbouring numbers that do business with each other."""


# --- who owns whom --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Corporates:
    """Companies 0..n-1 in groups, persons n..parties-1; a group is a run of numbers, its root first."""

    parties: int
    n: int
    sizes: Whole
    start: Whole
    group: Whole
    position: Whole

    @property
    def persons(self) -> int:
        """How many parties are persons."""
        return self.parties - self.n

    @classmethod
    def draw(cls, rng: np.random.Generator, parties: int) -> "Corporates":
        """Four fifths of the parties are companies, the largest group has one party in 200."""
        n = int(parties * 0.8)
        sizes = power_law(rng, n, largest=max(200, parties // 200))
        start = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        group = np.repeat(np.arange(len(sizes)), sizes)
        return cls(parties, n, sizes, start, group, np.arange(n) - start[group])

    def near(self, rng: np.random.Generator, companies: Whole) -> Whole:
        """For each company another one of its region."""
        drawn = companies // REGION * REGION + rng.integers(0, REGION, len(companies))
        return drawn.clip(0, self.n - 1)


def power_law(rng: np.random.Generator, total: int, *, alpha: float = 2.1, largest: int) -> Whole:
    """Sizes from 1 to `largest` with density ~ size^-alpha that add up to `total`."""
    found, left = [], total
    while left > 0:
        sizes = np.floor(rng.random(total // 4 + 8) ** (-1 / (alpha - 1))).clip(1, largest).astype(np.int64)
        sums = np.cumsum(sizes)
        last = np.searchsorted(sums, left)
        if last < len(sizes):
            sizes = sizes[: last + 1].copy()
            sizes[-1] -= sums[last] - left
        left -= int(sizes.sum())
        found.append(sizes[sizes > 0])
    return np.concatenate(found)


@dataclass
class Stakes:
    """Holder, company and share, collected piece by piece."""

    holder: list[Whole] = field(default_factory=list)
    company: list[Whole] = field(default_factory=list)
    share: list[Real] = field(default_factory=list)

    def add(self, holder: Whole, company: Whole, share: ArrayLike) -> None:
        """More stakes; one share may serve all of them."""
        self.holder.append(holder)
        self.company.append(company)
        self.share.append(np.broadcast_to(np.asarray(share, float), company.shape))

    def merged(self, parties: int) -> tuple[Whole, Whole, Real]:
        """One stake a pair, nobody owns itself, and the shares of a company add up to 1 at most."""
        holder, company, share = map(np.concatenate, (self.holder, self.company, self.share))
        kept = (holder != company) & (share > 0)
        key, inverse = np.unique(holder[kept] * parties + company[kept], return_inverse=True)
        share = np.bincount(inverse, share[kept])
        holder, company = key // parties, key % parties
        total = np.bincount(company, share, parties)
        return holder, company, share / np.maximum(total, 1.0)[company]


def draw_stakes(rng: np.random.Generator, firms: Corporates) -> tuple[Whole, Whole, Real]:
    """Roots belong to persons, subsidiaries to their group and others, funds hold a little of many."""
    stakes = Stakes()
    add_roots(rng, firms, stakes)
    below = np.nonzero(firms.position > 0)[0]
    add_subsidiaries(rng, firms, below, stakes)
    # Cross-holdings: a child holds 3 to 15 % of a company higher up in its own group.
    cross = below[rng.random(len(below)) < 0.015]
    up = (firms.position[cross] * rng.random(len(cross)) ** 2).astype(int)
    stakes.add(cross, firms.start[firms.group[cross]] + up, rng.uniform(0.03, 0.15, len(cross)).round(3))
    hubs, holdings = max(5, firms.parties // 20_000), int(firms.parties * 0.25)
    funds = rng.integers(0, firms.n, hubs)
    fund = funds[(hubs * rng.random(holdings) ** 2).astype(int)]
    stakes.add(fund, rng.integers(0, firms.n, holdings), rng.uniform(0.01, 0.05, holdings).round(3))
    return stakes.merged(firms.parties)


def add_roots(rng: np.random.Generator, firms: Corporates, stakes: Stakes) -> None:
    """One to three persons own a root, often by exact halves; some persons hold several groups."""
    roots = firms.start
    drawn = (firms.persons * rng.random((3, len(roots))) ** 1.3).astype(int)
    person = firms.n + np.minimum(drawn, firms.persons - 1)
    owners = rng.choice(3, len(roots), p=[0.5, 0.35, 0.15])
    one, two, three = (owners == i for i in range(3))
    stakes.add(person[0][one], roots[one], 1.0)
    major = np.where(rng.random(two.sum()) < 0.4, 0.5, 0.6)
    stakes.add(person[0][two], roots[two], major)
    stakes.add(person[1][two], roots[two], 1 - major)
    for i, share in enumerate((0.4, 0.35, 0.25)):
        stakes.add(person[i][three], roots[three], share)


def add_subsidiaries(rng: np.random.Generator, firms: Corporates, below: Whole, stakes: Stakes) -> None:
    """A random tree with some long chains; six kinds of shareholding decide who controls."""
    first, position, n = firms.start[firms.group[below]], firms.position[below], len(below)
    chain = (rng.random(len(firms.sizes)) < 0.02)[firms.group[below]] & (position < 40)
    parent = first + np.where(chain, position - 1, (position * rng.random(n) ** 1.2).astype(int))
    second = first + (position * rng.random(n)).astype(int)
    partner = firms.near(rng, below)
    person = firms.n + rng.integers(0, firms.persons, n)
    drawn = rng.choice(6, n, p=[0.52, 0.2, 0.1, 0.04, 0.1, 0.04])
    wholly, majority, joint, halves, minority, blocks = (drawn == i for i in range(6))

    def add(holder: Whole, kind: Mask, share: ArrayLike) -> None:
        stakes.add(holder[kind], below[kind], share)

    def shares(low: float, high: float, kind: Mask) -> Real:
        return rng.uniform(low, high, kind.sum()).round(3)

    add(parent, wholly, 1.0)
    share = shares(0.51, 0.95, majority)
    add(parent, majority, share)
    add(person, majority, 1 - share)
    share = shares(0.3, 0.45, joint)  # neither holder has a majority
    add(parent, joint, share)
    add(second, joint, share)
    add(person, joint, 1 - 2 * share)
    add(parent, halves, 0.5)
    add(partner, halves, 0.5)
    share = shares(0.2, 0.5, minority)
    add(parent, minority, share)
    add(partner, minority, (1 - share) / 2)
    add(person, minority, (1 - share) / 2)
    for holder, block in ((parent, 0.26), (second, 0.26), (person, 0.3)):
        add(holder, blocks, block)


# --- who owes, who vouches, what is pledged -------------------------------------------------------


@dataclass(frozen=True)
class Facilities:
    """Obligor, lender and currency as numbers, amounts in that currency; `of` lists them by obligor."""

    obligor: Whole
    limit: Real
    drawn: Real
    lender: Whole
    currency: Whole
    parties: int
    of: Whole
    first: Whole
    count: Whole

    def __len__(self) -> int:
        """How many facilities there are."""
        return len(self.obligor)

    @classmethod
    def draw(cls, rng: np.random.Generator, firms: Corporates) -> "Facilities":
        """Three a party; 60 % of the companies and 10 % of the persons borrow, roots twice as much."""
        parties, n = firms.parties, 3 * firms.parties
        borrows = rng.random(parties) < np.where(np.arange(parties) < firms.n, 0.6, 0.1)
        weight = np.where(borrows, rng.lognormal(0, 1, parties), 0)
        weight[firms.start] *= 2
        sums = np.cumsum(weight)
        obligor = np.searchsorted(sums, rng.random(n) * sums[-1], side="right").clip(0, parties - 1)
        limit = rng.lognormal(12, 1.4, n).round(2)
        drawn = (limit * rng.beta(2, 1.5, n)).round(2)
        lender = (40 * rng.random(n) ** 2).astype(np.int32)
        currency = rng.choice(6, n, p=[0.5, 0.25, 0.1, 0.05, 0.05, 0.05])
        count = np.bincount(obligor, minlength=parties)
        first = np.concatenate([[0], np.cumsum(count)])[:-1]
        by_obligor = np.argsort(obligor, kind="stable")
        return cls(obligor, limit, drawn, lender, currency, parties, by_obligor, first, count)

    def debt(self) -> Real:
        """Drawn amounts by obligor, currencies not told apart."""
        return np.bincount(self.obligor, self.drawn, self.parties)

    def one_of(self, rng: np.random.Generator, obligors: Whole) -> Whole:
        """A facility of each obligor; a meaningless one where an obligor has none."""
        chosen = self.first[obligors] + (rng.random(len(obligors)) * self.count[obligors]).astype(int)
        return self.of[chosen.clip(0, len(self) - 1)]


@dataclass(frozen=True)
class Guarantees:
    """Guarantor, obligor and cap; `facility` is -1 where the guarantee covers all debts of the obligor."""

    guarantor: Whole
    obligor: Whole
    cap: Real
    facility: Whole


def draw_pairs(
    rng: np.random.Generator, firms: Corporates, holder: Whole, company: Whole
) -> tuple[Whole, Whole, Whole]:
    """Guarantor and obligor of each guarantee, and the professional guarantors among them."""
    parties, by_company = firms.parties, holder < firms.n
    pairs = []
    for kind, part in ((by_company, 0.45), (~by_company, 0.2)):  # owners vouch for what they own
        stake = rng.choice(np.nonzero(kind)[0], int(parties * part))
        pairs.append((holder[stake], company[stake]))
    circles = int(parties * 0.15 / 6.5)
    size = 2 + rng.geometric(0.3, circles).clip(1, 14)  # 3 to 16 members
    circle = np.repeat(np.arange(circles), size)
    first = np.concatenate([[0], np.cumsum(size)[:-1]])
    member = firms.near(rng, rng.integers(0, firms.n, circles)[circle])
    after = np.arange(len(circle)) + 1
    last = after == (first + size)[circle]
    after[last] = first[circle[last]]
    pairs.append((member, member[after]))
    mutual = rng.random(len(member)) < 0.3
    pairs.append((member[after][mutual], member[mutual]))
    chained = rng.integers(0, firms.n, int(parties * 0.1))
    pairs.append((chained, firms.near(rng, chained)))
    hubs, given = max(5, parties // 5000), int(parties * 0.08)
    hub = rng.integers(0, firms.n, hubs)
    pairs.append((hub[(hubs * rng.random(given) ** 2).astype(int)], rng.integers(0, firms.n, given)))
    guarantor, obligor = (np.concatenate(side) for side in zip(*pairs, strict=True))
    kept = guarantor != obligor
    return guarantor[kept], obligor[kept], hub


def draw_guarantees(
    rng: np.random.Generator, facilities: Facilities, guarantor: Whole, obligor: Whole
) -> Guarantees:
    """Caps of 10 to 120 % of the debt in full thousands; half of the guarantees name one facility."""
    debt = np.maximum(facilities.debt()[obligor], 5e4)
    cap = (debt * rng.uniform(0.1, 1.2, len(guarantor))).round(-3)
    facility = facilities.one_of(rng, obligor)
    named = (rng.random(len(obligor)) < 0.5) & (facilities.count[obligor] > 0)
    return Guarantees(guarantor, obligor, cap, np.where(named, facility, -1))


@dataclass(frozen=True)
class Collateral:
    """Items (owner, value) and pledges (item, facility, amount); one item in 25 is pledged too often."""

    owner: Whole
    value: Real
    item: Whole
    facility: Whole
    amount: Real

    @classmethod
    def draw(cls, rng: np.random.Generator, facilities: Facilities) -> "Collateral":
        """Obligors pledge what they own for one to six of their own facilities."""
        n = int(facilities.parties * 0.4)
        owner = facilities.obligor[rng.integers(0, len(facilities), n)]
        value, pledges = rng.lognormal(12.5, 1.2, n).round(2), rng.geometric(0.4, n).clip(1, 6)
        item = np.repeat(np.arange(n), pledges)
        facility = facilities.one_of(rng, owner[item])
        part = value[item] / pledges[item] * rng.uniform(0.3, 1.0, len(item))
        amount = (part * np.where(rng.random(n) < 0.04, 3.5, 1)[item]).round(2)
        once = single(item, facility, len(facilities))
        return cls(owner, value, item[once], facility[once], amount[once])


def single(left: Whole, right: Whole, size: int) -> Whole:
    """Rows of the first appearance of each pair, in order of the pairs; `right` is below `size`."""
    return np.unique(left.astype(np.int64) * size + right, return_index=True)[1]


# --- the book -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Book:
    """All that the tables are written from, with parties and facilities as numbers."""

    firms: Corporates
    holder: Whole
    company: Whole
    share: Real
    voting: Real
    control: tuple[Whole, Whole]
    dependence: tuple[Whole, Whole]
    facilities: Facilities
    equity: Real
    guarantees: Guarantees
    joint: Mask
    collateral: Collateral

    @classmethod
    def draw(cls, scale: str, seed: int) -> "Book":
        """The book of a scale and a seed; the order of the draws is part of what a seed means."""
        rng = np.random.default_rng(seed)
        firms = Corporates.draw(rng, PARTIES[scale])
        holder, company, share = draw_stakes(rng, firms)
        voting = np.where(rng.random(len(share)) < 0.03, share * rng.uniform(0.5, 1, len(share)), share)
        controlled = rng.choice(np.nonzero(firms.position > 0)[0], int(firms.parties * 0.01))
        controller = firms.start[firms.group[controlled]]
        once = single(controller, controlled, firms.parties)
        dependent = rng.integers(0, firms.n, int(firms.parties * 0.04))
        source = firms.near(rng, dependent)
        other = dependent != source
        other &= np.isin(np.arange(len(other)), single(dependent, source, firms.parties))
        facilities = Facilities.draw(rng, firms)
        earned = facilities.debt() * rng.lognormal(-0.3, 0.9, firms.parties)
        equity = (earned + rng.lognormal(11.5, 1.5, firms.parties)).round(2)
        guarantor, obligor, hubs = draw_pairs(rng, firms, holder, company)
        guarantees = draw_guarantees(rng, facilities, guarantor, obligor)
        equity[hubs] *= 50
        collateral = Collateral.draw(rng, facilities)
        joint = rng.random(len(guarantor)) < 0.6
        return cls(
            firms,
            holder,
            company,
            share,
            voting,
            (controller[once], controlled[once]),
            (dependent[other], source[other]),
            facilities,
            equity,
            guarantees,
            joint,
            collateral,
        )


def ids(prefix: str, n: int, rng: np.random.Generator) -> pa.Array:
    """Ids of nine digits with gaps, in random order."""
    number = rng.permutation(n * 7)[:n]
    return pa.array(np.char.add(prefix, np.char.zfill(number.astype(str), 9)).astype(object))


def coded(words: Sequence[str], number: ArrayLike) -> pa.DictionaryArray:
    """Words by their number, stored once."""
    return pa.array(words).take(pa.array(number)).dictionary_encode()


@dataclass(frozen=True)
class Writer:
    """Writes tables with their rows shuffled."""

    folder: Path
    rng: np.random.Generator

    def table(self, name: str, /, **columns: object) -> None:
        """Write one table and say how large it is."""
        table = pa.table(columns)
        path = self.folder / f"{name}.parquet"
        pq.write_table(table.take(pa.array(self.rng.permutation(table.num_rows))), path, compression="zstd")
        print(f"{name:16s} {table.num_rows:>9,d} rows {path.stat().st_size / 1e6:8.1f} MB")


def write(book: Book, folder: Path, seed: int) -> None:
    """The tables of the book as NAME.parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed + 1)
    out = Writer(folder, rng)
    sizes = (book.firms.parties, len(book.facilities), len(book.collateral.value), len(book.joint))
    party, facility, item, guarantee = (ids(p, n, rng) for p, n in zip("CFKG", sizes, strict=True))
    write_parties(out, book, party)
    write_facilities(out, book.facilities, party, facility)
    write_guarantees(out, book, party, facility, guarantee)
    write_collateral(out, book.collateral, party, facility, item)


def write_parties(out: Writer, book: Book, party: pa.Array) -> None:
    """Parties and lenders, and who owns, controls and depends on whom."""
    n = book.firms.parties
    person = (np.arange(n) >= book.firms.n).astype(int)
    grade = out.rng.choice(7, n, p=[0.02, 0.08, 0.2, 0.3, 0.25, 0.1, 0.05])
    named = np.char.add(np.where(person, "Person ", "Company "), np.arange(n).astype(str))
    out.table(
        "parties",
        party_id=party,
        name=pa.array(named.astype(object)),
        kind=coded(["company", "person"], person),
        equity=book.equity,
        rating=coded(list(PD), grade),
        pd=np.array(list(PD.values()))[grade],
    )
    out.table(
        "lenders",
        lender_id=pa.array(["GROUP", *SUBSIDIARIES]),
        name=pa.array(["Bank group", *(f"Subsidiary {i}" for i in range(40))]),
        parent_id=pa.array([None, *["GROUP"] * 40], pa.string()),
        tier1=pa.array([2e10 * n / 1e6, *[None] * 40]),
        currency=pa.array(["EUR"] * 41),
    )
    holder, company = taken(party, (book.holder, book.company))
    out.table(
        "ownership", owner_id=holder, owned_id=company, share=parts(book.share), voting=parts(book.voting)
    )
    controller, controlled = taken(party, book.control)
    basis = coded(["contract", "board_majority"], out.rng.integers(0, 2, len(controlled)))
    out.table("control", controller_id=controller, controlled_id=controlled, basis=basis)
    dependent, source = taken(party, book.dependence)
    basis = coded(["distress_would_spread"], np.zeros(len(source), int))
    out.table("dependence", dependent_id=dependent, on_id=source, basis=basis)


def taken(party: pa.Array, sides: Iterable[Whole]) -> list[pa.Array]:
    """Ids of both sides of a table of pairs."""
    return [party.take(pa.array(side)) for side in sides]


def parts(share: Real) -> Real:
    """A share cut to billionths, the finest that a book holds."""
    return np.floor(share * 1e9) / 1e9


def write_facilities(out: Writer, facilities: Facilities, party: pa.Array, facility: pa.Array) -> None:
    """Facilities, and the rates of their currencies."""
    n = len(facilities)
    start = np.datetime64("2023-01-01") + out.rng.integers(0, 1200, n)
    product = out.rng.choice(3, n, p=[0.6, 0.3, 0.1])
    out.table(
        "facilities",
        facility_id=facility,
        lender_id=coded(SUBSIDIARIES, facilities.lender),
        obligor_id=party.take(pa.array(facilities.obligor)),
        product=coded(["loan", "revolving", "letter_of_credit"], product),
        limit=facilities.limit,
        drawn=facilities.drawn,
        currency=coded(list(CURRENCIES), facilities.currency),
        start_date=pa.array(start),
        maturity_date=pa.array(start + out.rng.integers(180, 2500, n)),
    )
    out.table(
        "fx",
        currency=pa.array(list(CURRENCIES)),
        date=pa.array(np.full(len(CURRENCIES), np.datetime64("2026-10-30"))),
        rate=list(CURRENCIES.values()),
    )


def write_guarantees(
    out: Writer, book: Book, party: pa.Array, facility: pa.Array, guarantee: pa.Array
) -> None:
    """Guarantees, and the facilities that they name."""
    given, n = book.guarantees, len(guarantee)
    named = given.facility >= 0
    out.table(
        "guarantees",
        guarantee_id=guarantee,
        guarantor_id=party.take(pa.array(given.guarantor)),
        form=coded(["capped", "joint_several"], book.joint.astype(int)),
        cap=given.cap,
        currency=coded(["EUR"], np.zeros(n, int)),
        eligible=pa.array(np.ones(n, bool)),
        obligor_id=party.take(pa.array(given.obligor, mask=named)),
    )
    out.table(
        "guarantee_covers",
        guarantee_id=guarantee.take(pa.array(np.nonzero(named)[0])),
        facility_id=facility.take(pa.array(given.facility[named])),
    )


def write_collateral(
    out: Writer, collateral: Collateral, party: pa.Array, facility: pa.Array, item: pa.Array
) -> None:
    """Collateral and what it is pledged for."""
    n, pledges = len(collateral.value), len(collateral.item)
    out.table(
        "collateral",
        collateral_id=item,
        owner_id=party.take(pa.array(collateral.owner)),
        kind=coded(["property", "equipment", "receivable"], out.rng.integers(0, 3, n)),
        value=collateral.value,
        currency=coded(["EUR"], np.zeros(n, int)),
    )
    out.table(
        "pledges",
        collateral_id=item.take(pa.array(collateral.item)),
        facility_id=facility.take(pa.array(collateral.facility)),
        amount=collateral.amount,
        currency=coded(["EUR"], np.zeros(pledges, int)),
    )


def main() -> None:
    """Draw the book and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder of the tables")
    parser.add_argument("scale", choices=PARTIES)
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args()
    write(Book.draw(chosen.scale, chosen.seed), chosen.out, chosen.seed)


if __name__ == "__main__":
    main()
