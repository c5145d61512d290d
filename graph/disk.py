"""Disk: every step by which the embedded store changes files, and nothing else that does.

A new file is written under a name that nobody reads, brought to the disk, given its own name by one rename,
and the folder is brought to the disk too: after a crash at any step a name stands for the whole file or for
none. ``step`` is told each step before it is done, so that a test can stop the writer exactly there.
"""

from __future__ import annotations

import copy
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from graph.errors import StoreError

Step = Callable[[str], None]
Write = Callable[["Sink"], None]

_TEMPORARY: Final = ".new-"


def _go_on(_step: str) -> None:
    """Stop nowhere."""


@contextmanager
def as_store_error(what: str) -> Iterator[None]:
    """Failures of the file system as ``StoreError``, which says what was not done."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if isinstance(error.filename, str) and Path(error.filename).name not in what:
            reason = f"{Path(error.filename).name}: {reason}"
        raise StoreError(
            f"cannot {what}: {reason}; nothing is half-done: mend the cause and repeat"
        ) from error


class Sink:
    """A file that is being written: counts and hashes its bytes, and may be handed to pyarrow."""

    def __init__(self, file: BinaryIO, step: Callable[[], None]) -> None:
        self._file = file
        self._step = step
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes | memoryview) -> int:
        """Write all of the bytes."""
        self._step()
        self._file.write(data)
        self._hash.update(data)
        self.size += len(memoryview(data).cast("B"))
        return len(data)

    @property
    def sha256(self) -> str:
        """Hash of what was written, as hex."""
        return self._hash.hexdigest()

    def tell(self) -> int:
        """How many bytes were written."""
        return self.size

    def flush(self) -> None:
        """Hand what was written to the system."""
        self._file.flush()

    def close(self) -> None:
        """Nothing: the disk closes its files."""

    @property
    def closed(self) -> bool:
        """Whether the file is closed."""
        return self._file.closed

    def readable(self) -> bool:
        """A sink is written only."""
        return False

    def writable(self) -> bool:
        """A sink is written only."""
        return True

    def seekable(self) -> bool:
        """A sink is written from front to back."""
        return False


class Disk:
    """Durable changes below one folder.

    ``token`` marks unfinished files with the lease of their writer, so that the next one may sweep them.
    """

    def __init__(self, step: Step = _go_on, token: int = 0) -> None:
        self._step = step
        self.token = token

    def of(self, token: int) -> Disk:
        """The same disk for the writer with that token."""
        other = copy.copy(self)
        other.token = token
        return other

    def folder(self, path: Path) -> None:
        """Make a folder and those above it."""
        if path.is_dir():
            return
        self.folder(path.parent)
        with as_store_error(f"make the folder {path}"):
            self._step(f"make folder {path.name}")
            path.mkdir(exist_ok=True)
        self.sync_folder(path.parent)

    def create(self, path: Path, write: Write) -> Sink:
        """Write a file whole, under its own name only once it is; one of that name is replaced."""
        self.folder(path.parent)
        temporary = path.with_name(f"{path.name}{_TEMPORARY}{self.token}")
        with as_store_error(f"write {path.name}"):
            self._step(f"create {path.name}")
            try:
                with temporary.open("wb") as file:
                    sink = Sink(file, lambda: self._step(f"write into {path.name}"))
                    write(sink)
                    self._step(f"sync {path.name}")
                    file.flush()
                    self.sync_file(file, temporary)
                self._step(f"rename to {path.name}")
                self.rename(temporary, path)
            except OSError:
                temporary.unlink(missing_ok=True)  # on a full disk nobody else could
                raise
            self.sync_folder(path.parent)
        return sink

    def create_bytes(self, path: Path, data: bytes) -> Sink:
        """Write a file whole from memory, in two halves."""

        def write(sink: Sink) -> None:
            half = len(data) // 2
            sink.write(data[:half])
            sink.write(data[half:])

        return self.create(path, write)

    def append(self, path: Path, data: bytes, at: int) -> None:
        """Write at a place of a file that exists, cutting off whatever stands behind it."""
        with as_store_error(f"write into {path.name}"), path.open("r+b") as file:
            self._step(f"cut {path.name}")
            file.truncate(at)
            file.seek(at)
            half = len(data) // 2
            for part in (data[:half], data[half:]):
                self._step(f"write into {path.name}")
                file.write(part)
                file.flush()
            self._step(f"sync {path.name}")
            self.sync_file(file, path)

    def move_folder(self, source: Path, target: Path) -> None:
        """Give a finished folder its name; every file in it is brought to the disk first."""
        with as_store_error(f"keep {target.name}"):
            for path in sorted(p for p in source.rglob("*") if p.is_file()):
                self._step(f"sync {path.name}")
                with path.open("rb") as file:
                    self.sync_file(file, path)
            self._step(f"rename to {target.name}")
            self.rename(source, target)
            self.sync_folder(target.parent)

    def sync_file(self, file: BinaryIO, path: Path) -> None:  # noqa: ARG002 - a test's disk wants to know the path
        """Bring a file's bytes to the disk."""
        os.fsync(file.fileno())

    def rename(self, source: Path, target: Path) -> None:
        """Give a file or folder its name, in the place of one of that name."""
        source.replace(target)

    def sync_folder(self, path: Path) -> None:
        """Bring the names in a folder to the disk."""
        with as_store_error(f"sync the folder {path}"):
            self._step(f"sync folder {path.name}")
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def remove(self, path: Path) -> None:
        """Remove a file or a folder that nobody needs any more."""
        with as_store_error(f"remove {path.name}"):
            self._step(f"remove {path.name}")
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def sweep(self, folder: Path) -> None:
        """Remove what earlier writers left unfinished in a folder."""
        for path in sorted(folder.glob(f"*{_TEMPORARY}*")) if folder.is_dir() else ():
            token = path.name.rpartition(_TEMPORARY)[2]
            if token.isdecimal() and int(token) < self.token:
                self.remove(path)
