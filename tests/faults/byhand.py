"""A Neo4j as others run it: the plain jars with a configuration and a password of their own, unknown to Konzern."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from graph.server import jars, java, process
from graph.server.home import Home, free_port
from graph.server.watcher import Watcher

USER, PASSWORD = "neo4j", "a-password-of-theirs"
_CONF = """\
server.bolt.listen_address=127.0.0.1:{port}
server.bolt.advertised_address=127.0.0.1:{port}
server.http.enabled=false
server.https.enabled=false
dbms.usage_report.enabled=false
server.memory.pagecache.size=64m
db.memory.transaction.max={cap}m
"""


class ByHand:
    """One server in a folder; ``start`` and ``kill`` it, and give its transactions another cap of memory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port = free_port()
        self._home = Home(
            root
        )  # whose log is looked at where it does not start; Konzern's settings are not made
        for folder in (self._home.conf, self._home.log.parent):
            folder.mkdir(parents=True)

    @property
    def url(self) -> str:
        """Its address for drivers that ask where the database is."""
        return f"neo4j://127.0.0.1:{self.port}"

    def start(self, cap: int) -> None:
        """Start it with a cap in MiB, and wait until its database answers."""
        jars.fetch()
        fresh = not self._home.has_data
        (self._home.conf / "neo4j.conf").write_text(_CONF.format(port=self.port, cap=cap), "utf-8")
        where = [f"--home-dir={self.root}", f"--config-dir={self._home.conf}"]
        switches = ["-Xmx512m", "-XX:TieredStopAtLevel=1", "-cp", jars.class_path()]
        with self._home.log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(java.java()), *switches, java.SERVER, *where],
                cwd=self.root, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self._watcher = Watcher(self.process.pid)
        process._wait(self._home, self.port, lambda: self.process.poll() is None)
        if fresh:
            change = "ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO $new"
            process._ask(self.url, (USER, "neo4j"), change, new=PASSWORD)
        process._ask(self.url, (USER, PASSWORD))

    def kill(self) -> None:
        """End it as a power failure does."""
        self._watcher.leave()
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
