"""Close links (紧密关联): pairs tied by 20 % of capital, either way or through a third party in both.

Shares are integrated ones. A holder of many companies would tie each pair of them: above ``MOST`` companies it
has one finding with the whole set, and in books with more than ``PAIRS`` pairs every holder does. (Guideline
(EU) 2015/510 Art. 138, CRR Art. 4(1)(38); rulebook 62.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.findings import Finding, finding
from exposure.ownership.integrated import Ownership, ownership
from exposure.results import ids, result
from exposure.rulepack import RulePack, load, parts
from graph.snapshot import Snapshot

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

MOST: Final = 50
"""Companies of one holder up to which each pair has a finding."""
PAIRS: Final = 50_000
"""Pairs of a book up to which that is so; with more, every holder has one finding with its companies."""
PACK: Final = "ECB-CLOSE-LINKS"
"""The pack whose line is taken where no other is asked for."""


@dataclass(frozen=True)
class CloseLinks:
    """Holders of at least the line, in the order of ids, each with its companies, in the order of ids too.

    ``holder`` int32; the companies of the k-th are ``company[ptr[k]:ptr[k + 1]]``, int64 and int32.
    """

    snapshot: Snapshot
    pack: RulePack
    holder: Int32
    ptr: Int64
    company: Int32

    def table(self) -> pa.Table:
        """The ``close_links`` result: a row a holder and company (direct), a row a holder of several (common)."""
        names, sizes = self.snapshot.party_ids, np.diff(self.ptr)
        several = np.flatnonzero(sizes > 1)
        each = np.arange(len(self.company) + 1, dtype=np.int32)
        kept = np.repeat(sizes > 1, sizes)
        ends = np.concatenate([[0], np.cumsum(sizes[several])]).astype(np.int32)
        direct = pa.ListArray.from_arrays(pa.array(each), ids(names, self.company))
        common = pa.ListArray.from_arrays(pa.array(ends), ids(names, self.company[kept]))
        holders = np.concatenate([np.repeat(self.holder, sizes), self.holder[several]])
        kind = np.repeat([0, 1], [len(self.company), len(several)]).astype(np.int8)
        order = np.lexsort((kind, self.snapshot.party_rank[holders]))
        made = result(
            "close_links",
            holder_id=ids(names, holders),
            members=pa.concat_arrays([direct, common]),
            kind=pa.DictionaryArray.from_arrays(kind, ["direct", "common"]),
        )
        return made.take(pa.array(order))

    def findings(self) -> list[Finding]:
        """``close_link``: one a pair with all that ties it, or one a holder with all its companies."""
        return list(_findings(self))


def close_links(held: Ownership, pack: RulePack | None = None) -> CloseLinks:
    """The close links of a book, by the line of the pack (20 % under ECB-CLOSE-LINKS).

    ``held`` is computed again where it does not list shares from the line on. Its rows stand in the order of ids.
    """
    snapshot, rules = held.snapshot, pack or load(PACK)
    line = parts(rules.setting("close_link", "line"))
    if held.min_share > line:
        held = ownership(snapshot, min_share=line)
    rows = np.flatnonzero(held.reaches(line) & (held.owner != held.owned))
    owner, owned = held.owner[rows], held.owned[rows]
    starts = np.flatnonzero(np.append(True, owner[1:] != owner[:-1])[: len(owner)])
    return CloseLinks(snapshot, rules, owner[starts], np.append(starts, len(owner)).astype(np.int64), owned)


def _findings(links: CloseLinks) -> Iterator[Finding]:
    """Pairs with the holders that tie them, then holders with sets."""
    names = links.snapshot.party_ids
    company = ids(names, links.company).to_pylist()
    bounds, sizes = links.ptr.tolist(), np.diff(links.ptr)
    few = sizes[sizes <= MOST]
    most = MOST if (few * (few + 1) // 2).sum() <= PAIRS else 0
    sure = links.pack.confidence("close_link", "line")
    tied: dict[tuple[str, str], list[str]] = {}
    for k, holder in enumerate(ids(names, links.holder).to_pylist()):
        members = company[bounds[k] : bounds[k + 1]]
        if len(members) > most:
            figures = {"through": [holder], "companies": members, "confidence": sure}
            yield finding("close_link", [holder], rule=links.pack.name, figures=figures, about="party")
            continue
        direct = [(min(holder, member), max(holder, member)) for member in members]
        for pair in (*direct, *combinations(members, 2)):
            tied.setdefault(pair, []).append(holder)
    for pair, through in tied.items():
        yield finding("close_link", pair, rule=links.pack.name, through=through, confidence=sure)
