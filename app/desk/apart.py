"""Apart: the report of a large book is made by a process of its own, so that the app stays small and goes on answering.

Run as ``python -m app.desk.apart``, it makes and keeps what one line of JSON on its standard input asks for.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from graph.errors import KonzernError, StoreError

if TYPE_CHECKING:
    from app.desk.opened import Scope
    from exposure.report import Request
    from graph.snapshot import Snapshot

LARGE: Final = 200_000
"""Parties and facilities from which a report is made apart; below, a process takes longer to start than it saves."""


def large(snapshot: Snapshot) -> bool:
    """Whether the report of a snapshot is made apart."""
    return snapshot.n + len(snapshot.tables["facilities"]) >= LARGE


def made(url: str, scope: Scope, request: Request, version: int) -> None:
    """Have the report made and kept beside its version; ``StoreError`` where that does not come to its end."""
    told = json.dumps({"url": url, "scope": asdict(scope), "request": asdict(request), "version": version})
    ended = subprocess.run(  # noqa: S603 - our own interpreter on our own module
        [sys.executable, "-m", __name__], input=told, stdout=subprocess.PIPE, text=True, check=False
    )
    if ended.returncode < 0:
        raise StoreError(
            f"the report was not finished: its process was ended by signal {-ended.returncode}, "
            "often for want of memory; make it where there is more (konzern report STORE) and open the app again"
        )
    if ended.returncode:
        raise StoreError(f"the report was not finished: {ended.stdout.strip() or 'see the log'}")


def _make(told: dict[str, Any]) -> None:
    """Make and keep the report that was asked for."""
    from app.desk.opened import Scope, open_desk
    from app.memory import keep_freed
    from exposure.report import Request
    from graph.store import open_store

    keep_freed()
    held = told["request"] | {"packs": tuple(told["request"]["packs"])}
    open_desk(open_store(told["url"]), Scope(**told["scope"]), Request(**held), told["version"], apart=False)


if __name__ == "__main__":
    try:
        _make(json.load(sys.stdin))
    except KonzernError as error:
        print(error)  # noqa: T201 (told to the process that asked)
        sys.exit(error.exit_code)
