"""What every store does, whatever keeps its facts: each store's tests run this class over one of their own."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.canonical import graph_hash
from graph.deliveries import DeliveryError, incomplete
from graph.dump import DumpError, dump, load_dump
from graph.errors import OptionError, StoreError
from graph.journal import JournalMovedError
from graph.judgements import judge
from graph.kept import ReportKey
from graph.resolve import conflicts
from graph.snapshot import Snapshot
from graph.store import Among, BusyError, Store, open_store
from tests.books import BANK, facility, party
from tests.graph.sent import (
    FEB,
    JAN,
    MAR,
    deliveries,
    delta,
    full,
    publish,
    restated,
    table,
    umbrella,
)
from tests.oracle import store as oracle
from tests.oracle.store import Sent

Fresh = Callable[[], str]
FEW = max(10, settings.default.max_examples // 4)
"""Examples of a test that loads several stores for each."""


def hash_of(log: list[Sent], as_of: dt.date | None = None) -> str:
    """The graph hash of what the deliveries say, by the slow twin."""
    return graph_hash({name: table(name, rows) for name, rows in oracle.facts(log, as_of).items()})


def rows(
    store: Store, name: str, version: int | None = None, as_of: dt.date | None = None
) -> list[tuple[object, ...]]:
    """Key and limit of each row of the book's umbrellas."""
    held = store.reader(version).book(as_of).table(name).to_pylist()
    return sorted((r["umbrella_id"], r["limit"]) for r in held)


