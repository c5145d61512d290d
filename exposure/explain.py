"""Explanations: why a party is in a group, and which facilities make a figure.

An ``Explanation`` is a tree of lines. Each figure's line holds the lines that it was summed from, with the
source rows, so that it can be replayed to the minor unit.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from exposure.groups import Groups
from exposure.lines import Lines, facilities_of
from exposure.proof import ControlStep, RiskStep, control_proof, group_path
from exposure.report import Analysis
from graph.errors import OptionError
from graph.model import PARTY_KINDS, SHARE
from graph.money import NULL

_WORDS: Final = Path(__file__).parent / "words"
SHOWN: Final = 10
"""Facilities that a text lists one by one, largest first; the JSON form lists all."""


@cache
def words(language: str) -> dict[str, str]:
    """Sentences of explanations by key in ``en`` or ``zh``."""
    return dict(tomllib.loads((_WORDS / f"explain.{language}.toml").read_text("utf-8")))


@dataclass(frozen=True)
class Line:
    """One statement: the key of its sentence, the words in it, its amount in base minor units, what it rests on.

    ``rows`` are source rows as (file, line); ``below`` the statements that it follows from.
    """

    key: str
    places: Mapping[str, object] = field(default_factory=dict)
    amount: int | None = None
    rows: tuple[tuple[str, int], ...] = ()
    below: tuple[Line, ...] = ()

    def sentence(self, language: str) -> str:
        """The statement in one language, source rows behind it."""
        amount = "" if self.amount is None else f"{self.amount / 100:,.2f}"
        say = words(language)
        kind = {"kind": say[f"kind_{self.places['kind']}"]} if "kind" in self.places else {}
        said = say[self.key].format_map({"amount": amount, **self.places, **kind})
        marks = [say["source_row"].format(file=file, row=row) for file, row in self.rows[:3]]
        return " ".join([said, *marks])

    def as_dict(self, language: str) -> dict[str, Any]:
        """The statement and what it rests on, for programs."""
        return {
            "key": self.key,
            "text": self.sentence(language),
            "amount": None if self.amount is None else f"{self.amount / 100:.2f}",
            **{k: v for k, v in self.places.items() if not k.startswith("text")},
            "rows": [{"file": file, "row": row} for file, row in self.rows],
            "below": [line.as_dict(language) for line in self.below],
        }


@dataclass(frozen=True)
class Explanation:
    """What there is to say about one subject."""

    subject: str
    lines: tuple[Line, ...]

    def as_dict(self, language: str = "en") -> dict[str, Any]:
        """For programs: every line with all that it rests on."""
        return {"subject": self.subject, "lines": [line.as_dict(language) for line in self.lines]}

    def text(self, language: str = "en") -> str:
        """For people: indented lines; long lists of facilities are cut, with the rest as one sum."""
        return "\n".join(text for line in self.lines for text in _texts(line, language, 0))


def _texts(line: Line, language: str, depth: int) -> Iterable[str]:
    """A line and what is below it, indented."""
    yield "  " * depth + line.sentence(language)
    summed = [b for b in line.below if b.amount is not None]
    others = [b for b in line.below if b.amount is None]
    cut = others[:SHOWN] if line.key == "group" else others
    for below in cut:
        yield from _texts(below, language, depth + 1)
    if len(cut) < len(others):
        yield from _texts(Line("members", {"count": len(others) - len(cut)}), language, depth + 1)
    summed.sort(key=lambda b: -(b.amount or 0))
    for below in summed[:SHOWN]:
        yield from _texts(below, language, depth + 1)
    rest = summed[SHOWN:]
    if rest:
        more = Line("more", {"count": len(rest)}, sum(b.amount or 0 for b in rest))
        yield from _texts(more, language, depth + 1)


def explain(analysis: Analysis, subject: str) -> Explanation:
    """Explain a party by its id, a group by its id (``G:...``), or a finding by its id (``F:...``).

    Raises ``OptionError`` if there is no such subject.
    """
    if subject in analysis.snapshot.number_of:
        return Explanation(subject, _party(analysis, analysis.snapshot.number_of[subject]))
    for k, held in enumerate(analysis.groups):
        if subject in held.names:
            return Explanation(subject, _group(analysis, k, held.names.index(subject)))
    if subject.startswith("F:"):
        found = analysis.table("findings")
        for row in found.to_pylist():
            if row["finding_id"] == subject:
                return Explanation(subject, _finding(row))
    raise OptionError(
        f"no party, group or finding {subject!r} in the book: give an id as it stands in the tables"
    )


def _finding(row: Mapping[str, Any]) -> tuple[Line, ...]:
    """A finding's sentence over the ways that it names and its source rows."""
    places = {name: row[name] for name in ("text_en", "text_zh", "code", "severity", "rule")}
    evidence = json.loads(row["evidence"])
    path = evidence["figures"].get("path", ())
    ways = [Line("way", {"way": way}) for way in ([path] if isinstance(path, str) else path)]
    facts = [Line("evidence", {"file": r["file"], "row": r["row"]}) for r in evidence["rows"]]
    return (Line("finding", places, below=(*ways, *facts)),)


