"""Whatever stops a writer at whatever step leaves the old version or the new one, and the job may be repeated."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from graph.disk import Disk
from graph.errors import StoreError
from graph.files.store import FileStore
from graph.kept import ReportKey
from graph.store import StaleLeaseError
from tests.faults.disk import CountingDisk, FullDisk, KilledDisk, KilledError, PowerlessDisk
from tests.graph.sent import FEB, JAN, MAR, contents, delivery, delta, full, publish, restated, umbrella
from tests.oracle.store import Sent

KEY = ReportKey(1, "2026-01-31")


def much_later() -> float:
    """A clock on which every lease has run out."""
    return time.time() + 10**6


@dataclass(frozen=True)
class Scene:
    """What is in the store, and what is then done to it; ``seen`` tells the state afterwards."""

    before: list[Sent]
    act: Callable[[FileStore], object]


def _publish(sent: Sent) -> Callable[[FileStore], object]:
    return lambda store: publish(store, sent)


def _note(store: FileStore) -> object:
    last = store.journal.last()
    if any(r.subject == "G2" for r in store.journal.records()):
        return None
    return store.journal.append("reservation", "G2", {"amount": 2}, author="ann", expected=last)


def _keep(store: FileStore) -> object:
    report = store.root.parent / "report"
    report.mkdir(exist_ok=True)
    (report / "a.csv").write_text("a\n")
    return store.keep_report(KEY, report)


HELD = [umbrella(f"U{i}", i) for i in range(9)]
FIRST = full("A", JAN, umbrellas=HELD)
DELTAS = [delta("A", JAN + dt.timedelta(n), umbrellas=[umbrella(f"U{n % 9}", n)]) for n in range(1, 17)]
SCENES = {
    "the first load": Scene([], _publish(FIRST)),
    "a full delivery after another": Scene(
        [FIRST], _publish(full("A", FEB, umbrellas=[*HELD[:7], umbrella("V", 1)]))
    ),
    "a restatement": Scene([FIRST], _publish(restated(full("A", JAN, umbrellas=HELD[:5])))),
    "a delta": Scene(
        [FIRST], _publish(delta("A", FEB, {"umbrellas": [{"umbrella_id": "U1"}]}, umbrellas=HELD[2:4]))
    ),
    "a delta that makes a merge": Scene([FIRST, *DELTAS[:-1]], _publish(DELTAS[-1])),
    "a first record": Scene([FIRST], _note),
    "a report": Scene([FIRST], _keep),
}


@dataclass(frozen=True)
class State:
    """All that may be read from a store; records without the time of day and the hashes that hold it."""

    hashes: dict[int, str]
    records: list[str]
    reports: bool


def state(store: FileStore) -> State:
    """What is in a store, which must be whole."""
    assert store.check() == []
    last = store.latest()
    hashes = {v: store.reader(v).graph_hash() for v in {0, min(1, last), max(0, last - 1), last}}
    records = [str(replace(r, at="", previous="", hash="")) for r in store.journal.records()]
    return State(hashes, records, store.kept_report(KEY) is not None)


@pytest.fixture(params=SCENES, scope="module")
def scene(request: pytest.FixtureRequest, fresh_root: Callable[[], Path]) -> tuple[Scene, Path]:
    root = fresh_root()
    root.mkdir()
    held: Scene = SCENES[request.param]
    store = FileStore(root / "store")
    for sent in held.before:
        publish(store, sent)
    if held.act is _note:
        store.journal.append("reservation", "G1", {"amount": 1}, author="ann", expected=0)
    return held, root


def copy(scene: tuple[Scene, Path]) -> Path:
    """A fresh copy of the scene's store."""
    _, root = scene
    folder = Path(tempfile.mkdtemp(dir=root))
    if (root / "store").exists():
        shutil.copytree(root / "store", folder / "store")
    return folder / "store"


def outcomes(scene: tuple[Scene, Path]) -> tuple[State, State, list[str]]:
    """The state before and after the act, and the steps of the disk that lie between."""
    root = copy(scene)
    disk = CountingDisk()
    before = state(FileStore(root))
    scene[0].act(FileStore(root, disk))
    return before, state(FileStore(root)), disk.steps


def swept(scene: tuple[Scene, Path], make: Callable[[int], KilledDisk]) -> None:
    """Stop the act before each step in turn, look, repeat it."""
    before, after, steps = outcomes(scene)
    for at, step in enumerate(steps):
        root, disk = copy(scene), make(at)
        with pytest.raises(KilledError):
            scene[0].act(FileStore(root, disk))
        if isinstance(disk, PowerlessDisk):
            disk.lose()
        found = state(FileStore(root))
        assert found in (before, after), f"stopped before {step!r}"
        scene[0].act(FileStore(root, clock=much_later))
        left = state(FileStore(root))
        assert left == after, f"repeated after a stop before {step!r}"
        assert [p.name for p in root.rglob("*.new-*")] == [], f"left over after {step!r}"


def test_killed_before_each_step(scene: tuple[Scene, Path]) -> None:
    swept(scene, KilledDisk)


