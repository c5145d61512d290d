"""Merger: what becomes of the shares in two companies when one merges into the other.

``exchange`` is the part of the merged company that all shares of the merging one are worth. Shares of it that the two
hold themselves lapse, and nobody gets anything for them; of what is left each holder of it has its part of ``exchange``
and each holder of the other one its part of the rest, votes in proportion, rounded down to the parts that shares have.
(Directive (EU) 2017/1132 Art. 89 and 105: shares are exchanged, those held by either company are not.)
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import floor
from typing import Final

import numpy as np
import pyarrow as pa

from graph.model import SHARE
from graph.money import NULL
from graph.snapshot import Rows

_COLUMNS: Final = ("share", "voting", "share_min", "share_max")


class ExchangeError(ValueError):
    """The shares cannot be exchanged as was said; the first argument is why, the second what to do."""


def exchanged(ownership: Rows, party: int, into: int, exchange: int | None) -> Rows:
    """The ``ownership`` rows after ``party`` has merged ``into`` another, for ``exchange`` in parts per 10^9.

    With 0 the holders of the party get no shares. Raises ``ExchangeError`` where others hold shares of the party and
    no ratio is given, or where one is given and what the two hold of it is not known.
    """
    of, by = ownership["owned_id"], ownership["owner_id"]
    inside = (of == party) & np.isin(by, (party, into))
    given = (of == party) & ~inside
    if exchange is None and given.any():
        raise ExchangeError(
            "others hold shares of the party, and nothing says what they get for them",
            "say in exchange which part of the merged company all its shares are worth, 0 to 1 (0: none, paid off)",
        )
    lapsing = ownership["share"][inside]
    if exchange and (lapsing == NULL).any():
        raise ExchangeError(
            "what the two hold of the party themselves is not known, so that nobody's part can be computed",
            "propose these stakes first",
        )
    part = Fraction(exchange or 0, SHARE.scale)
    left = 1 - part * Fraction(int(lapsing.sum()) if exchange else 0, SHARE.scale)
    if left <= 0:
        raise ExchangeError("nothing is left of the merged company", "give another exchange")
    stays = np.flatnonzero(~inside if part else of != party)
    numbers = {name: values[stays] for name, values in ownership.numbers.items()}
    texts = {name: values.take(pa.array(stays)) for name, values in ownership.texts.items()}
    for mark, factor in ((given, part / left), (of == into, (1 - part) / left)):
        at = np.flatnonzero(mark[stays])
        for name in _COLUMNS:
            if name in numbers and factor != 1:
                numbers[name] = numbers[name].copy()
                numbers[name][at] = [
                    v if v == NULL else floor(v * factor) for v in numbers[name][at].tolist()
                ]
    numbers["owned_id"] = np.where(numbers["owned_id"] == party, into, numbers["owned_id"]).astype(np.int32)
    return replace(ownership, row=ownership.row[stays], numbers=numbers, texts=texts)
