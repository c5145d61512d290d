"""Launch: the web app on loopback, its settings, and what it is opened on."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.source import store_of
from graph.errors import OptionError

if TYPE_CHECKING:
    from app.access import Access, Principal
    from exposure.report import Request
    from graph.store import Store

MAIN: Final = Path(__file__).with_name("main.py")
ADDRESS: Final = "127.0.0.1"
PORT: Final = 8501


@dataclass
class Running:
    """What the app of this process is opened on; the script reads it on every run."""

    access: Access | None = None
    principal: Principal | None = None
    language: str = "en"


RUNNING: Final = Running()


def settings(port: int) -> dict[str, Any]:
    """Streamlit's settings: loopback only, nothing sent home, no details of errors, no magic."""
    return {
        "server.address": ADDRESS,
        "server.port": port,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.cookieSecret": os.environ.get("KONZERN_COOKIE_SECRET") or secrets.token_hex(32),
        "server.maxUploadSize": 1,
        "server.showEmailPrompt": False,
        "browser.gatherUsageStats": False,
        "browser.serverAddress": ADDRESS,
        "client.showErrorDetails": "none",
        "client.toolbarMode": "viewer",
        "client.allowedOrigins": [],
        "runner.magicEnabled": False,
        "global.minCachedMessageSize": 1000,
        "logger.hideWelcomeMessage": True,
        "theme.base": "light",
        "theme.primaryColor": "#0b3c6f",
        "theme.textColor": "#16243a",
        "theme.backgroundColor": "#ffffff",
        "theme.secondaryBackgroundColor": "#f5f7fa",
        "theme.borderColor": "#dbe1ea",
        "theme.baseRadius": "4px",
        "theme.baseFontSize": 15,
        "theme.linkColor": "#0b4f8a",
    }


def store_for(source: str) -> Store:
    """The store that a source names; a folder of files is loaded into one of its own in the user's cache.

    That store is named by the folder and the state of its files, so that its decisions are found again.
    """
    named = store_of(source)
    if named is not None:
        if named.latest() == 0:
            raise OptionError(
                f"{source} holds nothing: load a book first (konzern load BOOK --store {source})"
            )
        return named
    from app.progress import following
    from graph.kernels import user_cache
    from graph.store import open_store
    from ingest.load import load

    folder = Path(source)
    digest = hashlib.sha256(str(folder.resolve()).encode())
    for path in sorted(folder.iterdir()) if folder.is_dir() else [folder]:
        if path.is_file():
            digest.update(f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}".encode())
    store = open_store(f"book:{user_cache() / 'books' / digest.hexdigest()[:24]}")
    if store.latest() == 0:
        with following() as step:
            load(source, store, step=step)
    return store


def free(port: int) -> int:
    """The port, or the next one that nobody listens on."""
    for tried in range(port, port + 20):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ADDRESS, tried))
            except OSError:
                continue
            return tried
    raise OptionError(f"--port {port}: it and the next 19 are taken; name another")


def prepare(
    source: str, request: Request, role: str | None, language: str, audit: Path | None = None
) -> Running:
    """Open a source for a principal, its report made now if it is not kept yet; what the script will show."""
    from app.access import Access, audit_file, local, sample
    from app.audit import Audit
    from app.desk.questions import QUESTIONS

    store = store_for(source)
    RUNNING.principal = sample(role) if role else local()
    RUNNING.access = Access(store, Audit(audit or audit_file(store)), request, QUESTIONS)
    RUNNING.language = language
    RUNNING.access.desk(RUNNING.principal.scope, store.latest())
    return RUNNING


def serve(port: int) -> None:
    """Serve the script until it is stopped."""
    from streamlit.web import bootstrap

    held = {name.replace(".", "_"): value for name, value in settings(port).items()}
    bootstrap.load_config_options(held)
    bootstrap.run(str(MAIN), is_hello=False, args=[], flag_options=held)
