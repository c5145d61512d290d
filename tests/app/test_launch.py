"""How the app is started: on loopback, on a folder or a store, nothing sent home; the demo returns where asked."""

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from app import launch
from app.cli import main
from app.source import SAMPLE
from graph.errors import OptionError


def test_the_server_listens_on_loopback_and_tells_nobody() -> None:
    held = launch.settings(8501)
    assert held["server.address"] == "127.0.0.1"
    assert held["browser.gatherUsageStats"] is False
    assert held["client.showErrorDetails"] == "none"
    assert held["runner.magicEnabled"] is False
    assert held["runner.postScriptGC"] is False
    assert held["client.allowedOrigins"] == []
    assert len(held["server.cookieSecret"]) >= 32
    assert held["server.cookieSecret"] != launch.settings(8501)["server.cookieSecret"]


def test_a_port_in_use_gives_way_to_the_next() -> None:
    with socket.socket() as taken:
        taken.bind((launch.ADDRESS, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert launch.free(port) > port


def test_a_folder_is_loaded_once_into_a_store_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.kernels.user_cache", lambda: tmp_path)
    first, second = launch.store_for(str(SAMPLE)), launch.store_for(str(SAMPLE))
    assert (first.url, first.latest()) == (second.url, 1)


def test_an_empty_store_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="load a book first"):
        launch.store_for(f"book:{tmp_path / 'nothing'}")


def test_the_demo_returns_without_the_app(tmp_path: Path) -> None:
    told = CliRunner().invoke(main, ["demo", "--no-app", "--out", str(tmp_path)])
    assert told.exit_code == 0, told.output
    assert "Next:" in told.output
    assert (tmp_path / "report.html").is_file()