@pytest.mark.parametrize("seed", [1, *(pytest.param(s, marks=pytest.mark.soak) for s in range(2, 12))])
def test_power_lost_before_each_step(scene: tuple[Scene, Path], seed: int) -> None:
    swept(scene, lambda at: PowerlessDisk(at, seed))


def did(scene: Scene, store: FileStore) -> bool:
    """Whether the act was reported as done."""
    try:
        scene.act(store)
    except StoreError:
        return False
    return True


@pytest.mark.parametrize("more", [0, 10**6], ids=["once", "from then on"])
def test_disk_full_at_each_step(scene: tuple[Scene, Path], more: int) -> None:
    before, after, steps = outcomes(scene)
    for at, step in enumerate(steps):
        root = copy(scene)
        disk = FullDisk(at, more)
        store = FileStore(root, disk)
        done = did(scene[0], store)
        disk.at = 10**9
        found = state(FileStore(root))
        assert found in [after, *([] if done else [before])], step
        assert not list(root.rglob("*.new-*")), step
        scene[0].act(store)
        assert state(FileStore(root)) == after, step


class MeddlingDisk(CountingDisk):
    """Before step ``at`` something else happens to the store."""

    def __init__(self, at: int, meddle: Callable[[], object]) -> None:
        super().__init__()
        self.at = at
        self.meddle = meddle

    def _told(self, step: str) -> None:
        super()._told(step)
        if len(self.steps) == self.at + 1:
            self.meddle()


def steps_without_the_lock(steps: list[str]) -> list[int]:
    """Steps at which a paused writer does not hold the file lock, which nobody could take from it."""
    locked = {"lease.json", "00000002.json"}
    return [
        i
        for i, s in enumerate(steps)
        if not any(name in s for name in locked) and not s.startswith("sync folder")
    ]


def test_a_paused_writer_whose_lease_was_taken_over_is_refused(fresh_root: Callable[[], Path]) -> None:
    mine, other = delta("A", FEB, umbrellas=[umbrella("U", 2)]), delta("A", MAR, umbrellas=[umbrella("U", 3)])
    counting = CountingDisk()
    root = fresh_root()
    publish(FileStore(root), FIRST)
    publish(FileStore(root, counting), mine)
    refused = 0
    for at in steps_without_the_lock(counting.steps):
        root = fresh_root()
        publish(FileStore(root), FIRST)
        try:
            publish(
                FileStore(
                    root,
                    MeddlingDisk(at, lambda root=root: publish(FileStore(root, clock=much_later), other)),
                ),
                mine,
            )
        except StaleLeaseError:
            refused += 1
            assert FileStore(root).latest() == 2
        else:
            assert FileStore(root).latest() == 3
        digests = [d.day for d in FileStore(root).reader().deliveries()]
        assert digests in ([JAN, MAR], [JAN, FEB, MAR])
        assert FileStore(root).check() == []
    assert refused


def test_a_writer_without_its_lease_publishes_nothing(fresh_root: Callable[[], Path]) -> None:
    root = fresh_root()
    publish(FileStore(root), FIRST)
    mine = delta("A", FEB, umbrellas=[umbrella("U", 2)])
    with FileStore(root).writer("slow") as slow:
        with FileStore(root, clock=much_later).writer("next"), pytest.raises(StaleLeaseError):
            slow.publish(delivery(mine), contents(mine))
        with pytest.raises(StaleLeaseError):
            slow.publish(delivery(mine), contents(mine))
    assert FileStore(root).latest() == 1


def test_readers_see_whole_versions_at_every_step(fresh_root: Callable[[], Path]) -> None:
    root = fresh_root()
    publish(FileStore(root), FIRST)
    pinned = FileStore(root).reader()
    known = {pinned.graph_hash()}
    seen: set[str] = set()

    def look() -> None:
        seen.add(FileStore(root).reader().graph_hash())
        assert pinned.graph_hash() in known

    class Watched(Disk):
        def __init__(self) -> None:
            super().__init__(lambda _step: look())

    for sent in (*DELTAS[:3], full("A", FEB, umbrellas=HELD[:3])):
        publish(FileStore(root, Watched()), sent)
    store = FileStore(root)
    assert seen <= {store.reader(v).graph_hash() for v in range(1, 6)}


def test_what_was_written_before_a_kill_is_not_written_again(fresh_root: Callable[[], Path]) -> None:
    root = fresh_root()
    counting = CountingDisk()
    sent = full("A", JAN, umbrellas=HELD, parties=[{"party_id": "P", "name": "P", "kind": "company"}])
    publish(FileStore(root, counting), sent)
    last = max(i for i, s in enumerate(counting.steps) if s.startswith("create 0"))
    again = fresh_root()
    with pytest.raises(KilledError):
        publish(FileStore(again, KilledDisk(last)), sent)
    resumed = CountingDisk()
    publish(FileStore(again, resumed, much_later), sent)
    assert not [s for s in resumed.steps if s.startswith("create") and ".parquet" in s]
