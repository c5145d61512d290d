"""The local Neo4j: exactly the locked jars, on loopback only, closed to files, and never left behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import neo4j
import pytest
from click.testing import CliRunner

from app.cli import main
from graph.errors import OptionError, StoreError
from graph.files.lease import started
from graph.neo4j.bulk import Bulk
from graph.neo4j.session import Access
from graph.neo4j.store import GraphStore
from graph.server import jars, process
from graph.server.home import FIRST_ROOM, SETTING, FullError, Home, Memory
from graph.server.jars import Jar, JarsError
from graph.server.process import ServerError
from graph.server.staging import Staging
from tests.graph.contract import hash_of
from tests.graph.sent import FEB, JAN, delta, full, publish, umbrella
from tests.servers import Servers

ROOT = Path(__file__).parents[2]


def test_the_lock_names_jars_by_hash_and_no_address() -> None:
    held = jars.locked()
    assert len(held) > 200
    assert len({j.name for j in held}) == len(held)
    text = Path(jars.__file__).with_name(f"neo4j-{jars.VERSION}.lock").read_text("utf-8")
    assert "/" not in text
    assert all(
        re.fullmatch(r"[0-9a-f]{64} \d+ [\w.-]+:[\w.-]+:[\w.-]+(:[\w.-]+)?", line)
        for line in text.split("\n")
        if line
    )


@pytest.fixture
def two_jars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, tuple[Jar, ...]]:
    """A cache of its own, and a folder with the two smallest jars of the real one, which alone are asked for."""
    small = tuple(sorted(jars.locked(), key=lambda j: j.size)[:2])
    source = tmp_path / "source"
    source.mkdir()
    for jar in small:
        shutil.copy(jar.path(jars.folder()), source / jar.name)
    monkeypatch.setattr(jars, "locked", lambda: small)
    monkeypatch.setattr(jars, "folder", lambda: tmp_path / "cache")
    return source, small


def test_jars_come_from_a_folder_and_only_those_that_are_missing(
    servers: Servers, two_jars: tuple[Path, tuple[Jar, ...]]
) -> None:
    assert servers.get().running.pid
    source, (first, second) = two_jars
    told: list[tuple[int, int]] = []
    assert jars.fetch(source, lambda _name, done, total: told.append((done, total))) == 2
    assert told[-1] == (first.size + second.size, first.size + second.size)
    assert jars.present()
    assert jars.fetch(source) == 0
    path = second.path(jars.folder())
    path.write_bytes(path.read_bytes()[:-1])
    assert not jars.present()
    assert jars.missing() == [second]
    assert jars.fetch(source) == 1


def test_a_jar_that_is_another_is_refused(servers: Servers, two_jars: tuple[Path, tuple[Jar, ...]]) -> None:
    assert servers.get().running.pid
    source, (first, second) = two_jars
    data = bytearray((source / first.name).read_bytes())
    data[-1] ^= 1
    (source / first.name).write_bytes(data)
    told = f"not the {re.escape(first.name)} of the lock.*copy {re.escape(first.coordinates)} again"
    with pytest.raises(JarsError, match=told):
        jars.fetch(source)
    for jar in (first, second):
        (source / jar.name).unlink()
        jar.path(jars.folder()).unlink(missing_ok=True)
    with pytest.raises(
        JarsError, match=rf"has no {first.name}, {second.name}: .*konzern store up --jars FOLDER"
    ):
        jars.fetch(source)
    with pytest.raises(OptionError, match="no such folder"):
        jars.fetch(source / "nowhere")


@pytest.mark.usefixtures("two_jars")
def test_without_a_network_it_says_how_to_bring_the_jars_in(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert servers.get().running.pid
    monkeypatch.setenv(jars.REPOSITORY, "http://127.0.0.1:9/closed")
    with pytest.raises(JarsError, match=r"cannot be fetched: .*--jars FOLDER") as found:
        jars.fetch()
    assert "127.0.0.1" not in str(found.value)


def test_its_password_is_the_owners_alone_and_others_do_not_get_in(servers: Servers) -> None:
    server = servers.get()
    assert server.home.password_file.stat().st_mode & 0o777 == 0o600
    assert server.home.root.stat().st_mode & 0o777 == 0o700
    with (
        neo4j.GraphDatabase.driver(server.url, auth=("neo4j", "neo4j")) as driver,
        pytest.raises(neo4j.exceptions.AuthError),
    ):
        driver.verify_connectivity()


def test_a_lost_password_is_told_and_a_new_one_made_without_loss(servers: Servers, tmp_path: Path) -> None:
    assert servers.get().running.pid
    home = Home(tmp_path / "home")

    def up() -> process.Server:
        return process.up(home, lasting=False, memory=Memory(512, 64), quick=True)

    up().stop()
    for lost in (b"", b"\xff"):
        home.password_file.write_bytes(lost)
        with pytest.raises(StoreError, match=r"has not the password of the server: restore it"):
            up()
    home.password_file.unlink()
    with pytest.raises(StoreError, match=r"has not the password of the server: restore it"):
        up()
    for kind in ("databases", "transactions"):
        shutil.rmtree(home.root / "data" / kind / "system")
    server = up()
    with neo4j.GraphDatabase.driver(server.url, auth=server.auth) as driver:
        driver.verify_connectivity()
    server.stop()


def test_it_listens_on_loopback_only(servers: Servers) -> None:
    pid = servers.get().running.pid
    sockets = {str(p.readlink()) for p in Path(f"/proc/{pid}/fd").iterdir() if p.is_symlink()}
    inodes = {s[8:-1] for s in sockets if s.startswith("socket:")}
    listening = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                listening.append(fields[1].rpartition(":")[0])
    assert listening
    assert set(listening) <= {"0100007F", "0000000000000000FFFF00000100007F"}


@pytest.mark.parametrize("address", ["file:///etc/passwd", "file:///password", "http://127.0.0.1:9/x"])
def test_a_query_reads_no_file_and_no_address(servers: Servers, address: str) -> None:
    server = servers.get()
    with (
        neo4j.GraphDatabase.driver(server.url, auth=server.auth) as driver,
        driver.session() as session,
        pytest.raises(neo4j.exceptions.Neo4jError),
    ):
        session.run("LOAD CSV FROM $from AS line RETURN line", {"from": address}).consume()


OWN = (
    "server.bolt.listen",
    "server.bolt.advertised",
    "server.default",
    "internal.dbms.bolt",
    "dbms.security.auth",
)
"""Settings of the managed server that a container does not share: addresses, a quick stop, and that it asks at all."""


def test_the_compose_file_has_the_settings_of_the_managed_server(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.make(7687, Memory(2048, 2048))
    told = (home.conf / "neo4j.conf").read_text().splitlines()
    managed = dict(line.split("=", 1) for line in told if "=" in line and not line.startswith(("#", *OWN)))
    text = (ROOT / "compose.yaml").read_text("utf-8")
    given = re.findall(r'^      NEO4J_([a-z]\w+): "?(.*?)"?$', text, re.MULTILINE)
    container = {k.replace("__", "-").replace("_", ".").replace("-", "_"): v for k, v in given}
    del managed["server.directories.import"]  # the image has its own, as closed to queries as this one
    sizes = {"2g": "2048m", "1g": "1024m"}
    assert {k: sizes.get(v, v) for k, v in container.items()} == managed
    assert 'ports: ["127.0.0.1:7687:7687"]' in text
    assert "NEO4J_AUTH: neo4j/${NEO4J_PASSWORD:?" in text


def test_it_is_found_again_and_not_started_twice(servers: Servers) -> None:
    server = servers.get()
    again = process.up(server.home, lasting=False)
    assert again.running == server.running
    with pytest.raises(ServerError, match="konzern store down first"):
        process.check(server.home)


def test_a_server_that_nobody_wrote_down_keeps_its_home(servers: Servers) -> None:
    home = servers.get().home
    away = home.note_file.rename(home.root / "away")
    try:
        for act in (
            lambda: process.up(home, lasting=False),
            lambda: process.down(home),
            lambda: process.check(home),
        ):
            with pytest.raises(ServerError, match=r"server\.json does not name holds"):
                act()
    finally:
        away.rename(home.note_file)
    assert process.found(home) == servers.get().running


def test_why_a_server_does_not_start_is_told_in_its_own_words(servers: Servers, tmp_path: Path) -> None:
    assert servers.get().running.pid
    home = Home(tmp_path / "home")
    (home.root / "data" / "databases").mkdir(parents=True)
    (home.root / "data" / "databases" / "system").write_text("no folder")
    with pytest.raises(ServerError, match=r"ended while it started: .*Caused by: "):
        process.up(home, lasting=False, memory=Memory(512, 64), quick=True)
    assert process.found(home) is None


def test_a_disk_without_room_is_told_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home")
    monkeypatch.setattr(Home, "free", lambda _: FIRST_ROOM - 1)
    with pytest.raises(FullError, match=r"has 600\.0 MiB free, and the server needs 600 MiB: make room"):
        process._start(home, Memory(512, 64), lasting=False, quick=True)
    assert not home.conf.exists()


def test_a_disk_that_fills_up_while_one_waits_is_told_at_once(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert servers.get().running.pid
    left = iter([FIRST_ROOM, 0])
    monkeypatch.setattr(Home, "free", lambda _: next(left, 0))
    home = Home(tmp_path / "home")
    with pytest.raises(FullError, match=r"has 0\.0 MiB free"):
        process.up(home, lasting=False, memory=Memory(512, 64), quick=True)
    assert process.found(home) is None


@pytest.mark.soak
def test_a_database_that_cannot_be_opened_is_told_with_its_cause(tmp_path: Path) -> None:
    home, small = Home(tmp_path / "home"), Memory(512, 64)
    process.up(home, lasting=False, memory=small, quick=True).stop()
    (log,) = (home.root / "data" / "transactions" / "neo4j").glob("neostore.transaction.db.*")
    with log.open("r+b") as file:
        file.write(b"\xff" * 64)
    with pytest.raises(
        ServerError, match=r"cannot open its database: java\..*; its logs are in .*move .* away"
    ):
        process.up(home, lasting=False, memory=small, quick=True)
    assert process.found(home) is None


@pytest.fixture
def little_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 700 MiB, in memory; ``umount`` takes it away again."""
    root = tmp_path / "disk"
    root.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=700m", "none", root], check=False)
    if mounted.returncode:
        pytest.skip("only root may mount a small disk to fill")
    yield root
    subprocess.run(["umount", root], check=True)


