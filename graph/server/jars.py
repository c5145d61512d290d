"""Jars of the Neo4j server: exactly those of the lock file, each checked, fetched once into the user's cache.

The lock names size, sha256 and coordinates of every jar and no address: they come from the repository that
``KONZERN_MAVEN`` names, else from Maven Central, or from a folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from graph.disk import as_store_error
from graph.errors import OptionError, StoreError
from graph.kernels import user_cache

VERSION: Final = "5.26.30"
REPOSITORY: Final = "KONZERN_MAVEN"
"""Setting: address of a Maven repository, or of a mirror of one."""
Told = Callable[[str, int, int], None]
"""Told what was done last, how many bytes are there, and of how many."""

_LOCK: Final = Path(__file__).parent / f"neo4j-{VERSION}.lock"
_THREADS: Final = 8
_TRIES: Final = 3


class JarsError(StoreError):
    """Jars of the server that cannot be had, or that are not what the lock says."""


@dataclass(frozen=True)
class Jar:
    """One jar of the lock: its sha256, size in bytes, and Maven coordinates (group:artifact:version[:classifier])."""

    sha256: str
    size: int
    coordinates: str

    @property
    def parts(self) -> tuple[str, str, str, str]:
        """Group, artifact, version and classifier ("" = none)."""
        group, artifact, version, *more = self.coordinates.split(":")
        return group, artifact, version, more[0] if more else ""

    @property
    def name(self) -> str:
        """Name of its file.

        >>> Jar("", 0, "io.netty:netty-all:4.1:linux").name
        'netty-all-4.1-linux.jar'
        """
        _, artifact, version, classifier = self.parts
        return f"{artifact}-{version}{'-' + classifier if classifier else ''}.jar"

    def path(self, folder: Path) -> Path:
        """Its place in a folder that is laid out as Maven does."""
        group, artifact, version, _ = self.parts
        return folder.joinpath(*group.split("."), artifact, version, self.name)

    def is_whole(self, path: Path) -> bool:
        """Whether the file is this very jar."""
        if not path.is_file() or path.stat().st_size != self.size:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256


def locked() -> tuple[Jar, ...]:
    """Every jar of the lock."""
    lines = _LOCK.read_text("utf-8").split("\n")
    return tuple(Jar(h, int(size), c) for h, size, c in (line.split() for line in lines if line))


def folder() -> Path:
    """Where the jars of this version are kept, laid out as a Maven repository."""
    return user_cache() / "neo4j" / VERSION


def class_path(jars: Sequence[Jar] | None = None) -> str:
    """All jars for the Java class path, always in the same order."""
    return os.pathsep.join(str(j.path(folder())) for j in jars or locked())


def missing(jars: Sequence[Jar] | None = None) -> list[Jar]:
    """Jars that are not there or not what the lock says."""
    wanted = jars or locked()
    with ThreadPoolExecutor(_THREADS) as pool:
        whole = list(pool.map(lambda j: j.is_whole(j.path(folder())), wanted))
    return [j for j, is_there in zip(wanted, whole, strict=True) if not is_there]


def present() -> bool:
    """Whether every jar is there by name and size; their contents were checked when they came."""
    return all(p.is_file() and p.stat().st_size == j.size for j in locked() for p in (j.path(folder()),))


def fetch(source: Path | None = None, told: Told | None = None) -> int:
    """Bring in the jars that are missing, from a folder or from the repository; how many were brought in.

    What is there already stays, so it may be interrupted and run again. Raises ``JarsError`` where a jar
    cannot be had or is not the one of the lock.
    """
    wanted = missing()
    total = sum(j.size for j in locked())
    done = total - sum(j.size for j in wanted)
    if not wanted:
        return 0
    bring = _from_folder(source, wanted) if source is not None else _from_repository()
    with as_store_error(f"keep jars in {folder()}"), ThreadPoolExecutor(_THREADS) as pool:
        waiting = {pool.submit(bring, jar): jar for jar in wanted}
        try:
            for ready in as_completed(waiting):
                ready.result()
                done += waiting[ready].size
                if told:
                    told(waiting[ready].name, done, total)
        except BaseException:
            for left in waiting:
                left.cancel()
            raise
    return len(wanted)


def _kept(jar: Jar, source: Path) -> None:
    """Check a file and keep it as the jar."""
    if not jar.is_whole(source):
        raise JarsError(
            f"{source} is not the {jar.name} of the lock (sha256 {jar.sha256}, {jar.size} bytes): nothing is "
            f"run from it; copy {jar.coordinates} again from where it is whole"
        )
    target = jar.path(folder())
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.copyfile(source, staged)
    staged.replace(target)


def _from_folder(source: Path, wanted: Sequence[Jar]) -> Callable[[Jar], None]:
    """How jars are taken from a folder that has all of them: flat or laid out as a Maven repository."""
    if not source.is_dir():
        raise OptionError(f"--jars {source}: no such folder; name the one that holds the jars")
    found = {j: p for j in wanted for p in (j.path(source), source / j.name) if p.is_file()}
    lacking = [j.name for j in wanted if j not in found]
    if lacking:
        first, more = ", ".join(lacking[:3]), len(lacking[3:])
        raise JarsError(f"{source} has no {first}{f' and {more} others' if more else ''}: {_remedy()}")
    return lambda jar: _kept(jar, found[jar])


def _from_repository() -> Callable[[Jar], None]:
    """How jars are fetched, one by one, by an ordinary Maven client."""
    try:
        import requests
        from jgo.maven import MavenContext
    except ModuleNotFoundError as error:
        raise OptionError(
            f"{error.name} is not installed, which fetches the server: pip install 'konzern[neo4j-local]'"
        ) from error
    named = os.environ.get(REPOSITORY)
    staging = folder() / ".fetched"
    context = MavenContext(
        repo_cache=staging, remote_repos={"named": named.rstrip("/")} if named else None, timeout=30
    )

    def bring(jar: Jar) -> None:
        group, artifact, version, classifier = jar.parts
        one = context.project(group, artifact).at_version(version).artifact(classifier=classifier)
        for left in range(_TRIES - 1, -1, -1):
            found = jar.path(staging)
            found.unlink(missing_ok=True)  # cut off by an earlier stop
            try:
                _kept(jar, one.resolve())
            except (requests.RequestException, RuntimeError, JarsError) as error:
                if not left:
                    raise JarsError(
                        f"{jar.coordinates} cannot be fetched: {_reason(error)}; {_remedy()}"
                    ) from error
            else:
                found.unlink()
                return

    return bring


def _reason(error: Exception) -> str:
    """The last cause of an error, without the address that a client writes into it."""
    if isinstance(error, JarsError):
        return "what came is not what the lock says"
    return {"RuntimeError": "the repository does not have it"}.get(type(error).__name__, type(error).__name__)


def _remedy() -> str:
    """What to do without a network."""
    return (
        f"on a closed network copy the {len(locked())} jars of Neo4j {VERSION} (graph/server/{_LOCK.name} lists them; "
        f"konzern store jars on a machine with a network gathers them in {folder()}) into a folder and name it: "
        f"konzern store up --jars FOLDER; or name your Maven repository in {REPOSITORY}"
    )


def lines() -> Iterator[str]:
    """The coordinates of all jars, for whoever brings them in by hand."""
    for jar in locked():
        yield jar.coordinates
