"""Process of the local Neo4j: started, waited for, adopted, stopped; it never outlives a parent that it belongs to.

A server that belongs to its parent has a watcher, which stops it when the parent is gone. Where the watcher was
killed too, the next start finds the server by its file and takes it over.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import neo4j
from neo4j.exceptions import AuthError, DriverError, Neo4jError, ServiceUnavailable, TransientError

from graph.disk import as_store_error
from graph.errors import StoreError
from graph.files.lease import started
from graph.server import jars, java
from graph.server.home import DATABASE, FIRST_ROOM, FULL, ROOM, USER, Home, Memory, Running, free_port
from graph.server.staging import Staging
from graph.server.watcher import Watcher

_SECONDS: Final = 180.0
_STOP_SECONDS: Final = 30.0
_FULL_SECONDS: Final = 3.0
"""How long a server is asked to end on a full disk, where it cannot close its databases and waits for room."""
_PATIENCE: Final = 10.0
_EVERY: Final = 0.05
_FIRST: Final = "neo4j"
KINDLY: Final = (signal.SIGTERM, signal.SIGKILL)
"""How a server is ended: asked first, then not asked."""
Told = Callable[[str], None]


class ServerError(StoreError):
    """The local server cannot be started or stopped."""


@dataclass
class Server:
    """A local server that runs; ``stop`` ends it, and so does the end of the process that it belongs to."""

    home: Home
    running: Running
    watcher: Watcher | None = field(default=None, repr=False)
    child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Its Bolt address."""
        return f"bolt://127.0.0.1:{self.running.port}"

    @property
    def auth(self) -> tuple[str, str]:
        """User and password."""
        return USER, self.home.password()

    def stop(self) -> None:
        """End the server, closing its databases first."""
        self._end(KINDLY)

    def _end(self, how: Sequence[signal.Signals]) -> None:
        end(self.home, self.running, how)
        if self.child is not None:
            self.child.wait()
        if self.watcher is not None:
            self.watcher.leave()

    @property
    def is_ours(self) -> bool:
        """Whether this process may stop and start it: it belongs to this one, or to nobody."""
        return self.child is not None or self.running.lasting

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """End the server at once, as a crash does, and start it again at the same address afterwards.

        What was committed is there again; a transaction that is open meanwhile is not committed.
        """
        with held(self.home):
            if found(self.home) != self.running:
                raise ServerError(
                    f"the server of {self.home.root} was stopped or started again: run the job again"
                )
            self._end((signal.SIGKILL,))
            try:
                yield
            finally:
                was = self.running
                again = _start(
                    self.home,
                    Memory(was.heap, was.pages),
                    lasting=was.lasting,
                    quick=was.quick,
                    port=was.port,
                )
                self.running, self.watcher, self.child = again.running, again.watcher, again.child


def _alone(home: Home) -> None:
    """``ServerError`` where a server serves the home that is not the one written down: nothing may touch its files."""
    lock = home.root / "data" / "databases" / "store_lock"
    if not lock.is_file():
        return
    with as_store_error(f"look at {lock}"), lock.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ServerError(
                f"a server that {home.note_file} does not name holds {home.root}: end the java process whose command "
                "names that folder, then repeat"
            ) from error


