"""Compressed sparse rows: the shape in which every relation of the snapshot is held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.kernels import csr as _kernels

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Csr:
    """Which rows belong to which node: the rows of node v are ``rows[ptr[v]:ptr[v + 1]]``, in their order.

    Shapes: ptr int64 (n + 1,), rows int32 (m,). Rows whose node is negative (null or unknown) are left out.
    """

    ptr: Int64
    rows: Int32

    @classmethod
    def of(cls, node: Int32, n: int) -> Csr:
        """Group the rows 0..len(node)-1 by node (int32, 0..n-1 or negative) with a counting sort.

        >>> by = Csr.of(np.array([1, 0, 1, -1], np.int32), 3)
        >>> by.ptr.tolist(), by.rows.tolist(), by[1].tolist()
        ([0, 1, 3, 3], [1, 0, 2], [0, 2])
        """
        ptr, rows = _kernels.counting_sort(np.ascontiguousarray(node, np.int32), n)
        return cls(ptr, rows)

    def __getitem__(self, node: int) -> Int32:
        """Rows of one node."""
        return self.rows[self.ptr[node] : self.ptr[node + 1]]


def ordered(first: Int32, second: Int32, n: int) -> Int32:
    """Rows in the order of ``first``, then ``second`` (int32, 0..n-1), equal ones as they come: two counting sorts.

    >>> ordered(np.array([1, 0, 1], np.int32), np.array([2, 0, 1], np.int32), 3).tolist()
    [1, 2, 0]
    """
    rows = Csr.of(second, n).rows
    return np.asarray(rows[Csr.of(first[rows], n).rows], np.int32)
