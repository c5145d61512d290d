"""Sessions with a Neo4j server: packed reads, guarded writes, and errors that say whether something was done.

An error of a commit does not mean that nothing was committed. Every write carries a ledger node in its own
transaction; after a doubtful error it is looked up on a new connection, and only then is it said what happened.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import neo4j
from neo4j.exceptions import (
    AuthError,
    ClientError,
    ConfigurationError,
    DatabaseError,
    DatabaseUnavailable,
    DriverError,
    Neo4jError,
    ServiceUnavailable,
    SessionExpired,
    TransientError,
)

from graph.errors import OptionError, StoreError
from graph.files.lease import SECONDS as LEASE

Parameters = dict[str, Any]
Row = dict[str, Any]
_T = TypeVar("_T")

USER_SETTING: Final = "KONZERN_NEO4J_USER"
PASSWORD_SETTING: Final = "KONZERN_NEO4J_PASSWORD"  # noqa: S105 - the name of a setting
DATABASE_SETTING: Final = "KONZERN_NEO4J_DATABASE"
_SETTINGS: Final[dict[str, Any]] = {
    "connection_timeout": 5.0,
    "connection_acquisition_timeout": 20.0,
    "max_transaction_retry_time": 10.0,
    "notifications_min_severity": "OFF",
    "user_agent": "konzern",
}
_TRIES: Final = 4
_PAUSE: Final = 0.25
_PATIENCE: Final = 10.0
_FETCH: Final = 1_000
_GRACE: Final = 1.0
"""Seconds after which a connection is cut when the server has not kept its own time."""
_SECONDS: Final = 1_800.0
"""Seconds that a reading transaction may take."""
_WRITES: Final = LEASE / 2
"""And a writing one: the server ends that of a job which was paused in it, before the lease of the job is over."""


_SLOW: Final = "ended a transaction that took too long ({code}), nothing of it was done: run the job again"
_KNOWN: Final = {
    "MemoryPoolOutOfMemory": "gives a transaction too little memory ({told}): raise db.memory.transaction.max and "
    "dbms.memory.transaction.total.max in its neo4j.conf and restart it, or ask for less; nothing of the transaction "
    "was done",
    "TransactionTimedOut": _SLOW,
    "LockClientStopped": _SLOW,
}
"""What a server did, by a part of the code with which it says so."""


@dataclass(frozen=True)
class Access:
    """Where a server is and who asks: a Bolt address, user, password, database ("" = the user's own)."""

    url: str
    auth: tuple[str, str] | None
    database: str = ""
    settings: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, url: str) -> Access:
        """The access that a URL and the environment name."""
        password = os.environ.get(PASSWORD_SETTING)
        auth = (os.environ.get(USER_SETTING, "neo4j"), password) if password else None
        return cls(url, auth, os.environ.get(DATABASE_SETTING, ""))


@dataclass(frozen=True)
class Statement:
    """One statement of a transaction, and how many rows it must count (None = any)."""

    text: str
    parameters: Parameters = field(default_factory=dict)
    counts: int | None = None


_opening = threading.Lock()
_drivers: dict[Access, neo4j.Driver] = {}


@atexit.register
def _close_all() -> None:
    """Close what is open when the process ends."""
    for made in _drivers.values():
        made.close()