class StoreContract:
    """Give a fixture ``fresh`` of the module: each call makes the URL of another empty store."""

    @pytest.fixture
    def store(self, fresh: Fresh) -> Store:
        return open_store(fresh())

    def test_an_empty_store_has_an_empty_book(self, store: Store) -> None:
        assert store.latest() == 0
        assert store.reader().book().tables == {}
        assert store.reader().deliveries() == ()
        assert store.check() == []

    def test_a_version_that_is_not_there_is_refused(self, store: Store) -> None:
        with pytest.raises(OptionError, match="no version 1"):
            store.reader(1)

    def test_what_was_delivered_is_read_back_with_its_places(self, store: Store) -> None:
        sent = full(
            "A", JAN, parties=[party("P")], facilities=[facility("F", "P", "10.50", 3)], lenders=[BANK]
        )
        assert publish(store, sent).version == 1
        book = store.reader().book()
        assert book.table("facilities").to_pylist() == [
            {**facility("F", "P", 1050, 300), "lender_id": "BANK", "source": "A"}
        ]
        assert (book.version, book.period) == (1, JAN)
        assert book.place("facilities", 0) == ("facilities.csv", 2)
        assert store.reader().graph_hash() == hash_of([sent])

    def test_the_same_delivery_twice_is_one_version(self, store: Store) -> None:
        sent = full("A", JAN, umbrellas=[umbrella("U", 1)])
        assert publish(store, sent).is_new
        again = publish(store, sent)
        assert (again.version, again.is_new, store.latest()) == (1, False, 1)

    def test_the_same_rows_in_other_files_are_no_new_version(self, store: Store) -> None:
        held = [umbrella("U", 1), umbrella("V", 2), umbrella("W", 3)]
        publish(store, full("A", JAN, umbrellas=held))
        again = publish(store, restated(full("A", JAN, umbrellas=held[::-1])))
        assert (again.is_new, again.unchanged, store.latest()) == (False, {"umbrellas": 3}, 1)

    def test_other_content_of_a_period_is_refused_unless_it_is_a_restatement(self, store: Store) -> None:
        first, second = (full("A", JAN, umbrellas=[umbrella("U", n)]) for n in (1, 2))
        publish(store, first)
        with pytest.raises(DeliveryError, match="restatement"):
            publish(store, second)
        assert publish(store, restated(second)).version == 2
        assert rows(store, "umbrellas") == [("U", 200)]
        assert rows(store, "umbrellas", 1) == [("U", 100)]
        assert publish(store, restated(second)).is_new is False
        assert publish(store, restated(first)).version == 3
        assert rows(store, "umbrellas") == [("U", 100)]

    def test_a_restated_old_period_leaves_the_present_and_the_old_version_as_they_are(
        self, store: Store
    ) -> None:
        publish(store, full("A", JAN, umbrellas=[umbrella("U", 1)]))
        before = store.reader(1).graph_hash()
        publish(store, full("A", FEB, umbrellas=[umbrella("U", 2)]))
        publish(store, restated(full("A", JAN, umbrellas=[umbrella("U", 9)])))
        assert rows(store, "umbrellas") == [("U", 200)]
        assert rows(store, "umbrellas", as_of=JAN) == [("U", 900)]
        assert rows(store, "umbrellas", 2, JAN) == [("U", 100)]
        assert store.reader(1).graph_hash() == before

    def test_a_full_delivery_replaces_what_its_subsidiary_sent_and_nothing_else(self, store: Store) -> None:
        publish(store, full("A", JAN, umbrellas=[umbrella("U", 1), umbrella("V", 1)]))
        publish(store, full("B", JAN, umbrellas=[umbrella("W", 1)]))
        made = publish(store, full("A", FEB, umbrellas=[umbrella("U", 1)]))
        assert rows(store, "umbrellas") == [("U", 100), ("W", 100)]
        assert (made.unchanged, made.new, made.gone) == ({"umbrellas": 1}, {"umbrellas": 0}, {"umbrellas": 1})
        assert incomplete(store.reader().deliveries()) == ["B as of 2026-01-31"]

    def test_a_full_delivery_that_lacks_a_table_is_refused(self, store: Store) -> None:
        publish(store, full("A", JAN, umbrellas=[umbrella("U", 1)], lenders=[BANK]))
        with pytest.raises(DeliveryError, match="lacks umbrellas"):
            publish(store, full("A", FEB, lenders=[BANK]))
        publish(store, full("A", FEB, lenders=[BANK], umbrellas=[]))
        assert rows(store, "umbrellas") == []

    def test_a_delta_adds_replaces_and_deletes_by_key(self, store: Store) -> None:
        publish(store, full("A", JAN, umbrellas=[umbrella("U", 1), umbrella("V", 1), umbrella("W", 1)]))
        gone = {"umbrellas": [{"umbrella_id": "V"}]}
        publish(store, delta("A", FEB, gone, umbrellas=[umbrella("U", 2), umbrella("X", 3)]))
        assert rows(store, "umbrellas") == [("U", 200), ("W", 100), ("X", 300)]
        assert rows(store, "umbrellas", 1) == [("U", 100), ("V", 100), ("W", 100)]

    def test_a_deleted_key_without_a_date_deletes_all_its_rows_and_with_one_only_that(
        self, store: Store
    ) -> None:
        early, late = ({"valid_from": dt.date(2026, m, 1)} for m in (1, 2))
        held = [umbrella(u, n, **d) for u in ("U", "V") for n, d in ((1, early), (2, late))]
        publish(store, full("A", JAN, umbrellas=held))
        gone = {"umbrellas": [{"umbrella_id": "U"}, {"umbrella_id": "V", **late}]}
        publish(store, delta("A", FEB, gone))
        assert rows(store, "umbrellas") == [("V", 100)]

    def test_what_a_delta_deletes_and_brings_is_there(self, store: Store) -> None:
        publish(store, full("A", JAN, umbrellas=[umbrella("U", 1, valid_from=dt.date(2025, 1, 1))]))
        publish(store, delta("A", FEB, {"umbrellas": [{"umbrella_id": "U"}]}, umbrellas=[umbrella("U", 2)]))
        assert rows(store, "umbrellas") == [("U", 200)]

    def test_a_full_delivery_names_no_deleted_rows(self, store: Store) -> None:
        sent = Sent("A", "full", JAN, {"umbrellas": []}, {"umbrellas": [{"umbrella_id": "U"}]})
        with pytest.raises(DeliveryError, match="names deleted rows"):
            publish(store, sent)

    def test_a_later_validity_ends_the_earlier_one_on_its_day(self, store: Store) -> None:
        publish(store, full("A", JAN, umbrellas=[umbrella("U", 1)]))
        publish(store, delta("A", FEB, umbrellas=[umbrella("U", 2, valid_from=dt.date(2026, 2, 10))]))
        assert rows(store, "umbrellas", as_of=dt.date(2026, 2, 5)) == [("U", 100)]
        assert rows(store, "umbrellas", as_of=FEB) == [("U", 200)]
        assert len(store.reader().facts()["umbrellas"]) == 2

    def test_sources_that_disagree_are_both_kept_and_one_counts(self, fresh: Fresh) -> None:
        poor = full("B", JAN, parties=[party("P", name="Pi", country="CN")])
        rich = full("A", JAN, parties=[party("P", name="Pi AG", country="CN", industry="steel")])
        for order in ((poor, rich), (rich, poor)):
            store = open_store(fresh())
            for sent in order:
                publish(store, sent)
            facts = store.reader().facts()
            assert sorted(facts["parties"].column("source").to_pylist()) == ["A", "B"]
            assert [r["name"] for r in store.reader().book().table("parties").to_pylist()] == ["Pi AG"]
            (conflict,) = conflicts(facts, JAN)
            assert (conflict.table, conflict.key, conflict.columns) == ("parties", ("P",), ("name",))
            assert (conflict.sources, conflict.chosen) == (("A", "B"), "A")

    def test_facts_are_found_by_what_they_say(self, store: Store) -> None:
        publish(store, full("A", JAN, parties=[party("P"), party("Q")]))
        publish(store, delta("A", FEB, {"parties": [{"party_id": "Q"}]}, parties=[party("R")]))
        publish(store, full("B", JAN, parties=[party("P", "bank")]))

        def found(only: Among | None = None, **cells: object) -> list[tuple[object, ...]]:
            like = table("parties", [cells], tuple(cells))
            held = store.reader().matching("parties", like, only).to_pylist()
            return sorted((r["party_id"], r["source"]) for r in held)

        assert found(party_id="P") == [("P", "A"), ("P", "B")]
        assert found(Among(by="A"), party_id="P") == found(party_id="P", kind="company") == [("P", "A")]
        assert found(Among(but="A"), party_id="P") == [("P", "B")]
        assert (found(party_id="Q"), found(party_id="X"), found(party_id="R")) == ([], [], [("R", "A")])
        assert found(Among(as_of=JAN), party_id="Q") == [("Q", "A")]
        only = Among(by="A", columns=("party_id",))
        asked = table("parties", [party("P")], ("party_id",))
        assert store.reader().matching("parties", asked, only).column("party_id").to_pylist() == ["P"]

    @settings(max_examples=FEW)
    @given(data=st.data())
    def test_arrival_in_any_order_gives_the_same_book(self, fresh: Fresh, data: st.DataObject) -> None:
        log = [
            data.draw(deliveries(by, day, kind))
            for by, day, kind in (
                ("A", JAN, "full"),
                ("A", FEB, "delta"),
                ("A", MAR, "delta"),
                ("B", FEB, "full"),
            )
        ]
        shuffled = data.draw(st.permutations(log))
        stores = [open_store(fresh()), open_store(fresh())]
        for store, order in zip(stores, (log, shuffled), strict=True):
            for sent in order:
                publish(store, sent)
        for day in (None, JAN, FEB, MAR):
            wanted = hash_of(log, day)
            assert [s.reader().graph_hash(day) for s in stores] == [wanted, wanted]

    @settings(max_examples=FEW)
    @given(mixed=st.permutations(range(20)), cut=st.integers(0, 20))
    def test_any_order_and_any_split_of_the_rows_give_the_same_book(
        self, fresh: Fresh, mixed: list[int], cut: int
    ) -> None:
        held = [umbrella(f"U{i}", i) for i in range(20)]
        whole, parts = open_store(fresh()), open_store(fresh())
        publish(whole, full("A", JAN, umbrellas=held))
        publish(parts, full("A", JAN, umbrellas=[held[i] for i in mixed[:cut]]))
        publish(parts, delta("A", FEB, umbrellas=[held[i] for i in mixed[cut:]]))
        assert whole.reader().graph_hash() == parts.reader().graph_hash()

    def test_a_reader_stays_at_its_version(self, store: Store) -> None:
        publish(store, full("A", JAN, umbrellas=[umbrella("U", 1)]))
        reader = store.reader()
        held = reader.graph_hash()
        for n in range(20):
            publish(store, delta("A", FEB + dt.timedelta(n), umbrellas=[umbrella("U", n)]))
        assert reader.graph_hash() == held
        assert store.reader().version == 21

    def test_many_deltas_are_as_one(self, fresh: Fresh) -> None:
        log = [full("A", JAN, umbrellas=[umbrella(f"U{i}", 1) for i in range(9)])]
        for n in range(40):
            gone = {"umbrellas": [{"umbrella_id": f"U{n % 7}"}]} if n % 3 else {}
            log.append(delta("A", JAN + dt.timedelta(n + 1), gone, umbrellas=[umbrella(f"U{n % 9}", n)]))
        store = open_store(fresh())
        for sent in log:
            publish(store, sent)
        for version in (1, 7, 16, 17, 18, 33, 34, 41):
            assert store.reader(version).graph_hash() == hash_of(log[:version])

    def test_changes_are_those_of_the_rows(self, store: Store) -> None:
        publish(store, full("A", JAN, umbrellas=[umbrella("U", 1), umbrella("V", 1), umbrella("W", 1)]))
        gone = {"umbrellas": [{"umbrella_id": "V"}]}
        publish(
            store, delta("A", FEB, gone, umbrellas=[umbrella("U", 2), umbrella("W", 1), umbrella("X", 3)])
        )
        assert [tuple(c.values()) for c in store.changes(1, 2).to_pylist()] == [
            ("umbrellas", "changed", "U", '{"limit":"1.00"}', '{"limit":"2.00"}'),
            (
                "umbrellas",
                "removed",
                "V",
                '{"umbrella_id":"V","limit":"1.00","currency":"EUR","source":"A"}',
                None,
            ),
            (
                "umbrellas",
                "added",
                "X",
                None,
                '{"umbrella_id":"X","limit":"3.00","currency":"EUR","source":"A"}',
            ),
        ]
        assert store.changes(2, 2).num_rows == store.changes(0, 1).num_rows == 0

    def test_one_writer_at_a_time(self, store: Store) -> None:
        with store.writer("first") as first:
            with pytest.raises(BusyError, match="first"):
                store.writer("second")
            held = first.token
        with store.writer("second") as second:
            assert second.token > held

    def test_the_snapshot_of_a_version_is_that_of_its_book(self, store: Store) -> None:
        publish(
            store,
            full(
                "A",
                JAN,
                parties=[party("P"), party("Q")],
                facilities=[facility("F", "Q", 9, 3)],
                lenders=[BANK],
            ),
        )
        made = Snapshot.of(store.reader().book())
        for _ in range(2):  # compiled, then as it was kept
            held = store.snapshot()
            assert (held.as_of, held.base, held.version) == (made.as_of, made.base, 1)
            assert held.party_ids.equals(made.party_ids)
            assert held.in_base("facilities", "drawn").tolist() == [300]
            assert (
                held.tables["facilities"]["obligor_id"].tolist()
                == made.tables["facilities"]["obligor_id"].tolist()
            )
            assert held.book is not None
            assert held.book.place("facilities", 0) == ("facilities.csv", 2)
            assert held.book.table("facilities").num_rows == 1

    def test_the_journal_takes_a_record_only_after_the_one_that_its_writer_saw(self, store: Store) -> None:
        journal = store.journal
        first = journal.append("reservation", "G1", {"amount": 5}, author="ann", expected=0)
        with pytest.raises(JournalMovedError):
            journal.append("reservation", "G1", {"amount": 7}, author="bob", expected=0)
        second = journal.append("decision", "F1", {"approve": True}, author="bob", expected=first.number)
        assert journal.last() == second.number == 2
        assert open_store(store.url).journal.records() == [first, second]
        assert journal.records(after=1) == [second]
        assert journal.records(kind="reservation") == journal.records(subject="G1") == [first]
        assert store.latest() == 0
        with pytest.raises(OptionError, match="no journal record"):
            journal.append("gossip", "G1", {}, author="ann", expected=2)

    def test_a_snapshot_has_what_was_judged_since_and_the_facts_have_not(self, store: Store) -> None:
        publish(
            store, full("A", JAN, parties=[party("P"), party("Q")], facilities=[facility("F", "Q", 9, 3)])
        )
        facts = store.reader().graph_hash()
        for number, (word, parties) in enumerate((("same", 1), ("unsure", 2), ("same", 1)), 1):
            judge(store.journal, ("Q", "P"), word, author="ann", reason="seen", expected=number - 1)
            for _ in range(2):  # compiled, then as it was kept
                held = store.snapshot()
                assert (held.n, held.judgements) == (parties, number)
                assert held.book is not None
                assert held.book.place("same_as", 0) == ("journal", number)
            assert store.reader().graph_hash() == facts
            assert store.reader().snapshot().n == 2

    def test_a_finished_report_is_kept_whole_and_found_by_all_that_it_depends_on(
        self, store: Store, tmp_path: Path
    ) -> None:
        key = ReportKey(1, "2026-01-31", "EUR", ("EU-CRR",), {"recovery": "0.4"}, "abc")
        assert store.kept_report(key) is None
        made = tmp_path / "report"
        (made / "deep").mkdir(parents=True)
        (made / "deep" / "groups.csv").write_text("g\n")
        kept = store.keep_report(key, made)
        (made / "deep" / "groups.csv").write_text("changed\n")
        assert store.kept_report(key) == kept == store.keep_report(key, made)
        assert (kept / "deep" / "groups.csv").read_text() == "g\n"
        assert (
            store.kept_report(ReportKey(2, "2026-01-31", "EUR", ("EU-CRR",), {"recovery": "0.4"}, "abc"))
            is None
        )

    def test_a_dump_restores_all_versions_and_the_journal(self, fresh: Fresh, tmp_path: Path) -> None:
        store, file = open_store(fresh()), tmp_path / "dump.tar"
        publish(store, full("A", JAN, umbrellas=[umbrella("U", 1)]))
        publish(store, delta("A", FEB, {"umbrellas": [{"umbrella_id": "U"}]}, umbrellas=[umbrella("V", 2)]))
        publish(store, restated(full("A", JAN, umbrellas=[umbrella("U", 1), umbrella("W", 7)])))
        store.journal.append("state", "finding-1", {"state": "accepted"}, author="ann", expected=0)
        label = dump(store, file)
        other = fresh()
        assert load_dump(file, other) == label
        copy = open_store(other)
        for version in range(store.latest() + 1):
            assert copy.reader(version).graph_hash() == store.reader(version).graph_hash()
        assert copy.journal.records() == store.journal.records()
        assert [d.digest for d in copy.reader().deliveries()] == [
            d.digest for d in store.reader().deliveries()
        ]
        with pytest.raises(DumpError, match="empty store"):
            load_dump(file, other)
        publish(copy, delta("A", MAR, umbrellas=[umbrella("X", 1)]))

    def test_a_cut_dump_is_refused_and_loads_nothing(self, fresh: Fresh, tmp_path: Path) -> None:
        store, file = open_store(fresh()), tmp_path / "dump.tar"
        publish(store, full("A", JAN, umbrellas=[umbrella("U", 1)]))
        dump(store, file)
        data = file.read_bytes()
        for size in itertools.chain(range(0, len(data) - 10_240, 997), [700]):
            file.write_bytes(data[:size])
            other = fresh()
            with pytest.raises((DumpError, StoreError)):
                load_dump(file, other)
            assert open_store(other).latest() == 0
