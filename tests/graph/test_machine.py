"""Any sequence of loads, deltas, restatements, kills, power failures and reads: each version equals a clean rebuild."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import shutil
import tempfile
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from graph.canonical import graph_hash
from graph.deliveries import DeliveryError
from graph.dump import dump, load_dump
from graph.files.store import FileStore
from graph.journal import JournalMovedError
from tests.faults.disk import KilledDisk, KilledError, PowerlessDisk
from tests.graph.contract import hash_of
from tests.graph.sent import deliveries, publish, restated
from tests.oracle.store import Sent
from tests.stores import MEMORY

SUBSIDIARIES = st.sampled_from(["A", "B"])
KINDS = st.sampled_from(["full", "delta"])
DAYS = st.sampled_from([None, *(dt.date(2026, 1, d) for d in range(1, 6))])


class StoreMachine(RuleBasedStateMachine):
    """The store beside the plain list of what it accepted; time goes on, so that leases of the dead run out."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="konzern-", dir=MEMORY if MEMORY.is_dir() else None))
        self.log: list[Sent] = []
        self.as_sent: list[Sent] = []
        self.seen: dict[int, str] = {}
        self.records: list[str] = []
        self.ticks = itertools.count(1)
        self.names = itertools.count(1)

    @initialize()
    def begin(self) -> None:
        self.root = self.folder / "0"
        self.store = FileStore(self.root)

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def opened(self, disk: KilledDisk | None = None) -> FileStore:
        """The store as another process finds it, long after."""
        now = next(self.ticks) * 10.0**9
        return FileStore(self.root, disk, lambda: now)

    def accepted(self, sent: Sent, store: FileStore) -> None:
        """Publish, and note what became of it. The day of an undated delivery is that of the one before it."""
        try:
            made = publish(store, sent)
        except DeliveryError:
            return
        if made.is_new:
            self.note(sent)

    def note(self, sent: Sent) -> None:
        day = self.store.reader().deliveries()[-1].day
        self.log.append(Sent(sent.by, sent.kind, day, sent.rows, sent.deleted, sent.restates))
        self.as_sent.append(sent)

    @rule(data=st.data(), by=SUBSIDIARIES, day=DAYS, kind=KINDS, again=st.booleans())
    def load(self, data: st.DataObject, by: str, day: dt.date | None, kind: str, *, again: bool) -> None:
        sent = data.draw(deliveries(by, day, kind))
        self.accepted(restated(sent) if again else sent, self.store)

    @precondition(lambda self: self.log)
    @rule(data=st.data())
    def load_what_was_loaded(self, data: st.DataObject) -> None:
        known = data.draw(st.sampled_from(self.log))
        before = self.store.latest()
        try:
            made = publish(self.store, Sent(known.by, known.kind, known.day, known.rows, known.deleted))
        except DeliveryError:
            return
        if made.is_new:
            self.note(Sent(known.by, known.kind, known.day, known.rows, known.deleted))
        else:
            assert self.store.latest() == before

    @rule(
        data=st.data(),
        by=SUBSIDIARIES,
        day=DAYS,
        kind=KINDS,
        at=st.integers(0, 60),
        power=st.none() | st.integers(0, 9),
    )
    def be_stopped(
        self, data: st.DataObject, by: str, day: dt.date | None, kind: str, at: int, power: int | None
    ) -> None:
        sent = restated(data.draw(deliveries(by, day, kind)))
        disk = KilledDisk(at) if power is None else PowerlessDisk(at, power)
        with contextlib.suppress(KilledError, DeliveryError):
            publish(self.opened(disk), sent)
        if isinstance(disk, PowerlessDisk) and len(disk.steps) > at:
            disk.lose()
        self.store = self.opened()
        if self.store.latest() > len(self.log):
            self.note(sent)
        assert not self.store.check()
        self.accepted(sent, self.store)

    @rule(kind=st.sampled_from(["reservation", "decision"]), late=st.booleans())
    def write_into_the_journal(self, kind: str, *, late: bool) -> None:
        expected = len(self.records) - late
        try:
            record = self.store.journal.append(kind, "G", {"n": expected}, author="ann", expected=expected)
        except JournalMovedError:
            assert late
            return
        assert not late
        self.records.append(record.hash)

    @rule()
    def open_again(self) -> None:
        self.store = self.opened()

    @precondition(lambda self: self.log)
    @rule()
    def dump_and_restore(self) -> None:
        file, other = self.folder / "dump.tar", self.folder / str(next(self.names))
        dump(self.store, file)
        load_dump(file, f"book:{other}")
        self.root = other
        self.store = self.opened()

    @precondition(lambda self: self.log)
    @rule(data=st.data(), day=DAYS)
    def read(self, data: st.DataObject, day: dt.date | None) -> None:
        version = data.draw(st.integers(0, len(self.log)))
        assert self.store.reader(version).graph_hash(day) == hash_of(self.log[:version], day)

    @precondition(lambda self: self.log)
    @rule(data=st.data())
    def tell_changes(self, data: st.DataObject) -> None:
        before, after = sorted(data.draw(st.tuples(*[st.integers(1, len(self.log))] * 2)))
        told = self.store.changes(before, after)
        same = self.store.reader(before).graph_hash() == self.store.reader(after).graph_hash()
        assert (told.num_rows == 0) == same

    @invariant()
    def versions_are_what_was_accepted(self) -> None:
        if not hasattr(self, "store"):
            return
        last = len(self.log)
        assert self.store.latest() == last
        assert [r.hash for r in self.store.journal.records()] == self.records
        self.seen.setdefault(last, self.store.reader().graph_hash())
        assert self.seen[last] == hash_of(self.log)
        assert not list(self.root.rglob("*.new-*"))

    @precondition(lambda self: self.log)
    @rule()
    def rebuild(self) -> None:
        clean = FileStore(self.folder / str(next(self.names)))
        for sent in self.as_sent:
            publish(clean, sent)
        assert graph_hash(clean.reader().facts()) == self.store.reader().graph_hash()


TestStore = StoreMachine.TestCase
TestStore.settings = settings(
    max_examples=max(8, settings.default.max_examples // 10), stateful_step_count=20, deadline=None
)
