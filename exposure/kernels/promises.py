"""Which facilities each guarantee covers, every one once."""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel


@kernel
def pairs(
    root: np.ndarray,
    cover_ptr: np.ndarray,
    cover: np.ndarray,
    obligor: np.ndarray,
    debt_ptr: np.ndarray,
    debt: np.ndarray,
    kept: np.ndarray,
    owner: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs by guarantee: ptr int64 (guarantees + 1,), facility and debtor int32 (pairs,).

    ``root`` int32 is the guarantee whose cover g has (-1 = none); the named facilities of r are
    ``cover[cover_ptr[r]:cover_ptr[r + 1]]``, and all debts of ``obligor[r]``, which are ``debt[debt_ptr[o]:...]``,
    are covered too. ``kept`` int32 gives the facility that counts in the place of each, -1 for none, ``owner``
    its obligor. The debtor is the party that the guarantee names, or else the obligor.
    """
    many = len(root)
    ptr = np.zeros(many + 1, np.int64)
    seen = np.full(len(kept), -1, np.int32)
    facility = np.empty(len(cover) + 16, np.int32)
    debtor = np.empty(len(facility), np.int32)
    used = 0
    for g in range(many):
        r = root[g]
        if r >= 0:
            named = cover_ptr[r + 1] - cover_ptr[r]
            o = obligor[r]
            all_of = debt_ptr[o + 1] - debt_ptr[o] if o >= 0 else 0
            if used + named + all_of > len(facility):
                size = used + named + all_of + len(facility)
                more, whose = np.empty(size, np.int32), np.empty(size, np.int32)
                more[:used], whose[:used] = facility[:used], debtor[:used]
                facility, debtor = more, whose
            for k in range(named + all_of):
                f = kept[cover[cover_ptr[r] + k]] if k < named else debt[debt_ptr[o] + k - named]
                if f >= 0 and seen[f] != g:
                    seen[f] = g
                    facility[used] = f
                    debtor[used] = owner[f] if k < named else o
                    used += 1
        ptr[g + 1] = used
    return ptr, facility[:used].copy(), debtor[:used].copy()
