"""Lease: one writer at a time, and a number that tells a late one that it is late.

Whoever writes takes the lease and with it the next fencing token. A lease is taken over when its holder is dead
or has let it run out; a holder that was only paused finds its token stale at publication and is refused. The
clock decides when to take over, never what is right: publication happens under a file lock and compares tokens.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from graph.disk import Disk, as_store_error
from graph.errors import StoreError
from graph.store import BusyError, Job, StaleLeaseError

_FILE: Final = "lease.json"
SECONDS: Final = 300.0
"""How long a lease holds unless it is renewed."""
Clock = Callable[[], float]
_given_back: set[tuple[str, int]] = set()
"""Leases that this process gave back, also where that could not be written down (a full disk)."""


@dataclass(frozen=True)
class Holder:
    """Who holds or held the lease: token, purpose, process, and when it runs out (seconds since 1970).

    ``since`` is when it was taken (0 = not written down).
    """

    token: int
    by: str
    until: float
    held: bool
    machine: str
    pid: int
    started: str
    since: float = 0.0

    @property
    def alive(self) -> bool | None:
        """Whether the process runs; None if it cannot be seen from here."""
        if self.machine != machine():
            return None
        return started(self.pid) == self.started


def machine() -> str:
    """This machine since its start, as far as processes see one another: boot, process namespace, or its name."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return socket.gethostname()


def started(pid: int) -> str:
    """When a process started, so that a number used again is not mistaken for it; "" if there is none."""
    try:
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        )
    except FileNotFoundError:
        return "" if Path("/proc/self").exists() else _answers(pid)
    except OSError:
        return ""
    return "" if fields[0] in {"Z", "X"} else fields[19]


def _answers(pid: int) -> str:
    """Without /proc: whether the process can be asked at all."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "running"


def job(last: Holder | None, *, goes_on: bool) -> Job:
    """The job of the latest holder of a lease; of somebody unknown where there is none."""
    if last is None:
        return Job("", 0, here=False, since=None, goes_on=False)
    since = dt.datetime.fromtimestamp(last.since, dt.UTC) if last.since else None
    return Job(last.by, last.pid, here=last.machine == machine(), since=since, goes_on=goes_on)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the store's lock file; short, and freed by the system when the process dies."""
    with as_store_error(f"lock {folder}"):
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        with as_store_error(f"lock {folder}"):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def latest(folder: Path) -> Holder | None:
    """The latest holder of a store's lease; None where nobody ever wrote to it."""
    path = folder / _FILE
    if not path.exists():
        return None
    with as_store_error(f"read {path.name}"):
        return Holder(**json.loads(path.read_text(encoding="utf-8")))


def going_on(folder: Path, last: Holder, clock: Clock) -> bool:
    """Whether the latest holder still has the lease."""
    given_back = (str(folder), last.token) in _given_back
    return last.held and not given_back and last.alive is not False and clock() < last.until


class Lease:
    """The right to write, held by this process until ``release``.

    Raises ``BusyError`` where another holds it.
    """

    def __init__(self, folder: Path, disk: Disk, by: str, clock: Clock = time.time) -> None:
        self._path = folder / _FILE
        self._folder = folder
        self._disk = disk
        self._clock = clock
        with locked(folder):
            last = latest(folder)
            if last and going_on(folder, last, clock):
                raise BusyError(
                    f"{last.by or 'another job'} (process {last.pid}) is writing to {folder}: wait until it is "
                    "done, or end it; a dead one is not waited for"
                )
            token = (last.token if last else 0) + 1
            now, pid = self._clock(), os.getpid()
            self.held = Holder(
                token,
                by,
                now + SECONDS,
                held=True,
                machine=machine(),
                pid=pid,
                started=started(pid),
                since=now,
            )
            try:
                self._write(self.held)
            except StoreError:
                _given_back.add((str(folder), token))
                raise

    @property
    def token(self) -> int:
        """The fencing token."""
        return self.held.token

    def _write(self, holder: Holder) -> None:
        self._disk.create_bytes(self._path, json.dumps(asdict(holder)).encode())

    @contextmanager
    def fenced(self) -> Iterator[None]:
        """Do something while nobody can take the lease over.

        Raises ``StaleLeaseError`` if somebody has.
        """
        with locked(self._folder):
            last = latest(self._folder)
            if last is None or last.token != self.token or not last.held:
                raise StaleLeaseError(
                    f"the lease of this job (token {self.token}) was taken over while it was paused: nothing was "
                    "published, run it again"
                )
            yield

    def check(self) -> None:
        """``StaleLeaseError`` if somebody has taken the lease over."""
        with self.fenced():
            pass

    def renew(self) -> None:
        """Hold the lease for another while, once half of it has gone by."""
        if self._clock() < self.held.until - SECONDS / 2:
            return
        with self.fenced():
            self.held = replace(self.held, until=self._clock() + SECONDS)
            self._write(self.held)

    def release(self) -> None:
        """Give the lease back; nothing happens if it was taken over."""
        _given_back.add((str(self._folder), self.token))
        with locked(self._folder):
            last = latest(self._folder)
            if last is not None and last.token == self.token:
                self._write(replace(self.held, held=False))
