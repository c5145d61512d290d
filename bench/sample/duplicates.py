"""Stories of credit that is counted twice: one invoice, one building, one borrower, one need."""

from __future__ import annotations

from bench.sample.draft import Cell, Draft, day, yuan


def recorded_twice(d: Draft) -> None:
    """Liqiu (栎丘): one contract of 50 went through two systems; it counts once.

    Two loans of 25 look like one as well, but have no contract number: both count, and a finding asks.
    """
    firm = d.family_firm("LIQIU", ("栎丘木业", "Liqiu Timber"), ("东里牧", "Dongli Mu"), 140, 230)
    ids = [d.lent("BANK", firm, 50, contract_ref="YQBANK-2025-LIQIU-A") for _ in range(2)]
    alike = [d.lent("BANK", firm, 25, contract_ref=None, start_date=day("2025-06-01")) for _ in range(2)]
    d.plant("duplicate_record", ids, 50, "the same contract of 50")
    d.total("groups", "G:P-LIQIU-OWNER", "gross", 100, "50 once, 25 twice")
    d.plant("duplicate_record", alike, 25, "same lender, amount and dates, no contract number")


def look_alikes(d: Draft) -> None:
    """Liansu (奁素) got 36 from the bank and 36 from the trust company on one day: perhaps one need, perhaps two."""
    firm = d.family_firm("LIANSU", ("奁素珠宝", "Liansu Jewels"), ("微生奁", "Weisheng Lian"), 190, 240)
    alike = [
        d.lent(
            lender, firm, 36, product=product, start_date=day("2026-02-02"), maturity_date=day("2027-02-02")
        )
        for lender, product in (("BANK", "term_loan"), ("TRUST", "trust_loan"))
    ]
    d.plant("near_duplicate", alike, 36, "36 and 36: all but the larger one")


def two_names(d: Draft) -> None:
    """Suyuan (溯芫): the leasing company knows the bank's client under an older name and another id.

    A reviewer judged the two to be one; two further look-alikes are different, and one pair is undecided.
    """
    firm = d.family_firm("SUYUAN", ("溯芫仪器", "Suyuan Instruments"), ("赫连测", "Helian Ce"), 170, 260)
    old = d.firm("SUYUAN-99", "溯芫仪器厂（旧名）", "Suyuan Instrument Works (former name)", 150)
    d.lent("BANK", firm, 80)
    d.lent("LEASE", old, 60, product="lease")
    d.add("same_as", party_id=firm, other_id=old, judgement="same", author="reviewer", date=day("2026-05-12"))
    other = d.firm("SUYUAN-98", "溯芫乐器", "Suyuan Music", 15, 20)
    third = d.firm("SUYUAN-97", "溯芫仪表", "Suyuan Gauges", 22, 35)
    d.lent("BANK", other, 6)
    d.lent("FACTOR", third, 5, product="factoring")
    d.add(
        "same_as",
        party_id=firm,
        other_id=other,
        judgement="different",
        author="reviewer",
        date=day("2026-05-12"),
    )
    d.add(
        "same_as",
        party_id=firm,
        other_id=third,
        judgement="unsure",
        author="reviewer",
        date=day("2026-05-12"),
    )
    d.plant("identity_merged", (firm, old), figure="140 are owed by one party")
    d.plant("identity_conflict", (firm, old), figure="the leasing company has other net assets on file")
    d.plant("duplicate_party", (firm, old), 60, "80 at the bank do not show the 60 at the leasing company")


def one_invoice(d: Draft) -> None:
    """Xunyang (洵漾): an invoice of 100 is financed with 80 by the factoring company and 70 by the bank."""
    firm = d.family_firm("XUNYANG", ("洵漾电器", "Xunyang Appliances"), ("钟离器", "Zhongli Qi"), 220, 540)
    both = [
        d.lent(lender, firm, amount, product=product, purpose_ref="INV-2026-0417", purpose_amount=100)
        for lender, amount, product in (("FACTOR", 80, "factoring"), ("BANK", 70, "term_loan"))
    ]
    d.plant("duplicate_credit", both, 50, "80 + 70 - 100")


def one_building(d: Draft) -> None:
    """Shuochuan (朔钏): one building under two ids, valued at 120 and 110, secures 80 and 60.

    The registry number is one, so the lower value counts: 30 are not covered. A crane worth 50 secures 65.
    """
    firm = d.family_firm("SHUOCHUAN", ("朔钏仓储", "Shuochuan Storage"), ("端木仓", "Duanmu Cang"), 160, 140)
    asset: dict[str, Cell] = {"owner_id": firm, "currency": "CNY", "valuation_date": day("2026-03-31")}
    loans = [d.lent("BANK", firm, 80), d.lent("LEASE", firm, 60, product="lease")]
    ids = ("K-SHUOCHUAN-1", "K-SHUOCHUAN-2")
    for collateral, value, loan, amount in zip(ids, (120, 110), loans, (80, None), strict=True):
        d.add("collateral", collateral_id=collateral, kind="real_estate", value=yuan(value),
              registry_ref="REG-SHUO-0088", **asset)  # fmt: skip
        d.add("pledges", collateral_id=collateral, facility_id=loan, amount=None if amount is None else yuan(amount),
              currency="CNY", rank=1)  # fmt: skip
    d.add("collateral", collateral_id="K-SHUOCHUAN-3", kind="equipment", value=yuan(50), **asset)
    for rank, amount in enumerate((30, 35), 1):
        d.add("pledges", collateral_id="K-SHUOCHUAN-3", facility_id=d.lent("LEASE", firm, amount, product="lease"),
              amount=yuan(amount), currency="CNY", rank=rank)  # fmt: skip
    d.plant("collateral_over_pledged", "REG-SHUO-0088", 30, "80 + 60 - 110, the lower value")
    d.plant("collateral_over_pledged", "K-SHUOCHUAN-3", 15, "30 + 35 - 50")


def too_much_in_total(d: Draft) -> None:
    """Youhe (攸和): each lender keeps its limit of 200, but the group's ceiling of 500 is passed by 40.

    Bank 190, leasing 180, trust 170. The first two are at 90 % or more of their own limits.
    """
    firm = d.family_firm("YOUHE", ("攸和地产", "Youhe Properties"), ("司寇居", "Sikou Ju"), 800, 650)
    for lender, amount, product in (
        ("BANK", 190, "term_loan"), ("LEASE", 180, "lease"), ("TRUST", 170, "trust_loan"),
    ):  # fmt: skip
        d.lent(lender, firm, amount, product=product)
        d.add(
            "limits",
            scope="party",
            subject_id=firm,
            lender_id=f"L-{lender}",
            amount=yuan(200),
            currency="CNY",
        )
    d.add("limits", scope="unified", subject_id=firm, amount=yuan(500), currency="CNY")
    d.plant("excess_credit", firm, 40, "190 + 180 + 170 - 500")
    d.plant("limit_near", firm, None, "190 and 180 of 200")