def _party(analysis: Analysis, party: int) -> tuple[Line, ...]:
    """Who the party is, who controls it, which groups it is in and why, and what it owes."""
    snapshot, name = analysis.snapshot, analysis.snapshot.party_ids[party].as_py()
    places = {
        "id": name, "name": snapshot.parties.text("name")[party].as_py() or name,
        "kind": PARTY_KINDS[snapshot.parties["kind"][party]], "as_of": snapshot.as_of, "base": snapshot.base,
        "version": snapshot.version,
    }  # fmt: skip
    valued, control = analysis.facilities[0], analysis.control
    own = facilities_of(valued, np.array([party], np.int32), umbrellas=False)
    after = analysis.mitigation[0].net
    below = facilities_of(valued, np.append(control.controls(party), party).astype(np.int32), umbrellas=False)
    return (
        Line("party", places),
        *_other_ids(analysis, name),
        *_controllers(analysis, party),
        *(line for held in analysis.groups for line in _memberships(analysis, held, party)),
        _sum(analysis, "own", name, own),
        *([_sum(analysis, "controlled", name, below)] if len(control.controls(party)) else []),
        *_net(
            analysis, "own_net", name, own, facilities_of(after, np.array([party], np.int32), umbrellas=False)
        ),
    )


def _other_ids(analysis: Analysis, name: str) -> list[Line]:
    """The other ids that were judged to be the same party."""
    return [
        Line(
            "one_party",
            {"id": name, "others": ", ".join(one.ids[1:])},
            rows=_places(analysis, "parties", one.rows),
        )
        for one in analysis.snapshot.identities.merged
        if one.ids[0] == name
    ]


def _group(analysis: Analysis, pack: int, group: int) -> tuple[Line, ...]:
    """What the group hangs on, who is in it and why, and the facilities of its gross."""
    held, snapshot = analysis.groups[pack], analysis.snapshot
    sources = ", ".join(held.source_ids()[group].as_py())
    places = {
        "id": held.names[group], "members": int(held.size[group]), "sources": sources, "base": snapshot.base,
        "as_of": snapshot.as_of, "pack": held.pack.name, "version": snapshot.version,
    }  # fmt: skip
    members = held.members[held.ptr[group] : held.ptr[group + 1]]
    reasons = tuple(
        line
        for party in sorted(members.tolist(), key=lambda p: snapshot.party_rank[p])
        for line in _why(analysis, held, group, party, whole=False)
    )
    owed = facilities_of(analysis.facilities[pack], members)
    after = facilities_of(analysis.mitigation[pack].net, members)
    return (
        Line("group", places, below=reasons),
        _sum(analysis, "gross", held.names[group], owed),
        *_net(analysis, "net", held.names[group], owed, after),
    )


def _controllers(analysis: Analysis, party: int) -> list[Line]:
    """The proof of each topmost controller."""
    control, names = analysis.control, analysis.snapshot.party_ids
    above = [x for x in control.controllers(party).tolist() if control.top[x]]
    if not above:
        return [Line("nobody", {"id": names[party].as_py()})]
    made = []
    for x in sorted(above, key=lambda p: analysis.snapshot.party_rank[p]):
        places = {"controller": names[x].as_py(), "id": names[party].as_py()}
        steps = control_proof(control, x, party)
        made.append(Line("controlled_by", places, below=tuple(_step(analysis, x, s) for s in steps)))
    return made


def _step(analysis: Analysis, controller: int, step: ControlStep) -> Line:
    """One step of a proof of control, with the stakes or the fact that it rests on."""
    names = analysis.snapshot.party_ids
    who = {"controller": names[controller].as_py(), "target": names[step.target].as_py()}
    cast = sum(votes for _, votes in step.votes)
    if step.base > 0 and 2 * cast > step.base:
        added = " + ".join(f"{names[p].as_py()} {_percent(votes)}" for p, votes in step.votes)
        places = {**who, "cast": added, "sum": _percent(cast), "base": _percent(step.base)}
        key = "votes" if step.base == SHARE.scale else "votes_own"
        return Line(key, places, rows=_stakes(analysis, step))
    holder, basis, row = step.facts[0]
    return Line(
        "fact",
        {**who, "holder": names[holder].as_py(), "basis": basis},
        rows=_places(analysis, "control", [row]),
    )


