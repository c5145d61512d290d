"""What is the embedded store's own: its files, formats, damage, the journal's chain, the archive."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from graph.archive import open_saved, save
from graph.changes import changes
from graph.dump import migrate
from graph.errors import OptionError, StoreError
from graph.files.lease import Holder, machine
from graph.files.segments import content_hash
from graph.files.store import FileStore
from graph.files.versions import MARK, FormatError
from graph.journal import Record
from graph.kept import ReportKey
from graph.keys import KeySet, fingerprints, numbered
from graph.snapshot import Snapshot
from graph.store import open_store
from tests.books import BANK, facility, party
from tests.graph.sent import FEB, JAN, contents, delta, full, publish, restated, table, umbrella

HELD = [umbrella(f"U{i}", i) for i in range(12)]


@pytest.fixture
def store(fresh_root: Callable[[], Path]) -> FileStore:
    held = FileStore(fresh_root())
    publish(held, full("A", JAN, umbrellas=HELD))
    publish(held, delta("A", FEB, {"umbrellas": [{"umbrella_id": "U1"}]}, umbrellas=[umbrella("V", 1)]))
    return held


def set_format(root: Path, number: int) -> None:
    (root / MARK).write_text(json.dumps({"format": number}))


def test_a_newer_format_is_refused(store: FileStore) -> None:
    set_format(store.root, 2)
    with pytest.raises(FormatError, match="newer"):
        open_store(store.url)


def test_an_older_format_is_migrated_into_a_copy(store: FileStore, fresh_root: Callable[[], Path]) -> None:
    wanted = store.reader().graph_hash()
    set_format(store.root, 0)
    with pytest.raises(FormatError, match="konzern store migrate"):
        open_store(store.url)
    target = f"book:{fresh_root()}"
    with pytest.raises(FormatError, match="cannot migrate"):
        migrate(store.url, target)
    assert open_store(target).latest() == 0
    done: list[str] = []
    label = migrate(store.url, target, {0: lambda folder: done.append(folder.name)})
    assert (label.versions, label.graph_hash, len(done)) == (2, wanted, 1)
    assert open_store(target).reader().graph_hash() == wanted
    assert json.loads((store.root / MARK).read_text()) == {"format": 0}


def test_a_folder_that_holds_something_else_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "parties.csv").write_text("party_id,name,kind\n")
    with pytest.raises(FormatError, match=r"parties\.csv"):
        open_store(f"book:{tmp_path}")
    with pytest.raises(FormatError, match="not a folder"):
        open_store(f"book:{tmp_path / 'parties.csv'}")


@pytest.mark.parametrize("url", ["", "book:", "store", "http://x", "/tmp/x"])  # noqa: S108 - never opened
def test_other_urls_name_no_store(url: str) -> None:
    with pytest.raises(OptionError, match="names no store"):
        open_store(url)


def test_a_changed_byte_in_any_file_is_found(store: FileStore) -> None:
    store.journal.append("decision", "F", {"n": 1}, author="ann", expected=0)
    files = [
        p for p in sorted(store.root.rglob("*")) if p.is_file() and p.name not in {"lock", "lease.json", MARK}
    ]
    assert len(files) == 6
    for path in files:
        data = bytearray(path.read_bytes())
        for at in {0, len(data) // 3, len(data) // 2, len(data) - 2}:
            data[at] ^= 4
            path.write_bytes(data)
            assert FileStore(store.root).check() != [], f"{path.name} at {at}"
            data[at] ^= 4
        path.write_bytes(data)
    assert FileStore(store.root).check() == []


def test_a_damaged_file_gives_an_error_or_the_right_rows(store: FileStore) -> None:
    publish(store, full("A", FEB.replace(month=3), umbrellas=HELD[3:]))
    wanted = store.reader().graph_hash()
    for path in sorted((store.root / "data").iterdir()):
        data = path.read_bytes()
        for at in range(0, len(data), 7):
            path.write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
            try:
                assert FileStore(store.root).reader().graph_hash() == wanted, f"{path.name} at {at}"
            except StoreError:
                continue
        path.write_bytes(data)


def test_a_missing_file_is_an_error_that_names_it(store: FileStore) -> None:
    lost = next((store.root / "data").glob("umbrellas-[0-9a-f]*.parquet"))
    lost.unlink()
    with pytest.raises(StoreError, match=lost.name):
        FileStore(store.root).reader().facts()


def test_a_record_that_was_cut_off_was_never_written(store: FileStore) -> None:
    journal = store.journal
    journal.append("decision", "F", {"n": 1}, author="ann", expected=0)
    path = store.root / "journal.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])
    again = FileStore(store.root).journal
    assert again.last() == 1
    assert again.append("decision", "F", {"n": 2}, author="bob", expected=1).number == 2
    assert [r.number for r in FileStore(store.root).journal.records()] == [1, 2]


@pytest.mark.parametrize(
    "change", [lambda lines: lines[1:], lambda lines: lines[:1] + lines[2:], lambda lines: lines[::-1]]
)
def test_a_journal_that_was_edited_is_refused(
    store: FileStore, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    for n in range(3):
        store.journal.append("decision", "F", {"n": n}, author="ann", expected=n)
    path = store.root / "journal.jsonl"
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    with pytest.raises(StoreError, match="changed or lost"):
        FileStore(store.root).journal.last()
    assert FileStore(store.root).check() != []


def test_a_record_knows_when_it_was_changed() -> None:
    record = Record(1, "state", "x", "ann", "2026-01-01T00:00:00+00:00", {"a": 1}).sealed()
    assert record.sealed() == record
    assert Record(**{**record.__dict__, "author": "bob"}).sealed() != record


def test_a_version_holds_only_what_changed(store: FileStore) -> None:
    before = {p.name for p in (store.root / "data").iterdir()}
    publish(
        store,
        full("A", FEB.replace(month=3), umbrellas=[*HELD[2:], HELD[0], umbrella("V", 1), umbrella("W", 1)]),
    )
    added = {p.name for p in (store.root / "data").iterdir()} - before
    (new,) = [name for name in added if name.endswith(".parquet")]
    assert pa.parquet.read_table(store.root / "data" / new).column("umbrella_id").to_pylist() == ["W"]
    assert store.reader().book().place("umbrellas", 0) == ("umbrellas.csv", 2)


def test_full_deliveries_without_end_keep_few_parts(store: FileStore) -> None:
    for n in range(30):
        rows = [umbrella(f"U{i}", i + 100 * (n if i == n % 12 else 0)) for i in range(12)]
        publish(store, restated(full("A", FEB, umbrellas=rows)))
        assert len(store.reader().pieces("umbrellas")) <= 8


def test_left_overs_of_other_jobs_are_swept(store: FileStore) -> None:
    (store.root / "data" / "umbrellas-00000000000000000000000000000000.parquet").write_bytes(b"x")
    (store.root / "data" / "umbrellas-1.parquet.new-1").write_bytes(b"x")
    publish(store, delta("A", FEB.replace(month=3), umbrellas=[umbrella("W", 1)]))
    assert sorted(p.suffix for p in (store.root / "data").iterdir()) == [".parquet"] * 4


def test_a_report_that_cannot_be_copied_is_not_kept(store: FileStore, tmp_path: Path) -> None:
    key = ReportKey(1, "2026-01-31")
    with pytest.raises(StoreError):
        store.keep_report(key, tmp_path / "not there")
    assert store.kept_report(key) is None
    assert list((store.root / "reports").iterdir()) == []


def test_a_holder_is_dead_when_its_process_or_the_start_of_it_is_another() -> None:
    started = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    here = Holder(1, "", 0.0, held=True, machine=machine(), pid=os.getpid(), started=started)
    assert here.alive is True
    assert Holder(**{**here.__dict__, "started": "1"}).alive is False
    assert Holder(**{**here.__dict__, "machine": "elsewhere"}).alive is None


def test_a_saved_snapshot_is_the_snapshot(store: FileStore, tmp_path: Path) -> None:
    publish(
        store,
        full(
            "B",
            JAN,
            parties=[party("P"), party("Q", country="CN")],
            facilities=[facility("F", "Q", 9, 3)],
            lenders=[BANK],
            ownership=[{"owner_id": "P", "owned_id": "Q", "share": "0.6"}],
        ),
    )
    made = Snapshot.of(store.reader().book())
    save(made, tmp_path)
    held = open_saved(tmp_path)
    for name, rows in made.tables.items():
        assert set(held.tables[name].numbers) == set(rows.numbers)
        assert np.array_equal(held.tables[name].row, rows.row)
        for column, values in rows.numbers.items():
            mine = held.tables[name].numbers[column]
            assert np.array_equal(mine, values)
            assert (mine.dtype, mine.flags.writeable) == (values.dtype, values.flags.writeable), (
                name,
                column,
            )
        texts = [{n: a.to_pylist() for n, a in t.texts.items()} for t in (held.tables[name], rows)]
        assert texts[0] == texts[1]
    for field in made.stakes.__dataclass_fields__:
        assert np.array_equal(getattr(held.stakes, field), getattr(made.stakes, field))
    assert (held.fx, held.as_of, held.version) == (made.fx, made.as_of, made.version)
    (tmp_path / "stakes.ptr.npy").unlink()
    with pytest.raises(StoreError, match="damaged"):
        open_saved(tmp_path)


def test_deltas_are_merged_by_sixteens(store: FileStore) -> None:
    for n in range(40):
        publish(store, delta("A", FEB + dt.timedelta(n + 1), umbrellas=[umbrella("V", n)]))
    reader = store.reader()
    (chain,) = reader._chains(None).values()
    assert (len(chain), len(reader._runs.units(chain))) == (42, 1 + 2 + 9)
    merged = reader.graph_hash()
    shutil.rmtree(store.root / "runs")
    assert FileStore(store.root).reader().graph_hash() == merged


def test_a_saved_snapshot_that_was_changed_is_found(store: FileStore) -> None:
    store.snapshot()
    (saved,) = (store.root / "snapshots").iterdir()
    (saved / "stakes.ptr.npy").write_bytes(b"x" + (saved / "stakes.ptr.npy").read_bytes()[1:])
    assert FileStore(store.root).check() == [f"the saved snapshot {saved.name} is damaged: remove it"]


def test_a_damaged_archive_is_made_again(store: FileStore) -> None:
    publish(store, full("B", JAN, parties=[party("P")], facilities=[], lenders=[BANK]))
    assert store.snapshot().n == 1
    (saved,) = (store.root / "snapshots").iterdir()
    (saved / "meta.json").write_text("{")
    assert FileStore(store.root).snapshot().n == 1
    assert json.loads((saved / "meta.json").read_text())["version"] == 3


def test_fingerprints_tell_rows_and_columns_apart() -> None:
    a = pa.table({"x": ["a", None, "a", ""], "y": [None, "a", "a", None], "n": [None, 0, 1, None]})
    assert len(set(map(bytes, fingerprints(a, ["x", "y", "n"])))) == 4
    coded = a.set_column(0, "x", a.column("x").dictionary_encode())
    assert np.array_equal(fingerprints(a, ["x", "y"]), fingerprints(coded, ["x", "y"]))
    many = pa.table({"k": [f"{i:09d}" for i in range(200_000)]})
    keys = fingerprints(many, ["k"])
    assert np.array_equal(KeySet(keys).first, np.arange(200_000))
    twice = numbered(np.concatenate([keys, keys]))
    assert len(np.unique(twice, axis=0)) == 400_000


def test_what_is_delivered_can_be_read_by_version(store: FileStore) -> None:
    held = store.reader().delivered(2)
    assert held.deleted["umbrellas"].to_pylist() == [{"umbrella_id": "U1", "valid_from": None}]
    assert held.book.table("umbrellas").column("umbrella_id").to_pylist() == ["V"]
    with pytest.raises(OptionError, match="no version 3"):
        store.reader().delivered(3)
    sent = contents(full("A", JAN, umbrellas=HELD)).book.table("umbrellas")
    assert sent.equals(store.reader(1).delivered(1).book.table("umbrellas"))


def test_changes_tell_cells_as_a_file_would_have_them() -> None:
    old = [{"owner_id": 'A"\\', "owned_id": "B", "share": "0.000000001", "voting": None}]
    new = [{"owner_id": 'A"\\', "owned_id": "B", "share": "0.5", "voting": 1, "valid_to": JAN}]
    told = changes({"ownership": table("ownership", old)}, {"ownership": table("ownership", new)}).to_pylist()
    assert [
        (c["kind"], json.loads(c["subject"]), json.loads(c["before"]), json.loads(c["after"])) for c in told
    ] == [
        (
            "changed",
            ['A"\\', "B", None],
            {"share": "0.000000001", "voting": None, "valid_to": None},
            {"share": "0.5", "voting": "1", "valid_to": "2026-01-31"},
        )
    ]
    party_a = [party("A", equity="-0.05", gsib=True, name="x\ny")]
    (told_a,) = changes({}, {"parties": table("parties", party_a)}).to_pylist()
    assert (told_a["kind"], told_a["subject"], told_a["before"]) == ("added", "A", None)
    assert json.loads(told_a["after"]) == {
        "party_id": "A", "name": "x\ny", "kind": "company", "equity": "-0.05", "gsib": True,
    }  # fmt: skip


def test_the_content_of_a_segment_is_known_again_when_it_is_read(store: FileStore) -> None:
    held = pa.table({"a": pa.array(["x", None, "y"]).dictionary_encode(), "n": pa.array([1, None, 3])})
    held = pa.concat_tables(
        [held, pa.table({"a": pa.array(["z", "x", "y"]).dictionary_encode(), "n": [1, 2, 3]})]
    )
    part = store._segments.write("parties", held)
    assert content_hash(store._segments.read(part)) == content_hash(held) != content_hash(held.slice(1))