@contextlib.contextmanager
def held(home: Home) -> Iterator[None]:
    """Only one process at a time starts or stops the server of a home."""
    with as_store_error(f"lock {home.root}"):
        home.root.mkdir(parents=True, exist_ok=True)
        handle = os.open(home.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def importing(home: Home) -> bool | None:
    """Whether a database is being made for a home whose server is down; False where that was cut off, None without."""
    if found(home) is not None or not Staging(home).is_begun:
        return None
    with as_store_error(f"look at {home.root}"), (home.root / "lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def found(home: Home) -> Running | None:
    """The server that serves a home, if its process lives."""
    noted = home.noted()
    return noted if noted and started(noted.pid) == noted.started else None


def up(
    home: Home, *, lasting: bool, memory: Memory | None = None, quick: bool = False, told: Told | None = None
) -> Server:
    """The server of a home: the one that runs, else a new one, ready to answer.

    ``lasting`` lets it live on when this process ends; otherwise it ends with it.
    """
    with held(home):
        there = found(home)
        if there is not None and _answers(home, there):
            return Server(home, there)
        if not jars.present():
            if told:
                told(f"fetching Neo4j {jars.VERSION}")
            jars.fetch()
        if told:
            told("starting the server")
        return _start(home, memory or Memory.of_machine(), lasting=lasting, quick=quick)


def _answers(home: Home, there: Running) -> bool:
    """Whether a server that was found takes connections; False where it ends while one waits, as its parent did."""
    try:
        _wait(home, there.port, lambda: started(there.pid) == there.started)
    except ServerError:
        if started(there.pid) == there.started:
            raise
        return False
    return True


def _start(home: Home, memory: Memory, *, lasting: bool, quick: bool, port: int = 0) -> Server:
    """Start a server (0 = at a free port) and wait until it answers; nothing is left running where it does not."""
    _alone(home)
    port = port or free_port()
    home.check_room(ROOM if home.has_data else FIRST_ROOM)
    home.make(port, memory)
    Staging(home).adopt()
    fresh = not home.has_user
    home.password()
    command = java.server(home, memory.heap, quick=quick, listing=lasting)
    with home.log.open("wb") as log:
        child = subprocess.Popen(  # noqa: S603 - our own Java
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            cwd=home.root,
        )  # fmt: skip
    running = Running(
        child.pid, started(child.pid), port, jars.VERSION, lasting, memory.heap, memory.pages, quick
    )
    server = Server(home, running, None if lasting else Watcher(child.pid), child)
    try:
        home.note(running)
        _wait(home, port, lambda: child.poll() is None)
        _let_in(server, fresh=fresh)
    except BaseException:
        server.stop()
        raise
    return server


def _wait(home: Home, port: int, alive: Callable[[], bool]) -> None:
    """Until the Bolt port, which opens last, takes a connection."""
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            if not alive():
                raise _ended(home) from None
            home.check_room(FULL)
            time.sleep(_EVERY)
    raise ServerError(f"the server does not answer after {_SECONDS:.0f} s: {home.last_words()}")


def _ended(home: Home) -> ServerError:
    """The error for a server that did not come up."""
    return ServerError(f"the server ended while it started: {home.last_words()}")


def _let_in(server: Server, *, fresh: bool) -> None:
    """Wait until the database takes the only user, who gets the password of the home where that is still to do."""
    home = server.home

    def failed() -> ServerError | None:
        """The error for a server that will not answer, however long one waits."""
        if server.child and server.child.poll() is not None:
            return _ended(home)
        home.check_room(FULL)
        return None

    try:
        if fresh or not _is_let_in(server, failed):
            change = "ALTER CURRENT USER SET PASSWORD FROM $old TO $new"
            _ask(server.url, (USER, _FIRST), change, failed, old=_FIRST, new=home.password())
            _ask(server.url, server.auth, failed=failed)
    except AuthError as error:
        raise home.locked_out() from error
    except NotOpenedError as error:
        raise ServerError(
            f"the server is up but cannot open its database: {home.failure() or error}; its logs are in "
            f"{home.log.parent}; where a full disk tore its transaction log, move {home.root} away, start it anew, and "
            "load a dump or the deliveries again"
        ) from error


def _is_let_in(server: Server, failed: Callable[[], ServerError | None]) -> bool:
    """Whether the database, once it is open, takes the password of the home."""
    try:
        _ask(server.url, server.auth, failed=failed)
    except AuthError:
        return False
    return True


class NotOpenedError(ServerError):
    """A database that its server has given up to open; it says so in one sentence."""


def _ask(
    url: str,
    auth: tuple[str, str],
    query: str = "",
    failed: Callable[[], ServerError | None] = lambda: None,
    **parameters: str,
) -> None:
    """One question, or a command to the system database; again while the server still opens its databases.

    ``failed`` gives the error where there is no server any more, whoever may answer at its port. Raises
    ``NotOpenedError`` as soon as the server says that it gave up.
    """
    until = time.monotonic() + _SECONDS
    with neo4j.GraphDatabase.driver(url, auth=auth, connection_acquisition_timeout=_PATIENCE) as driver:
        while True:
            try:
                with driver.session(database="system" if query else DATABASE) as session:
                    session.run(query or "RETURN 1", parameters).consume()
                    return
            except (ServiceUnavailable, TransientError) as error:
                failure = failed() or (_not_opened(driver) if isinstance(error, TransientError) else None)
                if failure is not None:
                    raise failure from error
                if time.monotonic() > until:
                    told = getattr(error, "code", None) or type(error).__name__
                    raise NotOpenedError(f"it does not answer after {_SECONDS:.0f} s ({told})") from error
                time.sleep(_EVERY)


def _not_opened(driver: neo4j.Driver) -> NotOpenedError | None:
    """The error for a database that the server has given up to open, as its system database tells."""
    text = f"SHOW DATABASE {DATABASE} YIELD currentStatus, statusMessage"
    try:
        with driver.session(database="system") as session:
            (found,) = session.run(text)
    except (Neo4jError, DriverError):
        return None  # that one is not open yet: ask again
    gave_up = found["currentStatus"] != "online" and found["statusMessage"]
    return NotOpenedError(found["statusMessage"]) if gave_up else None


def down(home: Home) -> bool:
    """End the server of a home; False if none runs."""
    with held(home):
        there = found(home)
        if there is None:
            _alone(home)
            home.note(None)
            return False
        end(home, there)
        return True


def end(home: Home, running: Running, how: Sequence[signal.Signals] = KINDLY) -> None:
    """End a process that serves a home: asked first, then not asked."""
    for kind in how:
        if not _signalled(running, kind):
            break
        patience = _STOP_SECONDS if home.free() >= FULL else _FULL_SECONDS
        until = time.monotonic() + patience
        while time.monotonic() < until and started(running.pid) == running.started:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(running.pid, os.WNOHANG)
            time.sleep(_EVERY)
    if started(running.pid) == running.started:
        raise ServerError(f"the server (process {running.pid}) does not end: end it by hand")
    home.note(None)


def _signalled(running: Running, kind: signal.Signals) -> bool:
    """Send a signal to the process, if it still lives."""
    if started(running.pid) != running.started:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(running.pid, kind)
    return True


def prepare(home: Home, told: Told) -> None:
    """Fetch the jars and make the class archive, once for all homes of this machine; then starts are quick."""
    if not java.archive().is_file():
        told("first start of the server")
        with held(home):
            if found(home):
                return
            _start(home, Memory.of_machine(), lasting=True, quick=False).stop()
        told("class archive, for quick starts")
        java.make_archive()


def check(home: Home) -> str:
    """Neo4j's own consistency check of the databases, the server stopped; what it says."""
    with held(home):
        if found(home):
            raise ServerError("the server runs: konzern store down first, then check")
        if not home.has_data:
            raise ServerError(f"{home.root} holds no database yet")
        _alone(home)
        Staging(home).adopt()
        report = home.root / "logs"
        return java.admin(home, "database", "check", f"--report-path={report}", DATABASE)
