"""What-if: may we lend this much to that party, what would it break, how much would be admissible; reservations."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from app import whatif as asked
from app.desk.opened import Desk, Row
from app.refusals import refusal
from exposure.whatif.whatif import Answer
from graph import reservations
from graph.errors import OptionError
from graph.model import MONEY
from graph.numbers import number
from graph.proposal import Proposal

_MOST: Final = Decimal(10) ** 16
_RESERVED: Final = pa.schema(
    [("number", pa.int64()), ("author", pa.string()), ("until", pa.string()), ("lender_id", pa.string()),
     ("party_id", pa.string()), ("amount", pa.decimal128(18, 2)), ("currency", pa.string())]
)  # fmt: skip


def proposal(desk: Desk, lender: str, obligor: str, product: str, amount: str, currency: str) -> Proposal:
    """A proposed facility, drawn in full; ``OptionError`` for what the book does not know."""
    if desk.number(obligor) is None:
        raise refusal(OptionError, "no_party", party=obligor)
    if lender not in desk.lenders or (desk.scope.lender and lender != desk.scope.lender):
        raise refusal(OptionError, "no_lender", lender=lender)
    value = number(amount)
    if value is None or not 0 < value < _MOST or value != value.quantize(Decimal("0.01")):
        raise refusal(OptionError, "bad_amount", amount=amount)
    name = f"WHATIF-{lender}-{obligor}"
    values = {
        "facility_id": name, "lender_id": lender, "obligor_id": obligor, "product": product, "currency": currency,
        "limit": int(value * MONEY.scale),
    }  # fmt: skip
    return Proposal("facility", values)


def answered(desk: Desk, **told: str) -> Row:
    """What a proposed facility would do, beside what is reserved already."""
    change = proposal(desk, **told)
    return _shown(desk, desk.whatif.ask([change], _held(desk)))


def _active(desk: Desk) -> list[reservations.Reservation]:
    """The reservations that hold now."""
    return reservations.active(desk.store.journal.records(), asked.now(), desk.booked)


def _held(desk: Desk) -> list[Proposal]:
    """What is reserved; for one lender's scope only what that lender reserved."""
    held = reservations.held(_active(desk))
    return [p for p in held if not desk.scope.lender or p.text("lender_id") == desk.scope.lender]


def _shown(desk: Desk, answer: Answer) -> Row:
    """An answer with names, and its ``tables`` as they are downloaded."""
    held, binding = dict(answer.tables), answer.binding
    if desk.scope.lender:  # one lender's part of a consolidated figure would be a wrong number
        held["limits"] = held["limits"].filter(pc.not_equal(held["limits"]["level"], "consolidated"))
        binding = None if binding is not None and binding["level"] == "consolidated" else binding
    tables = {name: table.to_pylist() for name, table in held.items()}
    for row in tables["limits"]:
        row["names"] = desk.group_names(row["subject_id"])
        row["lender"] = desk.lender(row["lender_id"])
    for row in tables["groups"]:
        row["names"] = desk.group_names(row["group_id"])
    for row in tables["rings"]:
        row["names"] = [desk.names(m) for m in row["members"]]
    return {
        "fits": answer.fits, "asked": _money(answer.asked), "largest": _money(answer.largest), "currency": answer.currency,
        "binding": None if binding is None else {
            **binding, "names": desk.group_names(binding["subject_id"]),
            "lender": desk.lender(binding["lender_id"]),
        },
        "untested": answer.untested, **tables, "tables": held,
    }  # fmt: skip


def _money(units: int | None) -> Decimal | None:
    """Minor units as a decimal."""
    return None if units is None else Decimal(units).scaleb(-2)


def reserve(desk: Desk, hours: int, *, principal: Any, **told: Any) -> Row:
    """Hold the headroom for so many hours, if the facility fits beside what is held already, over all lenders too."""
    change = proposal(
        desk, **{name: told[name] for name in ("lender", "obligor", "product", "amount", "currency")}
    )
    lender = desk.scope.lender
    record, answer = asked.reserved(desk.analysis, desk.store.url, [change], hours, principal.name, lender)
    return {**_shown(desk, answer), "number": record.number}


def reserved(desk: Desk) -> Row:
    """What is reserved now, in one lender's scope only its own: ``rows`` with names, and the ``table`` of them.

    By number: who reserved until when at which lender for whom how much.
    """
    made: list[Row] = [
        {
            "number": held.number, "author": held.author, "until": held.until.isoformat()[:16].replace("T", " "),
            "lender_id": p.text("lender_id"), "party_id": p.text("obligor_id"), "amount": _money(p.units("limit")),
            "currency": p.text("currency"),
        }
        for held in _active(desk)
        for p in held.changes
    ]  # fmt: skip
    made = [r for r in made if not desk.scope.lender or r["lender_id"] == desk.scope.lender]
    shown = [{**r, "lender": desk.lender(r["lender_id"]), "names": desk.names(r["party_id"])} for r in made]
    return {"rows": shown, "table": pa.Table.from_pylist(made, _RESERVED)}
