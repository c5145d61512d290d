"""Loading: what a delivery becomes in a store, once, again, changed, late and with rows that are set aside."""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import pytest

from graph.deliveries import DeliveryError
from graph.errors import InputError
from graph.files.store import FileStore
from ingest.ledger import QuarantineError, identify
from ingest.load import Aside, load
from tests.faults.disk import CountingDisk, KilledDisk, KilledError
from tests.faults.test_sweep import much_later
from tests.ingest.books import write
from tests.stores import MEMORY

HEAD = "facility_id,lender_id,obligor_id,product,limit,drawn,currency"


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory, where every step is synced at once."""
    folder = Path(tempfile.mkdtemp(prefix="konzern-", dir=MEMORY if MEMORY.is_dir() else None))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "store")


def deliver(
    folder: Path,
    files: Mapping[str, str],
    kind: str = "delta",
    day: str = "2026-02-28",
    *,
    restates: bool = False,
) -> Path:
    """A delivery of SUB with a manifest."""
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    named = "".join(f'[files."{name}"]\nrows = {text.count(chr(10)) - 1}\n' for name, text in files.items())
    head = f'format = 1\nsubsidiary = "SUB"\nperiod = {day}\nkind = "{kind}"\nrestatement = {str(restates).lower()}\n'
    (folder / "book.toml").write_text(head + named)
    return folder


@pytest.fixture
def first(tmp_path: Path, store: FileStore) -> FileStore:
    """A store with a full delivery of SUB."""
    files = {
        "parties.csv": "party_id,name,kind\nA,Alpha,company\nB,Beta,person\n",
        "lenders.csv": "lender_id,name\nL,Bank\n",
        "facilities.csv": f"{HEAD}\nF1,L,A,loan,100.00,50.00,EUR\nF2,L,B,loan,20.5,0,EUR\n",
    }
    load(deliver(tmp_path / "first", files, "full", "2026-01-31"), store)
    return store


def drawn(store: FileStore, version: int | None = None) -> dict[str, int]:
    held = store.reader(version).book().table("facilities")
    return dict(zip(held.column("facility_id").to_pylist(), held.column("drawn").to_pylist(), strict=True))


def rules(error: pytest.ExceptionInfo[InputError]) -> list[tuple[str, int, str, str]]:
    return [(p.file, p.row, p.value, p.rule) for p in error.value.problems]


def test_a_folder_without_a_manifest_is_loaded_and_accounted_for(tmp_path: Path, store: FileStore) -> None:
    (tmp_path / "book").mkdir()
    made = load(write(tmp_path / "book"), store)
    assert (made.version, made.is_new) == (1, True)
    assert drawn(store) == {"F1": 5000, "F2": 0}
    told = store.reader().deliveries()[0].receipt
    assert told["reconciled"] is False
    assert {"table": "facilities", "rows": 2, "used": 2, "aside": 0, "derived": 0} in told["tables"]
    assert {"table": "facilities", "column": "limit", "currency": "EUR", "amount": "120.50"} in told["sums"]
    assert json.dumps(told)
    assert store.reader().book().place("facilities", 1) == ("facilities.csv", 3)


def test_the_same_delivery_again_says_that_it_was_loaded(tmp_path: Path, first: FileStore) -> None:
    again = load(tmp_path / "first", first)
    assert (again.version, again.is_new, first.latest()) == (1, False, 1)
    assert again.told["reconciled"] is True


def test_other_content_of_the_period_needs_a_restatement(tmp_path: Path, first: FileStore) -> None:
    files = {
        "parties.csv": "party_id,name,kind\nA,Alpha,company\n",
        "lenders.csv": "lender_id,name\nL,Bank\n",
        "facilities.csv": f"{HEAD}\nF1,L,A,loan,100.00,60.00,EUR\n",
    }
    with pytest.raises(DeliveryError, match="SUB already delivered full 2026-01-31"):
        load(deliver(tmp_path / "second", files, "full", "2026-01-31"), first)
    made = load(deliver(tmp_path / "third", files, "full", "2026-01-31", restates=True), first)
    assert made.version == 2
    assert (drawn(first), drawn(first, 1)) == ({"F1": 6000}, {"F1": 5000, "F2": 0})
    assert load(tmp_path / "third", first).is_new is False


def test_a_delta_refers_to_what_was_delivered_before(tmp_path: Path, first: FileStore) -> None:
    files = {"facilities.csv": f"{HEAD}\nF2,L,B,loan,20.5,7,EUR\nF3,L,A,loan,1,1,EUR\n"}
    made = load(deliver(tmp_path / "delta", files), first)
    assert drawn(first) == {"F1": 5000, "F2": 700, "F3": 100}
    assert made.receipt is not None
    assert made.receipt.count("facilities").used == 2


def test_a_delta_that_refers_to_nothing_is_refused_with_every_row(tmp_path: Path, first: FileStore) -> None:
    files = {"facilities.csv": f"{HEAD}\nF3,L,X,loan,1,1,EUR\nF4,M,A,loan,1,1,EUR\nF5,L,A,loan,1,1,EUR\n"}
    with pytest.raises(InputError) as error:
        load(deliver(tmp_path / "delta", files), first)
    assert rules(error) == [
        ("facilities.csv", 2, "X", "dangling_reference"),
        ("facilities.csv", 3, "M", "dangling_reference"),
    ]
    assert first.latest() == 1


def test_a_subsidiary_refers_to_its_own_facts_only(tmp_path: Path, first: FileStore) -> None:
    folder = deliver(tmp_path / "other", {"facilities.csv": f"{HEAD}\nF9,L,A,loan,1,1,EUR\n"})
    (folder / "book.toml").write_text(
        'format = 1\nsubsidiary = "OTHER"\nkind = "delta"\n[files."facilities.csv"]\n'
    )
    with pytest.raises(InputError) as error:
        load(folder, first)
    assert len(error.value.problems) == 2


def test_rows_marked_as_deleted_are_gone(tmp_path: Path, first: FileStore) -> None:
    files = {
        "facilities.csv": f"{HEAD},deleted,desk\nF2,L,B,loan,20.5,0,EUR,true,x\nF3,L,A,loan,1,1,EUR,false,y\n",
        "parties.csv": "party_id,name,kind,deleted\nB,Beta,person,true\n",
    }
    made = load(deliver(tmp_path / "delta", files), first)
    assert made.deleted == {"facilities": 1, "parties": 1}
    assert drawn(first) == {"F1": 5000, "F3": 100}
    assert first.reader().book().table("facilities").column("extra").to_pylist() == [None, '{"desk":"y"}']
    assert made.told["unknown_columns"] == {"facilities": ["desk"]}
    assert drawn(first, 1) == {"F1": 5000, "F2": 0}


def test_a_file_that_only_deletes_needs_only_the_key(tmp_path: Path, first: FileStore) -> None:
    files = {
        "facilities.csv": "facility_id,deleted\nF2,true\n",
        "parties.csv": "party_id,deleted\nB,yes\n",
    }
    made = load(deliver(tmp_path / "delta", files), first)
    assert made.deleted == {"facilities": 1, "parties": 1}
    assert drawn(first) == {"F1": 5000}


def test_a_deleted_key_that_never_was_there_is_told(tmp_path: Path, first: FileStore) -> None:
    files = {"facilities.csv": "facility_id,deleted\nF2,true\nF22,true\n"}
    made = load(deliver(tmp_path / "delta", files), first)
    assert (made.told["deleted"], made.told["absent"]) == ({"facilities": 2}, {"facilities": 1})
    files = {"facilities.csv": "facility_id,deleted\nF2,yes\n"}
    again = load(deliver(tmp_path / "again", files, day="2026-03-31"), first)
    assert again.told["absent"] == {"facilities": 1}, "gone before"


def test_a_row_that_stays_needs_every_column(tmp_path: Path, first: FileStore) -> None:
    with pytest.raises(InputError) as error:
        load(deliver(tmp_path / "delta", {"parties.csv": "party_id,deleted\nA,false\nB,true\n"}), first)
    assert rules(error) == [
        ("parties.csv", 0, "", "missing_column"),
        ("parties.csv", 0, "", "missing_column"),
    ]


def test_a_deleted_id_that_something_refers_to_is_refused(tmp_path: Path, first: FileStore) -> None:
    files = {"parties.csv": "party_id,name,kind,deleted\nC,Gamma,person,false\nB,Beta,person,true\n"}
    with pytest.raises(InputError, match="facilities F2 still refers to it") as error:
        load(deliver(tmp_path / "delta", files), first)
    assert rules(error) == [("parties.csv", 3, "B", "deleted_but_referred")]


def test_a_mark_that_is_neither_true_nor_false_is_refused(tmp_path: Path, first: FileStore) -> None:
    files = {"parties.csv": "party_id,name,kind,deleted\nB,Beta,person,perhaps\n"}
    with pytest.raises(InputError) as error:
        load(deliver(tmp_path / "delta", files), first)
    assert rules(error) == [("parties.csv", 2, "perhaps", "unreadable_value")]


def test_a_full_delivery_marks_nothing_as_deleted(tmp_path: Path, store: FileStore) -> None:
    (tmp_path / "book").mkdir()
    folder = write(tmp_path / "book", {"lenders.csv": "lender_id,name,deleted\nL,Bank,\nM,Old,true\n"})
    with pytest.raises(InputError) as error:
        load(folder, store)
    assert rules(error) == [("lenders.csv", 3, "true", "deleted_in_full")]


def test_rows_with_a_problem_are_set_aside_up_to_a_share(tmp_path: Path, store: FileStore) -> None:
    (tmp_path / "book").mkdir()
    rows = "".join(f"G{i},L,A,loan,1,1,EUR\n" for i in range(95))
    bad = "H1,L,A,loan,=1,1,EUR\nH2,L,Z,loan,1,1,EUR\n"
    folder = write(tmp_path / "book", {"facilities.csv": f"{HEAD}\n{rows}{bad}"})
    kept = tmp_path / "quarantine"
    with pytest.raises(QuarantineError, match=r"2 of 100 rows \(2.00 %\)"):
        load(folder, store, aside=Aside(kept))
    assert store.latest() == 0
    made = load(folder, store, aside=Aside(kept, Fraction(2, 100)))
    assert len(drawn(store)) == 95
    assert made.quarantine is not None
    with (made.quarantine / "facilities.csv").open(newline="") as file:
        assert [(r["line"], r["facility_id"], r["limit"]) for r in csv.DictReader(file)] == [
            ("97", "H1", "'=1"),
            ("98", "H2", "1"),
        ]
    with (made.quarantine / "problems.csv").open(newline="") as file:
        assert [(r["row"], r["rule"]) for r in csv.DictReader(file)] == [
            ("97", "unreadable_value"),
            ("98", "dangling_reference"),
        ]
    assert made.receipt is not None
    assert (made.receipt.rows, made.receipt.aside, made.told["problem_total"]) == (100, 2, 2)


def test_a_row_of_a_delta_that_refers_to_one_set_aside_goes_with_it(tmp_path: Path, first: FileStore) -> None:
    files = {
        "ownership.csv": "owner_id,owned_id,share\nA,C,0.5\nA,D,0.5\nA,B,0.1\n",
        "parties.csv": "party_id,name,kind\nC,Gamma,company\n",
    }
    made = load(deliver(tmp_path / "delta", files), first, aside=Aside(tmp_path / "q", Fraction(1, 2)))
    held = first.reader().book().table("ownership")
    assert held.column("owned_id").to_pylist() == ["C", "B"]
    assert made.receipt is not None
    assert (made.receipt.count("ownership").used, made.receipt.aside) == (2, 1)


def test_sources_that_disagree_are_named_in_the_receipt(tmp_path: Path, first: FileStore) -> None:
    files = {
        "parties.csv": "party_id,name,kind,country\nA,Alfa,company,CN\n",
        "facilities.csv": f"{HEAD}\n",
        "lenders.csv": "lender_id,name\nL,Bank\n",
    }
    folder = deliver(tmp_path / "other", files, "full")
    text = (folder / "book.toml").read_text().replace("SUB", "OTHER")
    (folder / "book.toml").write_text(text)
    made = load(folder, first)
    (conflict,) = made.conflicts
    assert (conflict.table, conflict.key, conflict.columns, conflict.chosen) == (
        "parties",
        ("A",),
        ("name",),
        "OTHER",
    )
    assert made.told["conflict_total"] == 1
    assert first.reader().book().table("parties").num_rows == 2


def test_a_job_that_is_killed_at_any_step_is_run_again(tmp_path: Path, memory: Path) -> None:
    (tmp_path / "book").mkdir()
    folder = write(tmp_path / "book")
    counting = CountingDisk()
    load(folder, FileStore(tmp_path / "whole", counting))
    wanted = FileStore(tmp_path / "whole").reader().graph_hash()
    for at in range(0, len(counting.steps), 3):
        root = memory / str(at)
        with pytest.raises(KilledError):
            load(folder, FileStore(root, KilledDisk(at)))
        assert FileStore(root).reader().graph_hash() in (
            wanted,
            FileStore(tmp_path / "none").reader().graph_hash(),
        )
        load(folder, FileStore(root, clock=much_later))
        assert (FileStore(root).latest(), FileStore(root).reader().graph_hash()) == (1, wanted)


def test_a_late_delivery_takes_its_place_in_time(tmp_path: Path, first: FileStore) -> None:
    march = {"facilities.csv": f"{HEAD}\nF1,L,A,loan,100,30,EUR\n"}
    february = {"facilities.csv": f"{HEAD}\nF1,L,A,loan,100,20,EUR\n"}
    load(deliver(tmp_path / "march", march, day="2026-03-31"), first)
    load(deliver(tmp_path / "february", february, day="2026-02-28"), first)
    assert drawn(first)["F1"] == 3000
    held = first.reader().book(dt.date(2026, 2, 28)).table("facilities").to_pylist()
    assert [r["drawn"] for r in held if r["facility_id"] == "F1"] == [2000]


def test_a_row_whose_mark_cannot_be_read_is_set_aside(tmp_path: Path, first: FileStore) -> None:
    files = {"parties.csv": "party_id,name,kind,deleted\nB,Beta,person,perhaps\nC,Gamma,person,\n"}
    made = load(deliver(tmp_path / "delta", files), first, aside=Aside(tmp_path / "q", Fraction(1, 2)))
    assert (made.receipt.aside if made.receipt else 0, dict(made.deleted)) == (1, {})
    assert sorted(first.reader().book().table("parties").column("party_id").to_pylist()) == ["A", "B", "C"]


def test_one_id_for_two_parties_is_refused(tmp_path: Path, store: FileStore) -> None:
    for by, lei in (("SUB", "529900T8BM49AURSDO55"), ("OTHER", "5493001KJTIIGC8Y1R12")):
        folder = deliver(
            tmp_path / by,
            {
                "parties.csv": f"party_id,name,kind,lei\nA,Alpha,company,{lei}\n",
                "facilities.csv": f"{HEAD}\n",
                "lenders.csv": "lender_id,name\nL,Bank\n",
            },
            "full",
        )
        (folder / "book.toml").write_text((folder / "book.toml").read_text().replace('"SUB"', f'"{by}"'))
    load(tmp_path / "SUB", store)
    with pytest.raises(InputError, match="OTHER and SUB use this id with other lei") as error:
        load(tmp_path / "OTHER", store)
    assert rules(error) == [("parties.csv", 2, "A", "one_id_for_two")]
    assert store.latest() == 1


def test_an_old_delivery_again_says_what_came_after_it(tmp_path: Path, first: FileStore) -> None:
    load(deliver(tmp_path / "delta", {"facilities.csv": f"{HEAD}\nF1,L,A,loan,1,1,EUR\n"}), first)
    assert load(tmp_path / "first", first).since == (2,)
    assert load(tmp_path / "delta", first).since == ()


def test_each_file_and_each_table_is_told(tmp_path: Path, store: FileStore) -> None:
    (tmp_path / "book").mkdir()
    told: list[tuple[str, int, int]] = []
    load(write(tmp_path / "book"), store, step=lambda *step: told.append(step))
    assert [t for t in told if t[0].endswith(".csv")]
    assert [t[1:] for t in told if not t[0].endswith(".csv")] == [(0, 3), (1, 3), (2, 3)]


def test_a_delivery_is_known_by_all_its_bytes_but_not_by_its_folder(tmp_path: Path) -> None:
    def made(name: str, text: str) -> str:
        (tmp_path / name).mkdir()
        (tmp_path / name / "parties.csv").write_text(text)
        return identify(tmp_path / name).digest

    assert made("a", "1") == made("b", "1") != made("c", "2")
    books = [tmp_path / "x.xlsx", tmp_path / "y.xlsx"]
    for i, book in enumerate(books):
        book.write_bytes(bytes([i]))
    assert identify(books[0]).digest != identify(books[1]).digest
    mappings = [tmp_path / "m.toml", tmp_path / "n.toml"]
    for i, mapping in enumerate(mappings):
        mapping.write_text(f'name = "{i}"')
    digests = {identify(tmp_path / "a", m).digest for m in (None, *mappings, "finbench")}
    assert len(digests) == 4


@pytest.mark.parametrize("extra", ['["deleted":', '"""deleted"":"', '[[["""deleted"":"'])
def test_a_delivered_extra_that_is_no_object_is_text_like_any_other(
    tmp_path: Path, store: FileStore, extra: str
) -> None:
    text = f"party_id,name,kind,extra\nA,a,company,{extra}\nB,b,person,\n"
    (tmp_path / "in").mkdir()
    loaded = load(write(tmp_path / "in", {"parties.csv": text}), store)
    assert loaded.is_new
