"""Neo4j for tests: servers of their own, one or two a session, on free ports, gone with it; never a user's."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graph.neo4j.session import PASSWORD_SETTING, USER_SETTING, Access
from graph.neo4j.session import Server as Bolt
from graph.server import process
from graph.server.home import USER, Home, Memory
from graph.server.process import Server
from tests.stores import MEMORY

SMALL = Memory(heap=512, pages=64)


class Servers:
    """Servers by number, each started when it is first asked for; they share one password."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: dict[int, Server] = {}

    def get(self, number: int = 0) -> Server:
        """The server of that number, running."""
        if number not in self._made:
            home = Home(self.folder / f"home{number}")
            if number:
                home.root.mkdir()
                shutil.copy(self._made[0].home.root / "password", home.root / "password")
            self._made[number] = process.up(home, lasting=False, memory=SMALL, quick=True)
        return self._made[number]

    def again(self, number: int = 0) -> Server:
        """The server of that number, ended and started anew."""
        self._made.pop(number).stop()
        return self.get(number)

    def access(self, number: int = 0) -> Access:
        """How that server is reached."""
        server = self.get(number)
        return Access(server.url, server.auth)

    def stop(self) -> None:
        """End them all."""
        for server in self._made.values():
            server.stop()


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Servers of this session. Where the jars cannot be had they say how to bring them in, and the test fails."""
    folder = Path(tempfile.mkdtemp(prefix="konzern-", dir=MEMORY if MEMORY.is_dir() else None))
    held = Servers(folder)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KONZERN_MIRROR", str(folder / "mirror"))
            patch.setenv(USER_SETTING, USER)
            patch.setenv(PASSWORD_SETTING, held.get().home.password())
            yield held
    finally:
        held.stop()
        shutil.rmtree(folder)


def wipe(servers: Servers, number: int = 0) -> str:
    """Empty a server; its address."""
    server = Bolt(servers.access(number))
    while server.read("MATCH (n) RETURN 1 LIMIT 1"):
        server.schema("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS")
    return servers.get(number).url


@pytest.fixture(scope="session")
def fresh(servers: Servers) -> Callable[[], str]:
    """Each call gives the address of an empty store; the last two are there at the same time."""
    numbers = itertools.cycle((0, 1))
    return lambda: wipe(servers, next(numbers))