def _percent(parts: int) -> str:
    """Parts per 10^9 as a percentage, all digits.

    >>> _percent(511_111_111)
    '51.1111111 %'
    """
    whole, rest = divmod(parts, 10**7)
    return f"{whole}.{rest:07d}".rstrip("0").rstrip(".") + " %"


def _stakes(analysis: Analysis, step: ControlStep) -> tuple[tuple[str, int], ...]:
    """Source rows of the holdings that a step adds up."""
    rows = analysis.snapshot.tables["ownership"]
    holders = [p for p, _ in step.votes]
    at = np.flatnonzero((rows["owned_id"] == step.target) & np.isin(rows["owner_id"], holders))
    return _places(analysis, "ownership", rows.row[at].tolist())


def _places(analysis: Analysis, table: str, rows: Iterable[int]) -> tuple[tuple[str, int], ...]:
    """Files and lines of book rows; nothing where the book itself is not at hand."""
    book = analysis.snapshot.book
    return () if book is None else tuple(book.place(table, int(row)) for row in rows)


def _memberships(analysis: Analysis, held: Groups, party: int) -> list[Line]:
    """Each group that the party is in, with the way from its source."""
    groups = held.groups_of(party)
    if not groups:
        return [Line("no_group", {"id": analysis.snapshot.party_ids[party].as_py(), "pack": held.pack.name})]
    return [line for group in groups for line in _why(analysis, held, group, party)]


def _why(analysis: Analysis, held: Groups, group: int, party: int, *, whole: bool = True) -> list[Line]:
    """Why a party is in a group: it is a source, or the steps from one (only the last of them, unless whole)."""
    names = analysis.snapshot.party_ids
    places = {
        "id": names[party].as_py(), "group": held.names[group], "members": int(held.size[group]),
        "pack": held.pack.name,
    }  # fmt: skip
    path = group_path(held, group, party)
    if not path:
        return [Line("source", places)]
    steps = tuple(_risk(analysis, step) for step in (path if whole else path[-1:]))
    return [Line("in_group", places, below=steps) if whole else steps[0]]


def _risk(analysis: Analysis, step: RiskStep) -> Line:
    """One step from a source towards a member."""
    names = analysis.snapshot.party_ids
    places = {"start": names[step.start].as_py(), "to": names[step.to].as_py(), "basis": step.basis}
    rows = _places(analysis, step.row[0], [step.row[1]]) if step.row else ()
    proof = tuple(_step(analysis, step.start, s) for s in step.proof)
    return Line(f"step_{step.via}", places, rows=rows, below=proof)


def _net(analysis: Analysis, key: str, name: str, before: Lines, after: Lines) -> list[Line]:
    """The figure after mitigation, where mitigation changes any line of it."""
    same = len(before) == len(after) and np.array_equal(before.gross, after.gross)
    return [] if same else [_sum(analysis, key, name, after)]


def _sum(analysis: Analysis, key: str, name: str, lines: Lines) -> Line:
    """A figure over the facilities and umbrella lines that it was summed from."""
    snapshot = analysis.snapshot
    facilities, umbrellas = snapshot.tables["facilities"], snapshot.tables["umbrellas"]
    lenders = snapshot.tables["lenders"].text("lender_id")
    made = []
    for facility, umbrella, gross in zip(
        lines.facility.tolist(), lines.umbrella.tolist(), lines.gross.tolist(), strict=True
    ):
        amount = None if gross == NULL else gross
        if facility < 0:
            code = umbrellas.text("umbrella_id")[umbrella].as_py()
            rows = _places(analysis, "umbrellas", [umbrellas.row[umbrella]])
            made.append(Line("umbrella", {"umbrella": code}, amount, rows))
            continue
        places = {
            "facility": facilities.text("facility_id")[facility].as_py(),
            "lender": lenders[int(facilities["lender_id"][facility])].as_py(),
            "obligor": snapshot.party_ids[int(facilities["obligor_id"][facility])].as_py(),
        }
        rows = _places(analysis, "facilities", [facilities.row[facility]])
        made.append(Line("unknown" if amount is None else "facility", places, amount, rows))
    return Line(key, {"id": name}, sum(line.amount or 0 for line in made), below=tuple(made))