class Server:
    """A Neo4j server and one of its databases."""

    def __init__(self, access: Access) -> None:
        self.access = access

    def _connected(self) -> neo4j.Driver:
        """New connections to the server, opened when they are first needed."""
        settings = {**_SETTINGS, **dict(self.access.settings)}
        try:
            return neo4j.GraphDatabase.driver(self.access.url, auth=self.access.auth, **settings)
        except (ConfigurationError, ValueError) as error:
            raise OptionError(f"{self.access.url} is no address of a Neo4j server: {error}") from error

    @property
    def _driver(self) -> neo4j.Driver:
        """The connections of this process to the server, closed at its end."""
        with _opening:
            if self.access not in _drivers:
                _drivers[self.access] = self._connected()
            return _drivers[self.access]

    def close(self) -> None:
        """Close the connections of this process to the server."""
        with _opening:
            made = _drivers.pop(self.access, None)
        if made is not None:
            made.close()

    def session(self, *, writes: bool = False) -> neo4j.Session:
        """A session; one that does not write cannot."""
        return self._session(self._driver, writes=writes)

    def _session(self, driver: neo4j.Driver, *, writes: bool = False) -> neo4j.Session:
        """A session on these connections."""
        access = neo4j.WRITE_ACCESS if writes else neo4j.READ_ACCESS
        return driver.session(
            database=self.access.database or None, default_access_mode=access, fetch_size=_FETCH
        )

    @contextmanager
    def bounded(self, seconds: float) -> Iterator[neo4j.Transaction]:
        """A reading transaction on a connection of its own, cut where the server does not keep to the time.

        It looks at the clock between rows only: one large value takes it as long as it takes. Raises ``StoreError``
        where the time is over, by the server's clock or by this one.
        """
        over = StoreError(f"no answer within {seconds:g} s: ask for less, or allow more time (--seconds)")
        with self._connected() as driver:
            cut = threading.Event()

            def end() -> None:
                cut.set()  # first: closing wakes the one who waits, and it asks why at once
                driver.close()

            watch = threading.Timer(seconds + _GRACE, end)
            watch.daemon = True
            try:
                with self._session(driver) as session:
                    watch.start()
                    with session.begin_transaction(timeout=seconds) as work:
                        yield work
            except (Neo4jError, DriverError, OSError) as error:
                if cut.is_set() or "TransactionTimedOut" in (getattr(error, "code", None) or ""):
                    raise over from error
                raise
            finally:
                watch.cancel()

    def read(self, text: str, **parameters: object) -> list[Row]:
        """The rows of a question; asked again where the connection broke."""

        def ask() -> list[Row]:
            with self.session() as session, session.begin_transaction(timeout=_SECONDS) as work:
                return [dict(r.items()) for r in work.run(text, parameters)]  # type: ignore[no-untyped-call] # data() would copy each value of packed lists

        return self._again(ask)

    def schema(self, text: str) -> None:
        """Run one statement that changes the schema; it may be repeated."""

        def ask() -> None:
            with self.session(writes=True) as session:
                session.run(text).consume()

        self._again(ask)

    def write(self, statements: Iterable[Statement], done: Callable[[], bool]) -> None:
        """Run statements as one transaction, exactly once; ``done`` looks up whether it was committed."""
        held = list(statements)

        def act(work: neo4j.Transaction) -> bool:
            for statement in held:
                counted(work, statement)
            return True

        self.transact(act, lambda: True if done() else None)

    def transact(self, act: Callable[[neo4j.Transaction], _T], done: Callable[[], _T | None]) -> _T:
        """Do something in one transaction, exactly once.

        ``done`` looks up on a new connection what came of it if it was committed, else gives None. Raises
        ``StoreError`` where it was not committed and cannot be.
        """

        def once() -> _T:
            with self.session(writes=True) as session, session.begin_transaction(timeout=_WRITES) as work:
                made = act(work)
                work.commit()
            return made

        return self._again(once, done)

    def _again(self, act: Callable[[], _T], done: Callable[[], _T | None] | None = None) -> _T:
        """Do something, again where it is known not to have happened and may well succeed the next time."""
        until = time.monotonic() + _PATIENCE
        for left in range(_TRIES - 1, -1, -1):
            try:
                return act()
            except (Neo4jError, DriverError, OSError) as error:
                if done is not None and not isinstance(error, ClientError):
                    made = self._looked_up(done, error)
                    if made is not None:
                        return made
                if not left or not _passing(error) or time.monotonic() > until:
                    raise as_error(error, self.access.url) from error
                time.sleep(_PAUSE * (_TRIES - left))
        raise AssertionError

    def _looked_up(self, done: Callable[[], _T | None], error: Exception) -> _T | None:
        """What came of a transaction that ended in an error, if it was committed after all."""
        try:
            return done()
        except StoreError as failure:
            raise StoreError(
                f"{self.access.url} failed while something was written ({as_error(error, self.access.url)}), and "
                "does not say whether it was: run the job again when it answers; it finds out and goes on"
            ) from failure


def counted(work: neo4j.Transaction, statement: Statement) -> None:
    """Run one statement and compare what it counts."""
    result = work.run(statement.text, statement.parameters)
    record = result.single() if statement.counts is not None else None
    result.consume()
    if statement.counts is not None and (record is None or record[0] != statement.counts):
        raise StoreError(
            f"the graph holds {0 if record is None else record[0]} of {statement.counts} things that a batch is about: "
            "something else has changed it; nothing of the batch was written: konzern store check"
        )


def _passing(error: Exception) -> bool:
    """Whether the same may well succeed when it is done again."""
    if isinstance(error, TransientError):
        return "MemoryPoolOutOfMemory" not in str(error.code)
    return isinstance(error, ServiceUnavailable | SessionExpired | OSError)


def as_error(error: Exception, url: str) -> StoreError | OptionError:
    """What a driver's error means, with a remedy."""
    if isinstance(error, AuthError):
        return OptionError(
            f"{url} does not let in: set {USER_SETTING} and {PASSWORD_SETTING} (for neo4j:local restore the file "
            "password in its home)"
        )
    if isinstance(error, ServiceUnavailable | SessionExpired | OSError):
        return StoreError(
            f"{url} does not answer: start the server (konzern store up) or mend the connection; repeat"
        )
    code = getattr(error, "code", None) or type(error).__name__
    told = getattr(error, "message", None) or error
    if isinstance(error, DatabaseError | DatabaseUnavailable):
        return StoreError(
            f"{url} failed ({code}): look at its log, make room where its disk is full, restart it (the local one with "
            "konzern store down, then up), run the job again"
        )
    if "DatabaseNotFound" in code:
        return OptionError(
            f"{url}: {told}; set {DATABASE_SETTING} to a database that is there, or leave it out"
        )
    known = next((text for part, text in _KNOWN.items() if part in code), "refused ({code}): {told}")
    return StoreError(f"{url} {known.format(code=code, told=told)}")
