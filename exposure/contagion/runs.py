"""Runs: many cascades over one network, in pieces short enough to show progress and to be interrupted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Final

import numpy as np
import numpy.typing as npt

from exposure.contagion.network import NO_FOOT, Network
from exposure.kernels import cascade as _kernels

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

Step = Callable[[str, int, int], None]
"""Takes the name of what runs, how much of it is done, of how much."""
_SEEDS: Final = 250_000
"""Parties that fail at first in a piece: some tenths of a second."""
_FIGURES: Final = 9


class Runs:
    """Cascades over one network, each of a set of parties that fail at first.

    ``wanted`` int32 are the lenders whose loss is told by run. ``pays``: a failing guarantor pays what is left of its
    equity. Results do not depend on the number of ``threads``, to the last bit.
    """

    def __init__(self, network: Network, wanted: Int32, *, pays: bool = False, threads: int = 1) -> None:
        self.network, self.wanted, self.pays = network, wanted, pays
        self._idle: SimpleQueue[tuple[_kernels.State, list[int]]] = SimpleQueue()
        self._threads = threads
        for _ in range(threads):
            self._idle.put((network.state(), [0]))

    def each(
        self, party: Int32, base: Int32 | None = None, step: Step | None = None
    ) -> tuple[Float64, Float64]:
        """A run for each party (int32), failed together with ``base``; as ``of_sets``."""
        return self.of_sets(np.arange(len(party) + 1, dtype=np.int64), party, base, step)

    def of_sets(
        self, ptr: Int64, member: Int32, base: Int32 | None = None, step: Step | None = None
    ) -> tuple[Float64, Float64]:
        """A run for each set (CSR) together with ``base`` (int32).

        Figures float64 (sets, 9), by column as ``exposure.kernels.cascade`` names them, and what each wanted lender
        loses, float64 (sets, wanted); amounts in minor units.
        """
        many = len(ptr) - 1
        figures, lost = np.empty((many, _FIGURES)), np.zeros((many, len(self.wanted)))
        also = np.zeros(0, np.int32) if base is None else base

        def piece(bounds: tuple[int, int]) -> int:
            low, high = bounds
            state, run = self._idle.get()
            run[0] = _kernels.cascades(
                *(self.network.net, state, also, ptr[low : high + 1], member, *_NOBODY, self.pays, _NO_LOG),
                *(run[0], figures[low:high], self.wanted, lost[low:high], NO_FOOT),
            )
            self._idle.put((state, run))
            return high

        pool = ThreadPoolExecutor(self._threads)
        try:
            for done in pool.map(piece, _pieces(ptr)):
                if step is not None:
                    step("cascades", done, many)
        finally:  # who interrupts waits for what runs, not for what has not begun
            pool.shutdown(cancel_futures=True)
        return figures, lost

    def feet(self, party: Int32, room: int) -> _kernels.Foot | None:
        """Whom the failure of each party (int32) costs something, and how much; None beyond ``room`` entries."""
        foot = _kernels.Foot(np.zeros(len(party) + 1, np.int64), np.empty(room, np.int32), np.empty(room))
        state, run = self._idle.get()
        ptr = np.arange(len(party) + 1, dtype=np.int64)
        run[0] = _kernels.cascades(
            *(self.network.net, state, np.zeros(0, np.int32), ptr, party, *_NOBODY, self.pays),
            *(Network.log(room), run[0], np.empty((len(party), _FIGURES)), np.zeros(0, np.int32)),
            *(np.zeros((len(party), 0)), foot),
        )
        self._idle.put((state, run))
        used = int(foot.ptr[-1])
        return None if used > room else _kernels.Foot(foot.ptr, foot.party[:used], foot.loss[:used])


_NOBODY: Final = (np.zeros(0, np.int32), np.zeros(0))
_NO_LOG: Final = Network.log(0)


def _pieces(ptr: Int64) -> Iterator[tuple[int, int]]:
    """Ranges of sets with about ``_SEEDS`` members each; at most that many sets."""
    weight = ptr + np.arange(len(ptr))
    low = 0
    while low < len(ptr) - 1:
        high = max(int(np.searchsorted(weight, weight[low] + _SEEDS)), low + 1)
        yield low, min(high, len(ptr) - 1)
        low = min(high, len(ptr) - 1)
