"""Dump and restore of a whole store: every version and the journal, in one file that any store can load.

A dump is a tar of an embedded store. A store of another kind is written into one first, version by version.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

from graph.disk import Disk, Sink, as_store_error
from graph.errors import KonzernError, StoreError
from graph.files.store import SCHEME, FileStore
from graph.files.versions import MARK, FormatError, Versions, format_of, mark_format
from graph.model import FORMAT
from graph.store import Store, open_store

LABEL: Final = "dump.json"
_MEMBERS: Final = re.compile(
    rf"{re.escape(LABEL)}|{re.escape(MARK)}|journal\.jsonl|versions/\d{{8}}\.json|data/[a-z_]+(-deleted)?-[0-9a-f]{{32}}\.(parquet|drop)"
)
Migration = Callable[[Path], None]
MIGRATIONS: Final[Mapping[int, Migration]] = {}
"""By format, what turns a store's folder of that format into one of the next."""


class DumpError(KonzernError):
    """A file that is no dump, a damaged one, or a store that it cannot be loaded into."""


@dataclass(frozen=True)
class Dumped:
    """What a dump holds: versions, journal records, and the graph hash of the latest version."""

    versions: int
    records: int
    graph_hash: str
    format: int = FORMAT


def dump(store: Store, path: Path) -> Dumped:
    """Write all versions and the journal into one file; it is there whole or not at all."""
    if isinstance(store, FileStore):
        return _dump_files(store, path)
    with _beside(path) as folder:
        copy = FileStore(folder / "store")
        replay(store, copy)
        return _dump_files(copy, path)


def _dump_files(store: FileStore, path: Path) -> Dumped:
    reader = store.reader()
    records = store.journal.records()
    label = Dumped(reader.version, len(records), reader.graph_hash())
    files = _files(store.root, reader.version)

    def write(sink: Sink) -> None:
        with tarfile.open(fileobj=cast("BinaryIO", sink), mode="w|", format=tarfile.PAX_FORMAT) as tar:
            _add(tar, LABEL, json.dumps(label.__dict__).encode())
            for name in files:
                with (store.root / name).open("rb") as file:
                    info = tarfile.TarInfo(name)
                    info.size = (store.root / name).stat().st_size
                    tar.addfile(info, file)
            if records:
                _add(tar, "journal.jsonl", b"".join(r.line() for r in records))

    Disk().create(path.absolute(), write)
    return label


def _files(root: Path, version: int) -> list[str]:
    """Names of the files that the versions up to one consist of."""
    versions = Versions(root)
    parts = [
        p for v in versions.upto(version) for held in (v.rows, v.deleted) for ps in held.values() for p in ps
    ]
    data = sorted({f"data/{name}" for p in parts for name in (p.file, p.drop) if name})
    return [MARK, *(f"versions/{versions.path(n + 1).name}" for n in range(version)), *data]


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def load_dump(path: Path, url: str) -> Dumped:
    """Restore a dump into an empty store, whole or not at all; the graph hash must be the one that it says.

    Raises ``DumpError`` if the file is not there or is no whole dump, or the store is not empty.
    """
    if not path.is_file():
        raise DumpError(f"{path}: no such file; name one that konzern store dump wrote")
    target = _empty(url)
    root = target.root if isinstance(target, FileStore) else path.absolute()
    with _beside(root) as folder:
        label = _extract(path, folder)
        held = FileStore(folder)
        wrong = held.check()
        found = Dumped(held.latest(), held.journal.last(), held.reader().graph_hash()) if not wrong else None
        if found != label:
            raise DumpError(
                f"{path.name} is damaged ({'; '.join(wrong) or 'other facts than it says'}): nothing was loaded"
            )
        _take(held, target)
    return label


def _empty(url: str) -> Store:
    """The store of a URL, which must be empty."""
    store = open_store(url)
    if store.latest() or store.journal.last():
        raise DumpError(f"{url} holds versions or records already: restore into an empty store")
    return store


