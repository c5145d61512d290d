"""Processes that write, read and die at once: nothing acknowledged is lost, nothing half-done is seen."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from graph.files.store import FileStore
from graph.store import BusyError
from tests.faults.disk import CountingDisk
from tests.faults.loader import sent
from tests.graph.contract import hash_of
from tests.graph.sent import JAN, full, publish, umbrella
from tests.tree import ROOT

FIRST = full("A", JAN, umbrellas=[umbrella("A1", 0), umbrella("A2", 1_000)])


def loader(*arguments: object) -> subprocess.Popen[str]:
    """A writer of its own."""
    command = [sys.executable, "-m", "tests.faults.loader", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def steps_of_a_delta(root: Path) -> int:
    disk = CountingDisk()
    publish(FileStore(root), FIRST)
    publish(FileStore(root, disk), sent("A", 1))
    return len(disk.steps)


def killed_and_repeated(root: Path, at: int) -> None:
    publish(FileStore(root), FIRST)
    process = loader(root, "A", 3, at)
    told, _ = process.communicate()
    assert process.returncode == -signal.SIGKILL
    acknowledged = [int(v) for v in told.split()]
    store = FileStore(root)
    assert store.check() == []
    assert store.latest() - 1 in (len(acknowledged), len(acknowledged) + 1)
    for version in range(2, store.latest() + 1):
        log = [FIRST, *(sent("A", n) for n in range(1, version))]
        assert store.reader(version).graph_hash() == hash_of(log)
    for number in range(1, 4):  # the lease of the dead process is not waited for
        publish(store, sent("A", number))
    assert store.latest() == 4
    assert FileStore(root).reader().graph_hash() == hash_of([FIRST, *(sent("A", n) for n in range(1, 4))])


@pytest.mark.parametrize("tenth", [3, 7, 14])
def test_a_killed_process_leaves_whole_versions(fresh_root: Callable[[], Path], tenth: int) -> None:
    killed_and_repeated(fresh_root(), steps_of_a_delta(fresh_root()) * tenth // 10)


@pytest.mark.soak
def test_a_process_killed_at_any_step_leaves_whole_versions(fresh_root: Callable[[], Path]) -> None:
    for at in range(2 * steps_of_a_delta(fresh_root())):
        killed_and_repeated(fresh_root(), at)


def test_two_writers_take_turns(fresh_root: Callable[[], Path]) -> None:
    root = fresh_root()
    processes = [loader(root, by, 4) for by in ("A", "B")]
    told = sorted(int(v) for p in processes for v in p.communicate()[0].split())
    assert [p.returncode for p in processes] == [0, 0]
    assert told == list(range(1, 9))
    log = [sent(by, n) for by in ("A", "B") for n in range(1, 5)]
    assert FileStore(root).reader().graph_hash() == hash_of(log)


def test_of_many_racers_one_gets_the_lease(fresh_root: Callable[[], Path]) -> None:
    root = fresh_root()
    publish(FileStore(root), FIRST)
    start, done = threading.Barrier(12), threading.Barrier(12)
    won: list[int] = []

    def race() -> None:
        store = FileStore(root)
        start.wait()
        try:
            writer = store.writer()
        except BusyError:
            done.wait()
            return
        with writer:
            done.wait()
            won.append(writer.token)

    racers = [threading.Thread(target=race) for _ in range(12)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len(won) == 1


def test_a_reader_beside_a_writer_sees_amounts_that_add_up(fresh_root: Callable[[], Path]) -> None:
    root = fresh_root()
    publish(FileStore(root), FIRST)
    process = loader(root, "A", 12)
    seen = set()
    store = FileStore(root)
    while process.poll() is None:
        book = store.reader().book()
        assert sum(book.table("umbrellas").column("limit").to_pylist()) == 100_000
        seen.add(book.version)
    assert process.returncode == 0
    assert process.stdout is not None
    process.stdout.close()
    assert seen
    assert seen <= set(range(1, 14))
    assert store.latest() == 13
