"""Questions: everything that pages may ask by name, with the roles that may ask it. What is not here has no answer."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

from app.access import (
    ANALYST,
    APPROVER,
    AUDITOR,
    BUSINESS,
    MANAGER,
    OPERATOR,
    SUBSIDIARY,
    WHOLE,
    Access,
    Principal,
    Question,
)
from app.codes import DUPLICATES
from app.desk import (
    cases,
    contagion,
    credit,
    groups,
    limits,
    loads,
    network,
    overview,
    rings,
    saved,
    search,
    whatif,
)
from app.desk.opened import Desk, Scope
from app.refusals import refusal

_MAKERS: Final = frozenset({MANAGER, APPROVER})
_LENDING: Final = _MAKERS | {ANALYST, SUBSIDIARY}


def _found(desk: Desk, text: str, **_: Any) -> list[dict[str, Any]]:
    """Parties that a text finds, with names, gross and groups."""
    found = search.search(desk, desk.index, text)
    ids = pa.array([f.party_id for f in found], pa.string())
    gross, groups_of = network.gross(desk, ids), groups.memberships(desk, ids)
    return [
        {
            "party_id": f.party_id, "names": desk.names(f.party_id), "by": f.by, "former": f.former,
            "gross": gross.get(f.party_id), "groups": groups_of.get(f.party_id, []),
        }
        for f in found
    ]  # fmt: skip


def _released(desk: Desk, access: Access, group_id: str, **_: Any) -> dict[str, Any] | None:
    """What a subsidiary may be told of others' credit with a group: that there is some, and no figure of it.

    The one place where a scope of one lender is told something that rests on the whole book.
    """
    if not desk.scope.lender:
        return None
    whole = access.desk(Scope(), desk.version)
    held = whole.rows("group_exposures", group_id=group_id).to_pylist()
    others = [r for r in held if r["lender_id"] not in (None, desk.scope.lender) and r["gross"]]
    return {"others": bool(others), "band": _band(whole, group_id, others)}


_MOST_OF_ONE: Final = 85
_FEWEST: Final = 3
_BANDS: Final = ((1.0, "none"), (0.9, "little"), (0.5, "some"), (0.0, "ample"))


def _band(whole: Desk, group_id: str, others: list[dict[str, Any]]) -> str:
    """Headroom under the group's tightest limit as a band.

    Empty where fewer than three others contribute to it, or one of them has more than 85 % of it, so that nobody
    can be found out by subtraction.
    """
    total = sum(r["gross"] for r in others)
    if len(others) < _FEWEST or max(r["gross"] for r in others) * 100 > total * _MOST_OF_ONE:
        return ""
    held = [r["utilisation"] for r in limits.limits_of(whole, [group_id]) if r["lender_id"] is None]
    used = max((u for u in held if u is not None), default=None)
    return "" if used is None else next(band for line, band in _BANDS if used >= line)


def _revealed(desk: Desk, access: Access, party_id: str, reason: str, **_: Any) -> str | None:
    """The name of a natural person, for a reason that is written down."""
    from app.desk.cases import DecisionError

    if not reason.strip():
        raise refusal(DecisionError, "reveal_reason")
    held = access.desk(Scope(desk.scope.lender, names=True), desk.version).names(party_id)
    return held.name or held.name_en or held.id


def _table(desk: Desk, name: str, **_: Any) -> pa.Table:
    """A whole result for a download; names of natural persons withheld where the scope withholds them."""
    table = desk.tables[name]
    if desk.scope.names:
        return table
    if name == "changes":
        return table.slice(0, 0) if desk.scope.lender else _without_names(desk, table)
    return table


def _without_names(desk: Desk, table: pa.Table) -> pa.Table:
    """Changes without those of natural persons' own rows."""
    keep = [
        not (kind.startswith(("parties", "kin")) and _is_person(desk, subject))
        for kind, subject in zip(table["kind"].to_pylist(), table["subject"].to_pylist(), strict=True)
    ]
    return table.filter(pa.array(keep, pa.bool_()))


def _is_person(desk: Desk, subject: str) -> bool:
    """Whether a subject names a natural person, or nobody that is known any more."""
    number = desk.number(subject)
    return number is None or desk.kind(number) == "person"


def _overview(desk: Desk, **_: Any) -> overview.Overview:
    """The overview."""
    from dataclasses import replace

    held = overview.overview(desk)
    if desk.scope.names:
        return held
    changes = _table(desk, "changes")
    return replace(held, changes=overview.changed(desk, changes), change_count=changes.num_rows)


def _audit(desk: Desk, access: Access, head: str = "0", **_: Any) -> dict[str, Any]:  # noqa: ARG001
    """The latest events of the audit file, its head, whether its chain holds, and the ``table`` of all."""
    from dataclasses import asdict

    events = [asdict(e) for e in access.audit.events()]
    return {
        "events": events[:-201:-1], "count": len(events), "head": access.audit.head(), "broken": access.audit.broken(head),
        "table": pa.Table.from_pylist(events),
    }  # fmt: skip


