"""Who may ask what: the table of roles and questions cell by cell, the audit, four eyes, names of natural persons."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from app.access import ROLES, Access, Principal, RefusedError, local, sample
from app.audit import Audit
from app.desk.cases import DecisionError
from app.desk.questions import PAGES, QUESTIONS, pages_of
from app.export import FORMATS, exported
from graph.errors import KonzernError, OptionError, StoreError
from graph.journal import JournalMovedError

M, P, A, S, U, O = ["manager", "approver", "analyst", "subsidiary", "auditor", "operator"]  # noqa: E741
TABLE = {
    "overview": {M, P, A, S, U},
    "search": {M, P, A, S, U},
    "groups": {M, P, A, S, U},
    "group": {M, P, A, S, U},
    "counted": {M, P, A, S, U},
    "step": {M, P, A, S, U},
    "party": {M, P, A, S, U},
    "group_network": {M, P, A, S, U},
    "party_network": {M, P, A, S, U},
    "released": {S},
    "rings": {M, P, A, S, U},
    "ring": {M, P, A, S, U},
    "ring_web": {M, P, A, S, U},
    "duplicates": {M, P, A, S, U},
    "warnings": {M, P, A, S, U},
    "case": {M, P, A, S, U},
    "decide": {M, P},
    "reveal": {M, P},
    "assumptions": {M, P, A, U},
    "uploaded": {M, P, A, U},
    "cascade": {M, P, A, U},
    "cascade_picture": {M, P, A, U},
    "ranking": {M, P, A, U},
    "simulated": {M, P, A, U},
    "reverse": {M, P, A, U},
    "whatif": {M, P, A, S},
    "reserved": {M, P, A, S},
    "reserve": {M, P},
    "saved": {M, P, A, U},
    "asked": {M, P, A, U},
    "console": {M, P, A, U},
    "loads": {M, P, A, U, O},
    "identities": {M, P, A, U},
    "judge": {M, P},
    "table": {M, P, A, S, U},
    "audit": {U},
}
"""Which roles may ask which question, written down here once more on purpose."""
SEEN = {
    M: ["overview", "groups", "rings", "duplicates", "contagion", "whatif", "warnings", "questions", "data"],
    P: ["overview", "groups", "rings", "duplicates", "contagion", "whatif", "warnings", "questions", "data"],
    A: ["overview", "groups", "rings", "duplicates", "contagion", "whatif", "warnings", "questions", "data"],
    S: ["overview", "groups", "rings", "duplicates", "whatif", "warnings"],
    U: ["overview", "groups", "rings", "duplicates", "contagion", "warnings", "questions", "data"],
    O: ["data"],
}
PARAMETERS: dict[str, dict[str, Any]] = {
    "search": {"text": "lanheng"},
    "group": {"group_id": "G:P-LANHENG-FOUNDER"},
    "counted": {"limit": "G:P-LANHENG-FOUNDER|group||consolidated|EU-CRR group"},
    "step": {"group_id": "G:P-LANHENG-FOUNDER", "name": "nominal_limit"},
    "party": {"party_id": "C-LANHENG-01"},
    "group_network": {"group_id": "G:P-LANHENG-FOUNDER"},
    "party_network": {"party_ids": ("C-LANHENG-01",)},
    "released": {"group_id": "G:P-LANHENG-FOUNDER"},
    "ring": {"ring_id": "R:none"},
    "case": {"finding_id": "F:none"},
    "decide": {"finding_id": "F:none", "step": "nonsense", "expected": 0},
    "reveal": {"party_id": "P-LANHENG-FOUNDER", "reason": ""},
    "uploaded": {"held": b"[lgd]\ndefault = 0.45", "name": "scenario.toml"},
    "cascade": {"fail": ("C-DUANQIAO-01",)},
    "cascade_picture": {"fail": ("C-DUANQIAO-01",), "upto": 1},
    "simulated": {"draws": 100, "seed": 0},
    "reverse": {"lender": "L-LEASE", "share": "10"},
    "whatif": {
        "lender": "L-LEASE",
        "obligor": "C-LANHENG-03",
        "product": "lease",
        "amount": "1",
        "currency": "CNY",
    },
    "reserve": {
        "lender": "L-LEASE",
        "obligor": "nobody",
        "product": "lease",
        "amount": "1",
        "currency": "CNY",
        "hours": 1,
    },
    "judge": {"subject": "A = B", "judgement": "nonsense", "expected": 0},
    "asked": {"name": "party_card", "given": (("party", "C-LANHENG-01"),)},
    "console": {"text": "MATCH (n) RETURN n LIMIT 1"},
    "table": {"name": "groups"},
}  # fmt: skip


def who(role: str) -> Principal:
    return sample("subsidiary:L-LEASE" if role == S else role)


def test_the_table_names_every_question_and_role() -> None:
    assert TABLE.keys() == QUESTIONS.keys()
    assert set(ROLES) == {M, P, A, S, U, O}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("question", TABLE)
def test_a_question_is_answered_for_these_roles_and_refused_for_all_others(
    access: Access, role: str, question: str
) -> None:
    asked = len(access.audit.events())
    parameters = dict(PARAMETERS.get(question, {}))
    reason = str(parameters.pop("reason", ""))
    refused = False
    try:
        access.ask(who(role), question, 1, reason=reason, **parameters)
    except RefusedError:
        refused = True
    except KonzernError:  # allowed to ask, and what was asked for is not possible
        pass
    event = access.audit.events()[-1]
    assert refused == (role not in TABLE[question])
    assert (len(access.audit.events()), event.question) == (asked + 1, question)
    assert (event.outcome == "refused") == refused


@pytest.mark.parametrize("role", ROLES)
def test_pages_that_a_role_sees(role: str) -> None:
    assert pages_of(who(role)) == SEEN[role]
    assert set(PAGES) >= set(SEEN[role])


def test_without_an_event_there_is_no_answer(access: Access, tmp_path: Path) -> None:
    blocked = Audit(tmp_path / "file" / "audit.jsonl")
    (tmp_path / "file").write_text("not a folder")
    other = Access(access.store, blocked, access.request, access.questions, access._desks)
    with pytest.raises(StoreError, match="no answer"):
        other.ask(local(), "overview", 1)


def test_a_changed_or_missing_event_breaks_the_chain_where_it_stands(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "audit.jsonl")
    told = {"principal": "a", "role": M, "action": "read", "question": "overview", "asked": "", "version": 1}
    for rows in range(5):
        audit.write(**told, rows=rows, outcome="answered")
    head = audit.head()
    assert audit.broken(head) is None
    lines = audit.path.read_text().splitlines(keepends=True)
    changed = lines[2].replace('"rows": 2', '"rows": 7')
    audit.path.write_text("".join([*lines[:2], changed, *lines[3:]]))
    assert audit.broken(head) == 3
    audit.path.write_text("".join(lines[:2] + lines[3:]))
    assert audit.broken(head) == 3
    audit.path.write_text("".join(lines[:4]))
    assert audit.broken() is None
    assert audit.broken(head) == 5


def test_the_audit_file_holds_no_name_and_no_amount(access: Access) -> None:
    access.ask(local(), "search", 1, text="岚衡精机有限公司")
    text = access.audit.path.read_text("utf-8")
    assert "岚衡" not in text
    assert "LANHENG" not in text


def test_a_dismissal_counts_only_when_a_second_person_has_approved_it(access: Access) -> None:
    maker, checker = who(M), who(P)
    finding = access.ask(maker, "duplicates", 1)["rows"][0]["finding_id"]

    def step(principal: Principal, name: str, reason: str = "") -> Any:  # noqa: ANN401
        last = access.store.journal.last()
        return access.ask(principal, "decide", 1, reason=reason, finding_id=finding, step=name, expected=last)

    with pytest.raises(DecisionError, match="reason"):
        step(maker, "dismiss")
    assert step(maker, "dismiss", "two needs, not one").state == "waiting"
    with pytest.raises(DecisionError, match="second person"):
        step(maker, "approve")
    with pytest.raises(DecisionError, match="waits for a second person"):
        step(checker, "confirm")
    assert step(checker, "approve").state == "dismissed"
    assert access.ask(maker, "case", 1, finding_id=finding)["state"].state == "dismissed"
    assert [h["step"] for h in access.ask(maker, "case", 1, finding_id=finding)["state"].history] == [
        "dismiss",
        "approve",
    ]
    with pytest.raises(JournalMovedError):
        access.ask(maker, "decide", 1, finding_id=finding, step="confirm", expected=0)


def test_a_subsidiary_sees_the_state_of_a_case_but_not_what_others_wrote(access: Access) -> None:
    held = access.ask(who(S), "warnings", 1)["rows"]
    finding = held[0]["finding_id"]
    access.ask(
        who(M), "decide", 1, reason="the bank's own deal of 77", finding_id=finding, step="dismiss",
        expected=access.store.journal.last(),
    )  # fmt: skip
    state = access.ask(who(S), "case", 1, finding_id=finding)["state"]
    assert state.state == "waiting"
    assert (state.history, state.by) == ((), "")


@pytest.mark.parametrize("role", [M, P, A, S, U])
def test_natural_persons_are_not_named_on_any_page_or_export(access: Access, role: str) -> None:
    principal = who(role)
    desk = access.desk(principal.scope, 1)
    parties = desk.snapshot.parties
    people = {
        name
        for kind, name, english in zip(
            parties["kind"],
            parties.text("name").to_pylist(),
            parties.text("name_en").to_pylist(),
            strict=True,
        )
        if kind == 1
        for name in (name, english)
        if name
    }
    others = {n for k, n in zip(parties["kind"], parties.text("name").to_pylist(), strict=True) if k != 1}
    people = {name for name in people if not any(name in (o or "") for o in others)}
    assert people
    pages = [
        "overview",
        "groups",
        "rings",
        "duplicates",
        "warnings",
        "search",
        "group",
        "party",
        "group_network",
    ]
    told = [str(access.ask(principal, page, 1, **PARAMETERS.get(page, {}))) for page in pages]
    for name in desk.tables:
        table = access.ask(principal, "table", 1, name=name)
        told.append(exported(table.slice(0, 2000), "csv", name).decode("utf-8"))
    text = "\n".join(told)
    assert sorted(name for name in people if name in text) == []


def test_a_name_is_revealed_for_a_reason_that_is_kept(access: Access) -> None:
    with pytest.raises(DecisionError, match="reason"):
        access.ask(who(M), "reveal", 1, party_id="P-LANHENG-FOUNDER")
    name = access.ask(who(M), "reveal", 1, reason="call the owner", party_id="P-LANHENG-FOUNDER")
    assert name == "岑望舒"
    assert access.audit.events()[-1].reason == "call the owner"
    assert access.ask(who(M), "search", 1, text=name) == []
    assert [r["party_id"] for r in access.ask(local(), "search", 1, text=name)] == ["P-LANHENG-FOUNDER"]
    assert access.ask(local(), "search", 1, text=name[:2]) == []


@pytest.mark.parametrize("role", ["king", "subsidiary", "manager:L-BANK"])
def test_a_role_that_does_not_exist_is_no_role(role: str) -> None:
    with pytest.raises(OptionError):
        sample(role)


def test_texts_that_a_spreadsheet_would_run_are_inert_in_every_export() -> None:
    table = pa.table({"name": ["=1+1", "@x", "<script>window.hit=1</script>"], "n": [1, 2, 3]})
    made = {fmt: exported(table, fmt, "x") for fmt in FORMATS}
    assert b"'=1+1" in made["csv"]
    assert b"<script>" not in made["html"]
    assert made["xlsx"][:2] == b"PK"


def test_events_are_one_line_of_json_each(access: Access) -> None:
    access.ask(local(), "overview", 1)
    line = access.audit.path.read_text().splitlines()[-1]
    assert json.loads(line)["question"] == "overview"


def test_only_the_desks_asked_for_last_stay_open(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.access._DESKS", 2)
    few = Access(access.store, access.audit, access.request, access.questions)
    first, own = local().scope, who(S).scope
    held = few.desk(first, 1)
    few.desk(own, 1)
    assert few.desk(first, 1) is held
    few.desk(who(M).scope, 1)
    assert few.desk(first, 1) is held
    assert len(few._desks) == 2
    assert own not in [scope for scope, *_ in few._desks]
