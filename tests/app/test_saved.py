"""The page of questions on a store in Neo4j: answered within bounds, natural persons by their ids."""

from pathlib import Path

import pytest

from app.access import Access, local, sample
from app.audit import Audit
from app.desk.questions import QUESTIONS
from app.launch import RUNNING
from app.source import SAMPLE
from graph.errors import OptionError
from graph.store import open_store
from ingest.load import load
from tests.app.pages import drawn, read
from tests.servers import Servers, wipe


@pytest.mark.soak  # it starts a server of its own
def test_questions_are_answered_and_persons_stay_pseudonyms(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(wipe(servers))
    load(SAMPLE, store)
    access = Access(store, Audit(tmp_path / "audit.jsonl"), questions=QUESTIONS)
    given = (("party", "P-LANHENG-FOUNDER"),)
    shown = access.ask(local(), "asked", 1, name="party_card", given=given)
    assert "岑望舒" in shown["rows"][0]
    hidden = access.ask(sample("analyst"), "asked", 1, name="party_card", given=given)
    assert "岑望舒" not in hidden["rows"][0]
    assert access.ask(sample("analyst"), "saved", 1)["answers"]
    told = access.ask(local(), "console", 1, text="MATCH (p:Party:Person) RETURN count(p) AS n")
    assert int(told["rows"][0][0]) > 0
    for bad in ("CREATE (n) RETURN n", "LOAD CSV FROM 'file:///etc/passwd' AS r RETURN r"):
        with pytest.raises(OptionError):
            access.ask(local(), "console", 1, text=bad)
    with pytest.raises(OptionError, match="named"):
        access.ask(sample("analyst"), "console", 1, text="MATCH (p:Person) RETURN p.name")
    monkeypatch.setattr(RUNNING, "access", access)
    monkeypatch.setattr(RUNNING, "principal", local())
    page = drawn("questions", question="party_card", asked="1", **{"p.party": "P-LANHENG-FOUNDER"})
    assert "岑望舒" in str(page.blocks["answer"])
    asked = access.audit.path.read_text("utf-8").count('"question": "asked"')
    again = read(page.test.run())
    assert again.blocks["answer"] == page.blocks["answer"]
    assert access.audit.path.read_text("utf-8").count('"question": "asked"') == asked
