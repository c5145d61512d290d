"""Defaults drawn scenario by scenario in a one-factor model.

O. Vasicek, "Loan portfolio value", Risk 15 (2002): given the factor Z a party defaults with probability
Phi((Phi^-1(PD) - sqrt(rho) Z) / sqrt(1 - rho)), apart from the others. Inside a bucket of like PDs the gaps between
defaults are geometric, so that a scenario costs its defaults and not its parties; a party whose PD is below its
bucket's is kept with the ratio of the two. Every scenario has a stream of its own.
"""

from __future__ import annotations

import math

import numpy as np

from graph.kernels import kernel


@kernel
def _uniform(stream: np.ndarray) -> float:
    """The next number above 0 and below 1 of a stream (SplitMix64 of G. Steele, D. Lea and C. Flood, 2014)."""
    stream[0] += np.uint64(0x9E3779B97F4A7C15)
    z = stream[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (np.float64(z >> np.uint64(11)) + 0.5) * 2.0**-53


@kernel
def _normal(x: float) -> float:
    """Standard normal distribution function."""
    return 0.5 * math.erfc(-x * math.sqrt(0.5))


@kernel
def _place(bit: int) -> int:
    """Place of the only bit of a word."""
    at = 0
    for step in (32, 16, 8, 4, 2, 1):
        if bit >> np.uint64(step) != 0:
            bit >>= np.uint64(step)
            at += step
    return at


@kernel
def draw(
    seed: int, first: int, last: int, ptr: np.ndarray, party: np.ndarray, barrier: np.ndarray, correlation: float,
    parties: int,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Defaults of the scenarios first..last - 1 among so many parties as CSR: ptr int64, party int32, ascending.

    The parties of bucket b are ``party[ptr[b]:ptr[b + 1]]`` (int32); ``barrier`` float64 = Phi^-1(PD), largest first.
    """
    stream = np.empty(1, np.uint64)
    out, found = np.zeros(last - first + 1, np.int64), np.empty(len(party) + 1, np.int32)
    drawn = np.zeros(
        (parties + 63) // 64, np.uint64
    )  # a bit a party: a scenario's defaults come out by number
    many = 0
    for s in range(first, last):
        stream[0] = np.uint64(seed) * np.uint64(0xD1342543DE82EF95) + np.uint64(s) * np.uint64(
            0xAF251AF3B0F025B5
        )
        for _ in range(2):
            _uniform(stream)
        factor = math.sqrt(-2.0 * math.log(_uniform(stream))) * math.cos(2.0 * math.pi * _uniform(stream))
        down, scale = math.sqrt(correlation) * factor, math.sqrt(1.0 - correlation)
        if len(found) - many < len(party):
            more = np.empty(2 * len(found), np.int32)
            more[:many] = found[:many]
            found = more
        for b in range(len(ptr) - 1):
            at = ptr[b]
            highest = barrier[at]
            most = _normal((highest - down) / scale)
            if most <= 0.0:
                continue
            never = math.log1p(-most) if most < 1.0 else -np.inf
            at -= 1
            while True:
                gap = math.log(_uniform(stream)) / never  # may be more than an integer holds
                if gap >= ptr[b + 1] - at - 1:
                    break
                at += 1 + int(gap)
                if barrier[at] < highest and _uniform(stream) * most >= _normal((barrier[at] - down) / scale):
                    continue
                p = party[at]
                drawn[p >> 6] |= np.uint64(1) << np.uint64(p & 63)
        for w in range(len(drawn)):
            word = drawn[w]
            drawn[w] = 0
            while word != 0:
                low = word & (~word + np.uint64(1))
                found[many] = 64 * w + _place(low)
                many += 1
                word ^= low
        out[s - first + 1] = many
    return out, found[:many].copy()