def _cascade_picture(
    desk: Desk, access: Access, principal: Principal, upto: int, **scenario: Any
) -> network.Network:
    """The picture of a cascade up to a round; all rounds are of one run."""
    return contagion.drawn(desk, access.part(principal, "cascade", desk.version, **scenario), upto)


def _whatif(
    desk: Desk, lender: str, obligor: str, product: str, amount: str, currency: str, **_: Any
) -> dict[str, Any]:
    """What a proposed facility would do."""
    told = {"lender": lender, "obligor": obligor, "product": product, "amount": amount, "currency": currency}
    return whatif.answered(desk, **told)


_ALL: Final = (
    Question("overview", _overview, BUSINESS),
    Question("search", _found, BUSINESS),
    Question("groups", lambda d, **_: groups.top_groups(d), BUSINESS),
    Question("group", lambda d, group_id, **_: groups.group(d, group_id), BUSINESS),
    Question("counted", lambda d, limit, **_: limits.counted(d, limit), BUSINESS),
    Question("step", lambda d, group_id, name, **_: credit.step(d, group_id, name), BUSINESS),
    Question("party", lambda d, party_id, **_: groups.party(d, party_id), BUSINESS),
    Question("group_network", lambda d, group_id, opened=(), **_: network.of_group(d, group_id, opened), BUSINESS),
    Question(
        "party_network",
        lambda d, party_ids, opened=(), **_: network.of_parties(
            d, [n for n in map(d.number, party_ids) if n is not None], set(party_ids), (*party_ids[:8], *opened)
        ),
        BUSINESS,
    ),
    Question("released", _released, frozenset({"subsidiary"})),
    Question("rings", lambda d, **_: rings.rings(d), BUSINESS),
    Question("ring", lambda d, ring_id, opened=(), **_: rings.ring(d, ring_id, opened), BUSINESS),
    Question("ring_web", lambda d, opened=(), parts=rings.PARTS, **_: rings.web(d, opened, parts), BUSINESS),
    Question("duplicates", lambda d, severity="", state="", code="", **_: cases.cases(d, DUPLICATES, severity, state, code), BUSINESS),
    Question("warnings", lambda d, severity="", state="", code="", **_: cases.cases(d, (), severity, state, code), BUSINESS),
    Question("case", lambda d, finding_id, **_: cases.case(d, finding_id), BUSINESS),
    Question("decide", cases.decide, _MAKERS, act=True),
    Question("reveal", _revealed, _MAKERS, act=True),
    Question("assumptions", lambda d, **_: contagion.assumptions(d), WHOLE),
    Question("uploaded", lambda d, held, name, **_: contagion.uploaded(d, held, name), WHOLE),
    Question("cascade", lambda d, fail, given=(), **_: contagion.cascade(d, fail, given), WHOLE),
    Question("cascade_picture", _cascade_picture, WHOLE),
    Question("ranking", lambda d, **_: contagion.ranking(d), WHOLE),
    Question("simulated", lambda d, draws, seed, **_: contagion.simulated(d, draws, seed), WHOLE),
    Question("reverse", lambda d, lender, share, **_: contagion.reverse(d, lender, share), WHOLE),
    Question("whatif", _whatif, _LENDING),
    Question("reserved", lambda d, **_: whatif.reserved(d), _LENDING),
    Question("reserve", whatif.reserve, _MAKERS, act=True),
    Question("saved", lambda d, **_: saved.library(d), WHOLE),
    Question("asked", lambda d, name, given, **_: saved.asked(d, name, given), WHOLE, act=True),
    Question("console", lambda d, text, **_: saved.console(d, text), WHOLE, act=True),
    Question("loads", lambda d, **_: loads.loads(d), WHOLE | {OPERATOR}),
    Question("identities", lambda d, **_: loads.identities(d), WHOLE),
    Question("judge", loads.judge, _MAKERS, act=True),
    Question("table", _table, BUSINESS),
    Question("audit", _audit, frozenset({AUDITOR})),
)  # fmt: skip

QUESTIONS: Final[dict[str, Question]] = {q.name: q for q in _ALL}
"""Every question by name."""

PAGES: Final[dict[str, str]] = {
    "overview": "overview", "groups": "groups", "rings": "rings", "duplicates": "duplicates", "contagion": "ranking", "whatif": "whatif", "warnings": "warnings",
    "questions": "saved",
    "data": "loads",
}  # fmt: skip
"""Pages by the question that opens them: who may not ask it does not see the page."""


def pages_of(principal: Principal) -> list[str]:
    """The pages that a principal sees, in order."""
    return [page for page, question in PAGES.items() if principal.may(QUESTIONS[question].roles)]
