"""Clock: the seconds of a measured step, for the scripts beside it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def timed(run: Callable[[], T], times: int = 3) -> tuple[float, T]:
    """The least wall seconds of several runs after a first one, and what the last one gave."""
    best, made = float("inf"), run()
    for _ in range(times):
        start = time.perf_counter()
        made = run()
        best = min(best, time.perf_counter() - start)
    return best, made
