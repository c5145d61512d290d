"""Compiled loops of the graph package, and the one decorator that compiles all of Konzern's loops.

numba's own cache does not notice a change in a callee of another file. The cache folder of each kernel file is
therefore named by the hash of its source, of every kernel source that it imports, and of numba's version; where
no folder can be written, kernels are compiled in memory and a warning says so.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import logging
import os
import re
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

if TYPE_CHECKING:
    from types import ModuleType

_F = TypeVar("_F", bound=Callable[..., Any])
_ROOT: Final = Path(__file__).resolve().parents[2]
_IMPORTS: Final = re.compile(r"^from (graph|ingest|exposure)\.kernels\.(\w+) import", re.MULTILINE)
_BLAS: Final = "scipy.linalg.cython_blas"
"""What numba looks for at its start."""
_log = logging.getLogger(__name__)


def user_cache() -> Path:
    """The user's cache folder for Konzern (``KONZERN_CACHE`` overrides)."""
    named = os.environ.get("KONZERN_CACHE")
    if named:
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", tempfile.gettempdir())) / "konzern"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "konzern"


@cache
def _closure(source: Path) -> frozenset[Path]:
    """A kernel file and every kernel file that it imports, directly or not."""
    found, waiting = {_ROOT / "graph" / "kernels" / "__init__.py"}, [source]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            rooms = _IMPORTS.findall(path.read_text("utf-8"))
            waiting += [_ROOT / room / "kernels" / f"{name}.py" for room, name in rooms]
    return frozenset(found)


@cache
def _folder(source: Path) -> Path | None:
    """The cache folder of one kernel file; None where nothing can be written."""
    import numba

    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(_closure(source)):
        digest.update(path.name.encode() + path.read_bytes())
    folder = user_cache() / f"numba-{source.stem}-{digest.hexdigest()[:16]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        _log.warning("kernels are compiled in memory: no cache folder (%s)", error.strerror)
        return None
    return folder


@cache
def _without_blas() -> None:
    """Let numba start without BLAS: looking for it loads all of ``scipy.linalg``, and no kernel multiplies matrices.

    It took 0.2 s of every command.
    """
    if _BLAS in sys.modules:
        return
    sys.modules[_BLAS] = cast("ModuleType", None)  # Python's own mark of a module that is not there
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        del sys.modules[_BLAS]


def kernel(function: _F) -> _F:
    """Compile a loop with numba, without the interpreter lock, cached on disk where that is possible."""
    import numba

    _without_blas()
    folder = _folder(Path(inspect.getfile(function)).resolve())
    if folder is not None:
        numba.config.CACHE_DIR = str(folder)
    compiled: _F = numba.njit(cache=folder is not None, nogil=True)(function)
    return compiled
