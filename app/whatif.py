"""What-if at the command line: an answer in sentences and tables, and reservations in a store's journal."""

from __future__ import annotations

import datetime as dt
import getpass
import json
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.sentences import sentences
from app.source import compiled, store_of
from graph import reservations
from graph.errors import OptionError, StoreError
from graph.proposal import PROPOSALS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from exposure.report import Analysis
    from exposure.whatif.whatif import Answer, WhatIf
    from graph.journal import Record
    from graph.proposal import Proposal
    from graph.snapshot import Snapshot
    from graph.store import Store


def now() -> dt.datetime:
    """The time of day, in UTC."""
    return dt.datetime.now(dt.UTC)


def store(source: str) -> Store:
    """The store of a source; ``OptionError`` for a folder of files, which has no journal."""
    found = store_of(source)
    if found is None:
        raise OptionError(f"{source!r} is a folder of files: reservations need a store, such as book:PATH")
    return found


@dataclass(frozen=True)
class Booked:
    """Tells of some ids those that are facilities or guarantees of a book, and whether each is granted.

    A facility may be there as proposed. An id costs a pass over the ids of each table in compiled code, once: what was
    told is remembered (None = not in the book), since the snapshot is frozen.
    """

    snapshot: Snapshot
    _told: dict[str, bool | None] = field(default_factory=dict, repr=False, compare=False)

    def __call__(self, names: Collection[str]) -> dict[str, bool]:
        """Those of the names that are in the book."""
        fresh = set(names) - self._told.keys()
        if fresh:
            self._told.update(dict.fromkeys(fresh))
            self._told.update(self._found(fresh))
        told = {name: self._told[name] for name in names}
        return {name: granted for name, granted in told.items() if granted is not None}

    def _found(self, names: Collection[str]) -> dict[str, bool]:
        """The same, looked up."""
        import pyarrow as pa
        import pyarrow.compute as pc

        wanted = pa.array(sorted(names), pa.string())
        facilities, given = self.snapshot.tables["facilities"], self.snapshot.tables["guarantees"]
        held = given.text("guarantee_id")
        found = dict.fromkeys(held.filter(pc.is_in(held, wanted)).to_pylist(), True)
        held = facilities.text("facility_id")
        at = pc.indices_nonzero(pc.is_in(held, wanted)).to_pylist()
        if not at:
            return found
        codes, words = facilities.words("status")
        granted = [word.strip().casefold() != "proposed" for word in words] + [True]
        return found | {held[i].as_py(): granted[codes[i]] for i in at}


def answered(analysis: Analysis, source: str, changes: Sequence[Proposal]) -> Answer:
    """The answer beside what is reserved in the source's journal, if it is a store."""
    from exposure.whatif.whatif import WhatIf

    found = store_of(source)
    records = found.journal.records() if found else []
    held = reservations.held(reservations.active(records, now(), Booked(analysis.snapshot)))
    return WhatIf.of(analysis).ask(changes, held)


def reserved(
    analysis: Analysis, source: str, changes: Sequence[Proposal], hours: float, author: str, part: str = ""
) -> tuple[Record, Answer]:
    """Hold the changes for so many hours, if they fit beside what is held; ``NoHeadroomError`` if they do not.

    An analysis of one lender's claims, or of the ``part`` of the book that one lender may know, does not see what
    others lend: beside it the limits over all lenders are tested, on the whole book and beside everybody's
    reservations. The answer is that of the analysis asked, and a refusal says no figure, so that it tells of others
    no more than that there is not enough left. Raises ``StoreError`` where the book was replaced by a newer version
    meanwhile.
    """
    from exposure.whatif.whatif import WhatIf

    found, whatif = store(source), WhatIf.of(analysis)
    over_all = _over_all(analysis, found, part)

    def decide(held: list[Proposal]) -> Answer | None:
        if found.latest() != analysis.snapshot.version:
            raise StoreError("the book has a newer version than the one that was asked: ask again")
        mine = [change for change in held if not part or change.text("lender_id") == part]
        answer = whatif.ask(changes, mine)
        beyond = over_all is None or over_all.ask(changes, held).fits
        return answer if answer.fits and beyond else None

    at = now()
    try:
        until = at + dt.timedelta(hours=hours)
    except (ValueError, OverflowError):
        raise OptionError(f"--hours {hours}: no time that a calendar has; give hours such as 24") from None
    return reservations.reserve(
        *(found.journal, changes, decide), author=author or getpass.getuser(), now=at, until=until,
        booked=Booked(analysis.snapshot if over_all is None else over_all.analysis.snapshot),
    )  # fmt: skip


