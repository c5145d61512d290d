"""Close kin (近亲属): three generations lineal, two collateral (rulebook 49).

Parent and child are one lineal generation, siblings two collateral, uncle and nephew three. A relation that
is not in the list below connects only where the row gives its generations.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from graph.money import NULL
from graph.snapshot import Snapshot

LINEAL_MOST: Final = 3
COLLATERAL_MOST: Final = 2

LINEAL: Final = {
    1: "parent child father mother son daughter 父 母 子 女 父亲 母亲 儿子 女儿 父母 子女 父子 父女 母子 母女",
    2: "grandparent grandchild grandfather grandmother grandson granddaughter "
    "祖父 祖母 外祖父 外祖母 祖父母 外祖父母 爷爷 奶奶 外公 外婆 孙子 孙女 孙子女 外孙 外孙女 外孙子女 祖孙",
    3: "great_grandparent great_grandchild great_grandfather great_grandmother great_grandson "
    "great_granddaughter 曾祖父 曾祖母 曾祖父母 外曾祖父 外曾祖母 曾孙 曾孙女 曾孙子女",
    4: "great_great_grandparent great_great_grandchild 高祖父 高祖母 玄孙 玄孙女",
}
COLLATERAL: Final = {
    2: "sibling brother sister half_brother half_sister 兄 弟 姐 妹 兄弟 姐妹 兄妹 姐弟 兄弟姐妹 哥哥 弟弟 姐姐 妹妹",
    3: "uncle aunt nephew niece 叔叔 伯父 姑姑 舅舅 姨妈 侄子 侄女 外甥 外甥女",
    4: "cousin first_cousin 堂兄弟 表兄弟 堂姐妹 表姐妹",
}
SPOUSE: Final = ("spouse", "husband", "wife", "配偶", "丈夫", "妻子", "夫", "妻", "夫妻")
"""A spouse counts with the person: no generation between them."""

_DEGREE: Final = {
    **{word: (lineal, 0) for lineal, words in LINEAL.items() for word in words.split()},
    **{word: (0, collateral) for collateral, words in COLLATERAL.items() for word in words.split()},
    **dict.fromkeys(SPOUSE, (0, 0)),
}


def is_close(relation: str, lineal: int | None, collateral: int | None) -> bool | None:
    """Whether a tie is close; the row's own generations come before the word. None = nobody can tell.

    >>> is_close("brother", None, None), is_close("uncle", None, None), is_close("fourth cousin", None, None)
    (True, False, None)
    >>> is_close("godfather", None, 2), is_close("Great-grandfather", None, None)
    (True, True)
    """
    if lineal is None and collateral is None:
        degree = _DEGREE.get(re.sub(r"[\s-]+", "_", relation.strip().lower()))
        if degree is None:
            return None
        lineal, collateral = degree
    return (lineal or 0) <= LINEAL_MOST and (collateral or 0) <= COLLATERAL_MOST


def close_kin(snapshot: Snapshot) -> tuple[list[tuple[int, int]], list[int]]:
    """Pairs of close kin in both directions, sorted, and the kin rows that nobody can tell."""
    rows = snapshot.tables["kin"]
    words = rows.text("relation").to_pylist()
    pairs: set[tuple[int, int]] = set()
    unclear = []
    columns = (
        rows["person_id"],
        rows["relative_id"],
        rows["generation_lineal"],
        rows["generation_collateral"],
    )
    for i, (a, b, up, side) in enumerate(zip(*(np.asarray(c).tolist() for c in columns), strict=True)):
        close = is_close(words[i] or "", None if up == NULL else up, None if side == NULL else side)
        if close is None:
            unclear.append(i)
        elif close and a != b:
            pairs |= {(a, b), (b, a)}
    return sorted(pairs), unclear