@pytest.mark.soak
@pytest.mark.skipif(sys.platform != "linux", reason="a disk in memory is mounted by mount -t tmpfs")
def test_a_disk_filled_to_the_last_byte_is_told_and_nothing_is_lost(
    little_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KONZERN_MIRROR", str(little_disk.parent / "mirror"))
    home = Home(little_disk / "home")

    def up() -> tuple[process.Server, GraphStore]:
        server = process.up(home, lasting=False, memory=Memory(512, 64), quick=True)
        return server, GraphStore(Access(server.url, server.auth), bulk=Bulk(server))

    server, store = up()
    sent = [full("A", JAN, umbrellas=[umbrella("U", 1)]), delta("A", FEB, umbrellas=[umbrella("V", 2)])]
    publish(store, sent[0])
    with (little_disk / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(bytes(1 << 16))
    with pytest.raises(FullError, match="make room there, then repeat"):
        publish(store, sent[1])
    assert store.reader().graph_hash() == hash_of(sent[:1])
    server.stop()
    with pytest.raises(FullError, match="make room there, then repeat"):
        up()
    (little_disk / "filler").unlink()
    server, store = up()
    publish(store, sent[1])
    assert store.reader().graph_hash() == hash_of(sent)
    assert store.check() == []
    server.stop()


def test_a_server_that_ends_with_its_parent_while_another_waits_for_it_is_started_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home")
    home.root.mkdir()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as dying:

        def refused(*_: object) -> None:
            dying.kill()
            dying.wait()
            raise ConnectionRefusedError

        home.note(process.Running(dying.pid, started(dying.pid), 1, jars.VERSION, lasting=False))
        made = object()
        monkeypatch.setattr(socket, "create_connection", refused)
        monkeypatch.setattr(jars, "present", lambda: True)
        monkeypatch.setattr(process, "_start", lambda *_, **__: made)
        assert process.up(home, lasting=False) is made


def test_a_port_that_another_took_meanwhile_is_told(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert servers.get().running.pid
    home = Home(tmp_path / "home")
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setattr(process, "free_port", lambda: other.getsockname()[1])
        monkeypatch.setattr(process, "_PATIENCE", 1.0)
        with pytest.raises(ServerError, match=r"ended while it started: .*Address already in use"):
            process.up(home, lasting=False, memory=Memory(512, 64), quick=True)
    assert process.found(home) is None


def test_a_first_load_that_goes_on_while_the_server_is_down_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home")
    monkeypatch.setenv(SETTING, str(home.root))

    def status(*more: str) -> str:
        return CliRunner().invoke(main, ["store", "status", "--store", "neo4j:local", *more]).output

    assert status() == "neo4j:local does not run: konzern store up\n"
    with process.held(home):
        Staging(home).begin()
        assert "a large first load goes on" in status()
        assert json.loads(status("--json")) == {"url": "neo4j:local", "running": False, "importing": True}
    assert status("--lang", "zh").startswith("大批量首次载入在服务器停止期间中断")
    Staging(home).adopt()
    assert process.importing(home) is None


def test_a_home_without_a_server_has_nothing_to_end_or_check(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert process.down(home) is False
    with pytest.raises(ServerError, match="holds no database"):
        process.check(home)


CHILD = """
import sys
from pathlib import Path
from graph.server import process
from graph.server.home import FIRST_ROOM, SETTING, FullError, Home, Memory

server = process.up(Home(Path(sys.argv[1])), lasting=False, memory=Memory(512, 64), quick=True)
print(server.running.pid, flush=True)
sys.stdin.read()
"""


def test_a_parent_that_is_killed_leaves_no_server_and_its_home_may_be_used_again(
    servers: Servers, tmp_path: Path
) -> None:
    assert servers.get().running.pid
    home = Home(tmp_path / "home")
    command = [sys.executable, "-c", CHILD, str(home.root)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        born = started(pid)
        assert born
        parent.send_signal(signal.SIGKILL)
    until = time.monotonic() + 60
    while started(pid) == born and time.monotonic() < until:
        os.sched_yield()
    assert started(pid) != born
    assert process.found(home) is None
    process.check(home)
