"""Compiled loops of the graph package, and the one decorator that compiles all of Konzern's loops.

numba's own cache does not notice a change in a callee of another file. The cache folder is therefore named
by the hash of every kernel source and of numba's version, and set before any kernel is compiled; where no
folder can be written, kernels are compiled in memory and a warning says so.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])
_ROOT: Final = Path(__file__).resolve().parents[2]
_log = logging.getLogger(__name__)


def _user_cache() -> Path:
    """The user's cache folder for Konzern (``KONZERN_CACHE`` overrides)."""
    named = os.environ.get("KONZERN_CACHE")
    if named:
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", tempfile.gettempdir())) / "konzern"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "konzern"


def _set_cache() -> bool:
    """Point numba at the folder of these sources; False where nothing can be written."""
    import numba

    digest = hashlib.sha256(numba.__version__.encode())
    for room in ("graph", "ingest", "exposure"):
        for source in sorted((_ROOT / room / "kernels").glob("*.py")):
            digest.update(source.name.encode() + source.read_bytes())
    folder = _user_cache() / f"numba-{digest.hexdigest()[:16]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        _log.warning("kernels are compiled in memory: no cache folder (%s)", error.strerror)
        return False
    numba.config.CACHE_DIR = str(folder)
    return True


CACHED: Final = _set_cache()


def kernel(function: _F) -> _F:
    """Compile a loop with numba, without the interpreter lock, cached on disk where that is possible."""
    import numba

    compiled: _F = numba.njit(cache=CACHED, nogil=True)(function)
    return compiled
