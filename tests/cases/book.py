"""A worked case written down as a book of files, and the options that its parameters stand for."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent
MILLION: Final = 10**6
PACKS: Final = {
    "eu": "EU-CRR",
    "bas": "BASEL-LEX",
    "us": "US-SCCL",
    "cl": "ECB-CLOSE-LINKS",
    "ubo": "EU-AMLR",
}
CURRENCIES: Final = {"cn": "CNY", "us": "USD"}

Case = Mapping[str, Any]
Rows = list[dict[str, object]]


def cases() -> Iterator[Case]:
    """Every case, in the order of ids."""
    for path in sorted(FOLDER.glob("*.json")):
        yield json.loads(path.read_text("utf-8"), parse_float=Decimal)


def prefix(case: Case) -> str:
    """The family of a case: eu, bas, cn, ..."""
    return str(case["id"]).partition("-")[0]


def pack(case: Case) -> str:
    """The rule pack that a case speaks of; those without a regime of their own use the default."""
    if prefix(case) == "cn":
        return str(case["regime"])
    return PACKS.get(prefix(case), "EU-CRR")


def options(case: Case) -> list[str]:
    """The options that a case's parameters stand for, as the command line takes them."""
    named = []
    if case["params"].get("central_government_alternative"):
        named.append("central_government=alternative")
    return named


MODELS: Final = {"eisenberg-noe": "clearing", "rogers-veraart": "clearing", "debtrank": "debtrank"}
"""Model of a contagion case by its regime; a threshold cascade with facilities is the group cascade."""


def run(case: Case, folder: Path) -> list[str]:
    """The arguments of ``konzern contagion`` that a case stands for; SHOCK.csv is written where it needs one."""
    params, losses = case["params"], [p for p in case["parties"] if "initial_loss_share" in p["attrs"]]
    model = MODELS.get(str(case["regime"]), "group" if case["facilities"] else "threshold")
    words = ["--model", model]
    if params.get("initial_default"):
        words += ["--fail", ",".join(params["initial_default"])]
    for name in ("lgd", "alpha", "beta"):
        words += [f"--{name}", str(params[name])] if name in params else []
    if "recovery" in params:
        words += ["--option", f"recovery={params['recovery']}"]
    if losses:
        rows = [[p["id"], p["attrs"]["initial_loss_share"], p["attrs"].get("weight", "")] for p in losses]
        text = "".join(
            ",".join(map(str, row)) + "\n" for row in [["party_id", "loss_share", "weight"], *rows]
        )
        (folder / "SHOCK.csv").write_text(text, "utf-8")
        words += ["--shock", str(folder / "SHOCK.csv")]
    return words


def money(amount: object) -> object:
    """An amount of a case in units of money."""
    return "" if amount is None else Decimal(str(amount)) * MILLION


def write(case: Case, folder: Path) -> None:
    """Write the case as CSV tables."""
    currency = CURRENCIES.get(prefix(case), "EUR")
    for name, rows in tables(case, currency).items():
        if rows:
            names = list(dict.fromkeys(column for row in rows for column in row))
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, names, restval="")
                writer.writeheader()
                writer.writerows(rows)
    if not case["facilities"]:
        header = "facility_id,lender_id,obligor_id,product,limit,drawn,currency\n"
        (folder / "facilities.csv").write_text(header, "utf-8")


def tables(case: Case, currency: str) -> dict[str, Rows]:
    """Rows by table."""
    made: dict[str, Rows] = {
        "parties": [_party(p, currency) for p in case["parties"]],
        "lenders": _lenders(case, currency),
        "ownership": _renamed(case["ownership"], owner="owner_id", owned="owned_id"),
        "control": _control(case),
        "dependence": _renamed(case["dependence"], dependent="dependent_id", on="on_id"),
        "facilities": [],
        "liabilities": [
            {"debtor_id": x["debtor"], "creditor_id": x["creditor"], "amount": money(x["amount"]),
             "currency": currency}
            for x in case["liabilities"]
        ],
        "kin": [
            {"person_id": p["id"], "relative_id": other, "relation": relation}
            for p in case["parties"]
            for other, relation in p["attrs"].get("kin", {}).items()
        ],
    }  # fmt: skip
    for facility in case["facilities"]:
        _facility(facility, currency, made)
    for guarantee in case["guarantees"]:
        _guarantee(guarantee, currency, made)
    if prefix(case) == "guar" and "recovery" in case["params"]:
        _recovered(case, currency, made)
    for claimed in case["expected"]["limits"] if "unified_limit" in case["params"] else ():
        if str(claimed["scope"]).startswith("unified:"):
            subject = str(claimed["scope"]).removeprefix("unified:").split("+")[0]
            amount = money(case["params"]["unified_limit"])
            made.setdefault("limits", []).append(
                {"scope": "unified", "subject_id": subject, "amount": amount, "currency": currency}
            )
    for link, share in case["params"].get("revenue_share", {}).items():
        party, _, customer = link.partition("<-")
        made.setdefault("counterparties", []).append(
            {
                "party_id": party,
                "counterparty_id": customer,
                "relation": "customer",
                "share_of_receipts": share,
            }
        )
    return made


