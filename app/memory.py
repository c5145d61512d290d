"""Memory: a job that goes through large arrays keeps what it frees, in huge pages, instead of returning it."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_MALLOPT: Final = {"trim_threshold": (-1, -1), "mmap_max": (-4, 0), "arena_max": (-8, 1)}
"""Parameters of glibc's mallopt, each with the value set: never trim, never map, one arena for all threads."""
_HUGEPAGE: Final = 14
"""MADV_HUGEPAGE of Linux."""
_PAGE: Final = 1 << 21
_RESERVE: Final = 4 << 30
"""Address space asked to be backed by huge pages; what is not written to takes no memory."""


def keep_freed() -> None:
    """Serve arrays from memory that was freed before, for numpy and Arrow alike.

    By default an array above 128 kB is mapped anew and unmapped again: each of its 4 kB pages is then fetched
    and zeroed by the system, which at a million parties took a third of a report's time. For jobs that end;
    a server would hold its highest mark for ever. Where the C library has no ``mallopt`` nothing changes.
    """
    import pyarrow as pa

    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt"):
        return
    for parameter, value in _MALLOPT.values():
        library.mallopt(parameter, value)
    pa.set_memory_pool(pa.system_memory_pool())
    library.malloc.restype = ctypes.c_void_p
    reserved = library.malloc(ctypes.c_size_t(_RESERVE))
    if reserved:
        first = -(-reserved // _PAGE) * _PAGE
        library.madvise(ctypes.c_void_p(first), ctypes.c_size_t(_RESERVE - _PAGE), _HUGEPAGE)
        library.free(ctypes.c_void_p(reserved))


@contextmanager
def uncollected() -> Iterator[None]:
    """No search for circles of objects meanwhile, and none later among what is there then.

    For the start of a job, when modules load and a book is read: the collector would walk through all that was loaded
    again and again, 7 % of a small report's time, and find nothing.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