def _over_all(analysis: Analysis, found: Store, part: str) -> WhatIf | None:
    """Questions about all lenders together; None where the analysis itself sees them all."""
    from exposure.report import Analysis as Made
    from exposure.whatif.whatif import WhatIf

    snapshot, request = analysis.snapshot, analysis.request
    if not part and request.lender is None:
        return None
    whole = snapshot
    if part:
        whole, _ = compiled(
            found.url, as_of=f"{snapshot.as_of}", base=snapshot.base, version=snapshot.version
        )
    return WhatIf.of(Made(whole, replace(request, lender=None)))


def words(language: str) -> dict[str, str]:
    """Sentences by key in ``en`` or ``zh``."""
    return sentences("whatif", language)


def as_text(answer: Answer, base: str, language: str) -> str:
    """What people read first: whether it fits, which limit binds, and how much would be admissible."""
    say = words(language)
    lines = [say["fits" if answer.fits else "breaks"]]
    if answer.asked is not None:
        amounts = {"asked": _amount(answer.asked), "currency": answer.currency}
        if answer.largest is not None:
            amounts["largest"] = _amount(answer.largest)
        lines.append(say["unbound" if answer.largest is None else "asked"].format_map(amounts))
    if answer.binding is not None:
        row = answer.binding
        where = " ".join(str(row[c]) for c in ("scope", "subject_id", "lender_id", "level") if row[c])
        amounts = {name: f"{row[name]:,}" for name in ("after", "limit", "headroom")}
        lines.append(say["binding"].format(rule=row["rule"], where=where, base=base, **amounts))
    if answer.untested:
        lines.append(say["untested"].format(count=answer.untested))
    lines += [
        say["ring"].format(kind=ring["kind"], members=", ".join(ring["members"]))
        for ring in answer.tables["rings"].to_pylist()
    ]
    return "\n".join(lines)


def _shown(change: Proposal) -> dict[str, object]:
    """What a change says, amounts and shares as decimals."""
    places = {column.name: column.kind.places for column in PROPOSALS[change.kind] if column.kind.scale}
    return {
        name: Decimal(said).scaleb(-places[name]) if name in places and isinstance(said, int) else said
        for name, said in change.values.items()
    }


def write(answer: Answer, out: Path) -> None:
    """The tables of an answer as Parquet and CSV, and ``answer.json``, all of it or nothing."""
    from app import output

    with output.beside(out) as folder:
        output.write_tables(answer.tables.items(), folder, output.PER_TABLE)
        text = json.dumps(answer.as_dict(), ensure_ascii=False, indent=1, default=output.plain)
        (folder / "answer.json").write_text(text + "\n", "utf-8")


def _amount(units: int) -> str:
    """Minor units as people write them."""
    return f"{Decimal(units).scaleb(-2):,}"


def listed(found: Store) -> list[dict[str, Any]]:
    """The reservations of a store that hold now."""
    records = found.journal.records()
    active = reservations.active(records, now())
    if active and found.latest():
        active = reservations.active(records, now(), Booked(found.snapshot()))
    return [
        {
            "number": r.number,
            "author": r.author,
            "subject": r.subject,
            "until": r.until.isoformat(timespec="minutes"),
            "changes": [{"kind": c.kind, **_shown(c)} for c in r.changes],
        }
        for r in active
    ]
