"""Home of the local Neo4j: one folder with its settings, data, password and what is known of its process."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from graph.disk import as_store_error
from graph.errors import StoreError

SETTING: Final = "KONZERN_NEO4J_HOME"
USER: Final = "neo4j"
DATABASE: Final = "neo4j"
"""The only database of Neo4j Community."""
MIB: Final = 1 << 20
FIRST_ROOM: Final = 600 * MIB
"""Bytes that must be free before a server is started for the first time: two transaction logs of 256 MiB and more."""
ROOM: Final = 32 * MIB
"""Bytes that must be free before it is started again, or loaded into."""
FULL: Final = MIB
"""Fewer free bytes than this while one waits for a server, and it will not come up."""

_CONF: Final = """\
# Written by Konzern at every start of the server.
server.bolt.listen_address=127.0.0.1:{port}
server.bolt.advertised_address=127.0.0.1:{port}
server.default_listen_address=127.0.0.1
server.default_advertised_address=127.0.0.1
server.http.enabled=false
server.https.enabled=false
dbms.security.auth_enabled=true
# a client of a frozen server hears of it within seconds
server.bolt.connection_keep_alive=5s
server.bolt.connection_keep_alive_for_requests=ALL
dbms.usage_report.enabled=false
internal.dbms.bolt.netty_server_shutdown_quiet_period=0
# no file and no address can be read by a query
server.directories.import=import
dbms.security.allow_csv_import_from_file_urls=false
internal.dbms.cypher_ip_blocklist=0.0.0.0/0,::/0
server.memory.heap.initial_size={heap}m
server.memory.heap.max_size={heap}m
server.memory.pagecache.size={pages}m
db.memory.transaction.max={transaction}m
dbms.memory.transaction.total.max={total}m
db.transaction.timeout=30m
db.tx_log.rotation.retention_policy=512M size
"""


class FullError(StoreError):
    """A disk without the room that the server needs."""


@dataclass(frozen=True)
class Memory:
    """Memory of the server in MiB: Java heap and page cache."""

    heap: int
    pages: int

    @classmethod
    def of_machine(cls) -> Memory:
        """A tenth of the machine for each, 512 MiB to 4 GiB of heap."""
        here = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MIB
        return cls(min(max(512, here // 10), 4096), min(max(256, here // 10), 8192))


@dataclass(frozen=True)
class Running:
    """The process that serves a home: its number and when it started, its port, and whether it lives on by itself.

    ``heap`` and ``pages`` are its memory in MiB, ``quick`` whether it compiles less; it is started again with these.
    """

    pid: int
    started: str
    port: int
    version: str
    lasting: bool
    heap: int = 512
    pages: int = 256
    quick: bool = False


class Home:
    """The folder of one server."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = (root or default()).absolute()
        self.conf = self.root / "conf"
        self.log = self.root / "logs" / "console.log"
        self.password_file = self.root / "password"
        self.note_file = self.root / "server.json"

    def make(self, port: int, memory: Memory) -> None:
        """Make the folders and write the settings."""
        with as_store_error(f"make the home {self.root}"):
            for path in (self.root, self.conf, self.root / "logs", self.root / "import"):
                path.mkdir(parents=True, exist_ok=True)
            self.root.chmod(0o700)
            told = _CONF.format(
                port=port,
                heap=memory.heap,
                pages=memory.pages,
                transaction=memory.heap // 2,
                total=memory.heap * 3 // 4,
            )
            (self.conf / "neo4j.conf").write_text(told, encoding="utf-8")

    @property
    def has_data(self) -> bool:
        """Whether a server was started here before."""
        return (self.root / "data" / "databases").is_dir()

    @property
    def has_user(self) -> bool:
        """Whether a server was started here that knows its user."""
        return (self.root / "data" / "databases" / "system").is_dir()

    def password(self) -> str:
        """The password of the server's only user, made before the first start; readable by the owner only."""
        with as_store_error(f"read or write {self.password_file}"):
            if not self.password_file.is_file() and not self.has_user:
                self._write_private(self.password_file, secrets.token_urlsafe(24))
            text = self.password_file.read_bytes().strip() if self.password_file.is_file() else b""
        if not text or not text.isascii():
            raise self.locked_out()
        return text.decode("ascii")

    def locked_out(self) -> StoreError:
        """The error for a password that is lost."""
        return StoreError(
            f"{self.password_file} has not the password of the server: restore it; or stop the server (konzern store "
            "down), move that file, data/databases/system and data/transactions/system out of the home, and start it: "
            "it makes a new one, and what was loaded stays"
        )

    def note(self, running: Running | None) -> None:
        """Write down which process serves this home."""
        with as_store_error(f"write {self.note_file}"):
            if running is None:
                self.note_file.unlink(missing_ok=True)
            else:
                self._write_private(self.note_file, json.dumps(asdict(running)))

    def noted(self) -> Running | None:
        """The process that was written down last; it may be gone."""
        try:
            return Running(**json.loads(self.note_file.read_text("ascii")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def free(self) -> int:
        """Bytes that are free on the disk of the home."""
        with as_store_error(f"look at the disk of {self.root}"):
            return shutil.disk_usage(self.root).free

    def check_room(self, least: int) -> None:
        """``FullError`` where fewer bytes are free: a server without room neither answers nor writes down why."""
        free = self.free()
        if free < least:
            raise FullError(
                f"the disk of {self.root} has {free / MIB:.1f} MiB free, and the server needs {least // MIB} MiB: make "
                "room there, then repeat; what was loaded is kept"
            )

    def last_words(self) -> str:
        """What the server said last, of the error where it was one, where its logs are, and what room there is."""
        said = _lines(self.log)[-4:]
        if not said:  # once its own logging runs it says nothing there
            words = _lines(self.log.with_name("neo4j.log"))
            since = max((i for i, line in enumerate(words) if line.endswith("Starting...")), default=0)
            said = [w for w in words[since:] if " ERROR " in w or w.startswith("Caused by: ")][-4:]
        where = f"its logs are in {self.log.parent}, {self.free() // MIB} MiB of the disk are free"
        return f"{' / '.join(said) or 'it said nothing'}; {where}"

    def failure(self) -> str:
        """Why the server could not open a database, by its debug.log; "" where that does not tell."""
        words = _lines(self.log.with_name("debug.log"))
        since = max(
            (i for i, line in enumerate(words) if " Failed to start DatabaseId" in line), default=None
        )
        told = [w for w in words[since:] if w.startswith("Caused by: ")] if since is not None else []
        return told[-1].removeprefix("Caused by: ") if told else ""

    def _write_private(self, path: Path, text: str) -> None:
        staged = path.with_name(f".{path.name}-{os.getpid()}")
        staged.unlink(missing_ok=True)
        handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(path)


def _lines(path: Path) -> list[str]:
    """The lines of a log; none where there is no such file."""
    try:
        return path.read_text("utf-8", errors="replace").strip().splitlines()
    except OSError:
        return []


def default() -> Path:
    """The home that ``neo4j:local`` means: ``KONZERN_NEO4J_HOME``, else a folder among the user's data."""
    named = os.environ.get(SETTING)
    if named:
        return Path(named)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "konzern" / "neo4j"
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share")) / "konzern" / "neo4j"


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
