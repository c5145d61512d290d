"""Explanations: why a party is in a group, and which facilities make a figure.

An ``Explanation`` is a tree of lines. Each figure's line holds the lines that it was summed from, with the
source rows, so that it can be replayed to the minor unit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from exposure import evidence, limited, measures, reasons
from exposure.groups import GROUP, Groups
from exposure.lines import Lines, facilities_of
from exposure.lookthrough import UNKNOWN, UNKNOWN_ID
from exposure.proof import ControlStep, RiskStep, commanded, control_proof, group_path
from exposure.report import Analysis
from exposure.statement import Explanation, Line
from graph.errors import OptionError
from graph.model import PARTY_KINDS, SHARE


def explain(analysis: Analysis, subject: str) -> Explanation:
    """Explain what stands in the tables, by its id.

    A party, ``(unknown)``, a group (``G:...``), a finding (``F:...``), a ring (``R:...``), a guarantee, a facility, or
    with a sign between two ids the share of one party in another (``P>A``). A group is also found by another of its
    sources and by an id that was judged to be one party with one of them; it is told under its own id, for each pack
    that has it.

    Raises ``OptionError`` if there is no such subject.
    """
    if subject == UNKNOWN_ID and (told := _unidentified(analysis)):
        return Explanation(subject, told)
    if subject in analysis.snapshot.number_of:
        return Explanation(subject, _party(analysis, analysis.snapshot.number_of[subject]))
    told = _groups(analysis, subject) or reasons.of(analysis, subject)
    told = (*told, *_over(analysis, subject)) if told else told
    if told:
        return Explanation(subject, told)
    if subject.startswith("F:"):
        found = analysis.table("findings")
        for row in found.to_pylist():
            if row["finding_id"] == subject:
                return Explanation(subject, _finding(row))
    if subject.startswith(GROUP):
        return _by_source(analysis, subject.removeprefix(GROUP))
    raise OptionError(
        f"no party, group, ring, guarantee, facility or finding {subject!r} in the book: give an id as it stands in "
        "the tables, or two parties as OWNER>COMPANY"
    )


def _by_source(analysis: Analysis, source: str) -> Explanation:
    """The group of which a party is a source, under the first pack that has one; ``OptionError`` where none has."""
    snapshot = analysis.snapshot
    number = snapshot.number_of.get(source, -1)
    if number < 0:
        raise OptionError(f"no group {GROUP}{source}: there is no party {source!r} in the book")
    name = snapshot.party_ids[number].as_py()
    said = _other_ids(analysis, name) if name != source else []
    for held in analysis.groups:
        at = np.flatnonzero(held.sources == number)
        if len(at):
            g = int(np.searchsorted(held.source_ptr, at[0], "right")) - 1
            return Explanation(held.names[g], (*said, *_groups(analysis, held.names[g])))
    inside = sorted({held.names[g] for held in analysis.groups for g in held.groups_of(number)})
    one = "" if name == source else f"{source} is one party with {name}, which is no source of a group; "
    raise OptionError(
        f"no group {GROUP}{source}: {one}ask for {', '.join(inside) or name + ', which is in no group'}"
    )


def _over(analysis: Analysis, subject: str) -> list[Line]:
    """Of a pair OWNER>COMPANY what votes the one casts in the other, and the proof if that or a fact is control."""
    owner, _, company = subject.partition(">")
    number = analysis.snapshot.number_of
    if owner not in number or company not in number:
        return []
    control, x, y = analysis.control, number[owner], number[company]
    proof = tuple(_step(analysis, x, step) for step in control_proof(control, x, y))
    made = [Line("controlled_by", {"controller": owner, "id": company}, below=proof)] if proof else []
    cast = commanded(control, x, y)
    if not cast:
        return made
    rows, names = analysis.snapshot.tables["ownership"], analysis.snapshot.party_ids
    below = []
    for p, votes in cast:
        at = rows.row[np.flatnonzero((rows["owner_id"] == p) & (rows["owned_id"] == y))].tolist()
        said = {"player": names[p].as_py(), "votes": votes, "percent": _percent(votes)}
        below.append(Line("cast", said, rows=reasons.places(analysis, "ownership", at)))
    whole, base = sum(votes for _, votes in cast), int(control.base[y])
    said = {
        "owner": owner, "id": company, "votes": whole, "of": base, "percent": _percent(whole), "base": _percent(base),
    }  # fmt: skip
    return [*made, Line("casts", said, below=tuple(below))]


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
        reasons.summed(analysis, "own", name, own),
        *measures.terms(analysis, 0, name, np.array([party], np.int32), group=False),
        *([reasons.summed(analysis, "controlled", name, below)] if len(control.controls(party)) else []),
        *measures.attributed(analysis, party),
        *_net(
            analysis, "own_net", name, own, facilities_of(after, np.array([party], np.int32), umbrellas=False)
        ),
        *limited.of(analysis, name),
        *reasons.of_party(analysis, party),
        *measures.called(analysis, party),
        *measures.fails(analysis, party),
        *evidence.of_party(analysis, party),
    )


def _unidentified(analysis: Analysis) -> tuple[Line, ...]:
    """What underlyings that nobody identified owe as one client, under the leading pack; nothing without any."""
    snapshot, nobody = analysis.snapshot, np.array([UNKNOWN], np.int32)
    own = facilities_of(analysis.facilities[0], nobody, umbrellas=False)
    after = facilities_of(analysis.mitigation[0].net, nobody, umbrellas=False)
    if not len(own):
        return ()
    places = {"id": UNKNOWN_ID, "as_of": snapshot.as_of, "base": snapshot.base, "version": snapshot.version}
    return (
        Line("unidentified", places),
        reasons.summed(analysis, "own", UNKNOWN_ID, own),
        *measures.terms(analysis, 0, UNKNOWN_ID, nobody, group=False),
        *_net(analysis, "own_net", UNKNOWN_ID, own, after),
        *limited.of(analysis, UNKNOWN_ID),
        *evidence.large(analysis, UNKNOWN_ID),
    )


def _other_ids(analysis: Analysis, name: str) -> list[Line]:
    """The other ids that were judged to be the same party."""
    return [
        Line(
            "one_party",
            {"id": name, "others": ", ".join(one.ids[1:])},
            rows=reasons.places(analysis, "parties", one.rows),
        )
        for one in analysis.snapshot.identities.merged
        if one.ids[0] == name
    ]


def _groups(analysis: Analysis, name: str) -> tuple[Line, ...]:
    """The group of an id under each pack that has one, nothing where none has."""
    return tuple(
        line
        for k, held in enumerate(analysis.groups)
        if name in held.names
        for line in _group(analysis, k, held.names.index(name))
    )


def _group(analysis: Analysis, pack: int, group: int) -> tuple[Line, ...]:
    """What the group hangs on, who is in it and why, and the facilities of its gross."""
    held, snapshot = analysis.groups[pack], analysis.snapshot
    sources = ", ".join(held.source_ids()[group].as_py())
    places = {
        "id": held.names[group], "members": int(held.size[group]), "sources": sources, "base": snapshot.base,
        "as_of": snapshot.as_of, "pack": held.pack.name, "version": snapshot.version,
    }  # fmt: skip
    members = held.members[held.ptr[group] : held.ptr[group + 1]]
    why = tuple(
        line
        for party in sorted(members.tolist(), key=lambda p: snapshot.party_rank[p])
        for line in _why(analysis, held, group, party, whole=False)
    )
    owed = facilities_of(analysis.facilities[pack], members)
    after = facilities_of(analysis.mitigation[pack].net, members)
    gross = reasons.summed(analysis, "gross", held.names[group], owed)
    figures = (
        *(gross, *_net(analysis, "net", held.names[group], owed, after)),
        *measures.terms(analysis, pack, held.names[group], members, group=True),
    )
    return (
        Line("group", places, below=why),
        *(replace(line, places={**line.places, "pack": held.pack.name}) for line in figures),
        *limited.limits(analysis, pack, held.names[group]),
        *evidence.of_group(analysis, pack, group),
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
    who = {
        "controller": names[controller].as_py(), "target": names[step.target].as_py(), "round": step.round,
    }  # fmt: skip
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
        rows=reasons.places(analysis, "control", [row]),
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
    return reasons.places(analysis, "ownership", rows.row[at].tolist())


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
    rows = reasons.places(analysis, step.row[0], [step.row[1]]) if step.row else ()
    proof = tuple(_step(analysis, step.start, s) for s in step.proof)
    return Line(f"step_{step.via}", places, rows=rows, below=proof)


def _net(analysis: Analysis, key: str, name: str, before: Lines, after: Lines) -> list[Line]:
    """The figure after mitigation, where mitigation changes any line of it."""
    same = len(before) == len(after) and np.array_equal(before.gross, after.gross)
    return [] if same else [reasons.summed(analysis, key, name, after)]
