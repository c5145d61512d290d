"""What-if: may we lend this much to that party, what would it break, how much would be admissible; reservations."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Final

from app import whatif as asked
from app.desk.opened import Desk, Row
from exposure.whatif.whatif import Answer
from graph import reservations
from graph.errors import OptionError
from graph.model import MONEY
from graph.proposal import Proposal

_MOST: Final = Decimal(10) ** 16


def proposal(desk: Desk, lender: str, obligor: str, product: str, amount: str, currency: str) -> Proposal:
    """A proposed facility, drawn in full; ``OptionError`` for what the book does not know."""
    if desk.number(obligor) is None:
        raise OptionError(f"no party {obligor!r}: choose a party of the book")
    if lender not in desk.lenders or (desk.scope.lender and lender != desk.scope.lender):
        raise OptionError(f"no lender {lender!r}")
    try:
        value = Decimal(amount)
    except InvalidOperation:
        value = Decimal(-1)
    if not 0 < value < _MOST or value != value.quantize(Decimal("0.01")):
        raise OptionError(f"amount {amount}: write a positive amount with at most two decimals")
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


def _held(desk: Desk) -> list[Proposal]:
    """What is reserved; for one lender's scope only what that lender reserved."""
    records = desk.store.journal.records()
    held = (
        reservations.held(reservations.active(records, asked.now(), asked.granted(desk.analysis)))
        if records
        else []
    )
    return [p for p in held if not desk.scope.lender or p.text("lender_id") == desk.scope.lender]


def _shown(desk: Desk, answer: Answer) -> Row:
    """An answer with names."""
    tables = {name: table.to_pylist() for name, table in answer.tables.items()}
    binding = answer.binding
    if desk.scope.lender:  # one lender's part of a consolidated figure would be a wrong number
        tables["limits"] = [r for r in tables["limits"] if r["level"] != "consolidated"]
        binding = None if binding is not None and binding["level"] == "consolidated" else binding
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
        "untested": answer.untested, **tables,
    }  # fmt: skip


def _money(units: int | None) -> Decimal | None:
    """Minor units as a decimal."""
    return None if units is None else Decimal(units).scaleb(-2)


def reserve(desk: Desk, hours: int, *, principal: Any, **told: Any) -> Row:
    """Hold the headroom for so many hours, if the facility fits beside what is held already."""
    change = proposal(
        desk, **{name: told[name] for name in ("lender", "obligor", "product", "amount", "currency")}
    )
    record, answer = asked.reserved(desk.analysis, desk.store.url, [change], hours, principal.name)
    return {**_shown(desk, answer), "number": record.number}


def reserved(desk: Desk) -> list[Row]:
    """What is reserved now: number, by whom, until when, for whom, how much; in one lender's scope only its own."""
    records = desk.store.journal.records()
    active = reservations.active(records, asked.now(), asked.granted(desk.analysis)) if records else []
    made = [
        {
            "number": held.number, "author": held.author, "until": held.until.isoformat()[:16].replace("T", " "),
            "lender": desk.lender(p.text("lender_id")), "lender_id": p.text("lender_id"),
            "names": desk.names(p.text("obligor_id")), "amount": _money(p.units("limit")), "currency": p.text("currency"),
        }
        for held in active
        for p in held.changes
    ]  # fmt: skip
    return [r for r in made if not desk.scope.lender or r["lender_id"] == desk.scope.lender]