def _take(held: FileStore, target: Store) -> None:
    """Make the target the store that was restored: by one rename, or version by version."""
    if not isinstance(target, FileStore):
        replay(held, target)
        return
    if target.root.is_dir():
        for name in (MARK, "lock", "lease.json", "data", "versions"):
            left = target.root / name
            if left.is_dir():
                left.rmdir()
            else:
                left.unlink(missing_ok=True)
    Disk().move_folder(held.root, target.root)


def _extract(path: Path, folder: Path) -> Dumped:
    """Unpack the members that a dump has, and no others."""
    try:
        with as_store_error(f"read {path} or unpack it into {folder}"), tarfile.open(path, "r:") as tar:
            for member in tar:
                if not member.isreg() or not _MEMBERS.fullmatch(member.name):
                    raise DumpError(f"{path.name} is no dump of Konzern: it holds {member.name!r}")
                target = folder / member.name
                target.parent.mkdir(exist_ok=True)
                source = tar.extractfile(member)
                with target.open("wb") as file:
                    shutil.copyfileobj(source or io.BytesIO(), file)
        if not (folder / LABEL).is_file():
            raise DumpError(f"{path.name} is no dump of Konzern: it has no {LABEL}")
        label = Dumped(**json.loads((folder / LABEL).read_bytes()))
        (folder / LABEL).unlink()
    except (tarfile.TarError, ValueError, TypeError) as error:
        raise DumpError(f"{path.name} cannot be read as a dump of Konzern: {error}") from error
    if label.format > FORMAT:
        raise FormatError(f"{path.name} has format {label.format}, newer than {FORMAT}: use a newer Konzern")
    return label


def replay(source: Store, target: Store) -> None:
    """Publish every version of a store in another one, and append its journal."""
    reader = source.reader()
    with target.writer("replay") as writer:
        for delivery in reader.deliveries()[target.latest() :]:
            made = writer.publish(delivery, reader.delivered(delivery.version))
            if made.version != delivery.version:
                raise StoreError(
                    f"{target.url} numbers version {delivery.version} as {made.version}: it is not a copy"
                )
    target.journal.restore(source.journal.records())


def migrate(source: str, target: str, migrations: Mapping[int, Migration] = MIGRATIONS) -> Dumped:
    """Copy a store into an empty one of this format; the source stays as it is.

    An embedded store may have an older format. Raises ``FormatError`` where no way leads to this format.
    """
    held = _empty(target)
    root = held.root if isinstance(held, FileStore) else Path(tempfile.gettempdir()) / "konzern"
    with _beside(root) as folder:
        if source.startswith(SCHEME):
            _bring_up(Path(source.removeprefix(SCHEME)), folder, migrations)
            copy = FileStore(folder)
            wrong = copy.check()
            if wrong:
                raise StoreError(f"{source} is damaged: {'; '.join(wrong)}")
            label = Dumped(copy.latest(), copy.journal.last(), copy.reader().graph_hash())
            _take(copy, held)
            return label
    replay(open_store(source), held)
    return Dumped(held.latest(), held.journal.last(), held.reader().graph_hash())


def _bring_up(source: Path, folder: Path, migrations: Mapping[int, Migration]) -> None:
    """Copy a store's folder and take it from format to format."""
    at = format_of(source)
    ignored = shutil.ignore_patterns("lease.json", "lock", "snapshots", "reports", "*.new-*")
    with as_store_error(f"copy {source}"):
        shutil.copytree(source, folder, ignore=ignored, dirs_exist_ok=True)
    while at < FORMAT:
        if at not in migrations:
            raise FormatError(f"{source} has format {at}, which this Konzern cannot migrate")
        migrations[at](folder)
        at += 1
    if at > FORMAT:
        raise FormatError(f"{source} has format {at}, newer than {FORMAT}: use a newer Konzern")
    mark_format(folder, Disk())


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A folder on the same disk as a path, gone afterwards."""
    with as_store_error(f"write beside {path}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