def _recovered(case: Case, currency: str, made: dict[str, Rows]) -> None:
    """What is recovered of the first debt, as collateral that is worth it."""
    asset = {"collateral_id": "RECOVERY", "value": money(case["params"]["recovery"]), "currency": currency}
    made.setdefault("collateral", []).append(asset)
    facility = case["facilities"][0]["id"]
    made.setdefault("pledges", []).append({"collateral_id": "RECOVERY", "facility_id": facility})


def _renamed(rows: Sequence[Case], **names: str) -> Rows:
    """Rows with some columns renamed; null becomes empty."""
    return [{names.get(k, k): "" if v is None else v for k, v in row.items()} for row in rows]


def _party(party: Case, currency: str) -> dict[str, object]:
    """A row of parties."""
    attrs = party["attrs"]
    row = {"party_id": party["id"], "name": party["id"], "kind": party["kind"], "currency": currency}
    for source, column in (
        ("equity", "equity"),
        ("external_assets", "external_assets"),
        ("external_liabilities", "external_liabilities"),
        ("debt", "external_debt"),
    ):
        row[column] = money(attrs.get(source))
    for source, column in (("risk_weight", "risk_weight"), ("gsib", "gsib"), ("lenders", "lender_count")):
        row[column] = attrs.get(source, "")
    return row


def _lenders(case: Case, currency: str) -> Rows:
    """The bank of the case and the other lenders that its facilities name."""
    bank = case["bank"]
    first = {
        "lender_id": bank["id"], "name": bank["id"], "tier1": money(bank["tier1"]),
        "net_capital": money(bank["total_capital"]), "currency": currency, "gsib": bank["gsib"],
    }  # fmt: skip
    told = case["params"].get("lenders", {})
    others = sorted(({f["lender"] for f in case["facilities"]} | set(told)) - {bank["id"]})
    rows = {
        name: {"parent_id": row["parent"], "party_id": row["party"], "tier1": money(row["tier1"])}
        for name, row in told.items()
    }
    return [first, *({"lender_id": b, "name": b, "currency": currency, **rows.get(b, {})} for b in others)]


def _control(case: Case) -> Rows:
    """Asserted control, and what the bank has documented as no single risk."""
    rows = [
        {
            "controller_id": c["controller"],
            "controlled_id": c["controlled"],
            "basis": c["basis"],
            "rebutted": "",
        }
        for c in case["control"]
    ]
    return rows + [
        {"controller_id": a, "controlled_id": b, "basis": "consolidation", "rebutted": "true"}
        for a, b in case["params"].get("control_not_single_risk", [])
    ]


def _facility(facility: Case, currency: str, made: dict[str, Rows]) -> None:
    """A row of facilities, and what its attributes say in other tables."""
    attrs, name = facility["attrs"], facility["id"]
    row = {
        "facility_id": name, "lender_id": facility["lender"], "obligor_id": facility["obligor"],
        "product": facility["product"], "limit": money(facility["limit"]), "drawn": money(facility["drawn"]),
        "currency": currency, "ccf": "" if facility["ccf"] is None else facility["ccf"],
        "umbrella_id": attrs.get("umbrella", ""), "purpose_ref": attrs.get("purpose_ref", ""),
        "purpose_amount": money(attrs.get("purpose_amount")), "residual_maturity": attrs.get("residual_maturity", ""),
        "cash_collateral": money(attrs.get("cash_collateral")),
    }  # fmt: skip
    made["facilities"].append(row)
    if "umbrella" in attrs and not any(
        u["umbrella_id"] == attrs["umbrella"] for u in made.get("umbrellas", [])
    ):
        made.setdefault("umbrellas", []).append(
            {"umbrella_id": attrs["umbrella"], "limit": money(attrs["umbrella_limit"]), "currency": currency}
        )
    for party, amount in attrs.get("underlying", {}).items():
        made.setdefault("underlyings", []).append(
            {"facility_id": name, "party_id": party, "amount": money(amount), "currency": currency}
        )
    if "collateral_ref" in attrs:
        asset = {
            "collateral_id": f"{attrs['collateral_ref']}/{name}", "value": money(attrs["collateral_value"]),
            "currency": currency, "registry_ref": attrs["collateral_ref"],
        }  # fmt: skip
        made.setdefault("collateral", []).append(asset)
        made.setdefault("pledges", []).append({"collateral_id": asset["collateral_id"], "facility_id": name})


def _guarantee(guarantee: Case, currency: str, made: dict[str, Rows]) -> None:
    """A row of guarantees and the facilities that it covers."""
    attrs = guarantee["attrs"]
    made.setdefault("guarantees", []).append(
        {
            "guarantee_id": guarantee["id"], "guarantor_id": guarantee["guarantor"], "form": guarantee["form"],
            "cap": money(guarantee["cap"]), "share": "" if guarantee["share"] is None else guarantee["share"],
            "currency": currency, "eligible": guarantee["eligible"],
            **{k: attrs[k] for k in ("original_maturity", "residual_maturity", "expiry_date") if k in attrs},
        }
    )  # fmt: skip
    for facility in guarantee["covers"]:
        made.setdefault("guarantee_covers", []).append(
            {"guarantee_id": guarantee["id"], "facility_id": facility}
        )
