"""Launch: the web app on loopback, its settings, and what it is opened on."""

from __future__ import annotations

import gc
import hashlib
import os
import secrets
import socket
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.source import store_of
from graph.errors import OptionError

if TYPE_CHECKING:
    from app.access import Access, Principal
    from app.signin import SignIn
    from exposure.report import Request
    from graph.store import Store

MAIN: Final = Path(__file__).with_name("main.py")
ADDRESS: Final = "127.0.0.1"
PORT: Final = 8501


@dataclass
class Running:
    """What the app of this process is opened on; the script reads it on every run.

    Whoever comes is ``principal``; where there is none, people say who they are by ``sign_in``.
    """

    access: Access | None = None
    principal: Principal | None = None
    sign_in: SignIn | None = None
    language: str = "en"


RUNNING: Final = Running()


def settings(port: int, address: str = ADDRESS, sign_in: SignIn | None = None) -> dict[str, Any]:
    """Streamlit's settings: nothing sent home, no details of errors, no magic; known hosts only with a sign-in.

    No collection after every run either: through all that lives it took two thirds of a page's time, while everybody
    else waited; Python's own come when there is something to collect.
    """
    signing = {
        "secrets.files": [] if sign_in is None else [str(sign_in.file.resolve())],
        "server.allowedHosts": [] if sign_in is None else [sign_in.host, ADDRESS, "localhost"],
    }
    return {
        **signing,
        "server.address": address,
        "server.port": port,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.cookieSecret": os.environ.get("KONZERN_COOKIE_SECRET") or secrets.token_hex(32),
        "server.maxUploadSize": 1,
        "server.showEmailPrompt": False,
        "browser.gatherUsageStats": False,
        "browser.serverAddress": ADDRESS if sign_in is None else sign_in.host,
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "client.toolbarMode": "viewer",
        "client.allowedOrigins": [],
        "runner.magicEnabled": False,
        "runner.postScriptGC": False,
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


def reachable(address: str, sign_in: SignIn | None) -> None:
    """``OptionError`` for an address that others can reach while nobody has to say who they are."""
    from app.signin import loopback

    if sign_in is None and not loopback(address):
        raise OptionError(
            f"--address {address}: other machines could reach it; name who may see what with --sign-in FILE"
        )


def free(port: int, address: str = ADDRESS) -> int:
    """The port, or the next one that nobody listens on."""
    for tried in range(port, port + 20):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, tried))
            except OSError:
                continue
            return tried
    raise OptionError(f"--port {port}: it and the next 19 are taken; name another")


def prepare(
    source: str, request: Request, role: str | None, language: str, audit: Path | None = None,
    sign_in: SignIn | None = None,
) -> Running:  # fmt: skip
    """Open a source for a principal, or for those who sign in; the report is made now if it is not kept yet."""
    from app.access import Access, audit_file, local, sample
    from app.audit import Audit
    from app.desk.opened import Scope
    from app.desk.questions import QUESTIONS

    store = store_for(source)
    RUNNING.sign_in, RUNNING.language = sign_in, language
    RUNNING.principal = None if sign_in else sample(role) if role else local()
    RUNNING.access = Access(store, Audit(audit or audit_file(store)), request, QUESTIONS)
    RUNNING.access.desk(RUNNING.principal.scope if RUNNING.principal else Scope(), store.latest()).ready()
    return RUNNING


def settled() -> None:
    """Leave what is loaded out of collections: each would go through all of it, for a tenth of a second."""
    gc.collect()
    gc.freeze()


def serve(port: int, address: str = ADDRESS) -> None:
    """Serve the script until it is stopped; what its pages import is there before anybody comes."""
    from streamlit.web import bootstrap

    from app.desk.questions import PAGES

    for page in PAGES:
        import_module(f"app.views.{page}")
    settled()
    told = settings(port, address, RUNNING.sign_in)
    held = {name.replace(".", "_"): value for name, value in told.items()}
    bootstrap.load_config_options(held)
    bootstrap.run(str(MAIN), is_hello=False, args=[], flag_options=held)
