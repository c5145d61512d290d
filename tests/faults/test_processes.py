"""Processes that write, read and die at once: nothing acknowledged is lost, nothing half-done is seen."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
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


def test_who_writes_and_what_was_cut_off_is_told(fresh_root: Callable[[], Path]) -> None:
    root, disk = fresh_root(), CountingDisk()
    store = FileStore(root)
    assert store.job() is None
    publish(store, FIRST)
    publish(FileStore(copied(root), disk), sent("A", 1))
    with store.writer("ann"):
        job = FileStore(root).job()
        assert job is not None
        assert job.since is not None
        assert (job.by, job.process, job.here, job.goes_on) == ("ann", os.getpid(), True, True)
        assert (job.version, job.batches, job.rows, job.table) == (2, 0, 0, "")
        assert "being loaded: version 2, by ann (process" in status(root)
    assert store.job() is None
    process = loader(root, "A", 1, next(i for i, s in enumerate(disk.steps) if s == "create 00000002.json"))
    process.communicate()
    left = store.job()
    assert left is not None
    assert (left.goes_on, left.version, left.batches, left.rows, left.table) == (False, 2, 1, 2, "umbrellas")
    told = status(root)
    assert re.search(
        r"cut off: the load of version 2, by .*\(process \d+, since .* UTC\); .*batches 1, rows 2", told
    )
    assert "load the same again and it goes on" in told
    assert "已中断：账册版本 2 的载入" in status(root, "--lang", "zh")
    assert json.loads(status(root, "--json"))["job"]["rows"] == 2
    publish(store, sent("A", 1))
    assert store.job() is None


def copied(root: Path) -> Path:
    """Another store that holds the same."""
    return Path(shutil.copytree(root, root.with_name(f"{root.name}-copy")))


def status(root: Path, *more: str) -> str:
    """What ``konzern store status`` says."""
    done = CliRunner().invoke(main, ["store", "status", "--store", f"book:{root}", *more])
    assert done.exit_code == 0
    return done.output


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
