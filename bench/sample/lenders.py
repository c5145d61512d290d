"""The banking group itself: six lending subsidiaries under one parent, rates, and claims inside the group."""

from __future__ import annotations

from decimal import Decimal

from bench.sample.draft import RATES, Draft, day, yuan

LENDERS = (
    # lender, party, Chinese, English, kind, country, tier 1, net capital (millions)
    ("BANK", "云峤银行股份有限公司", "Yunqiao Bank Co., Ltd.", "bank", "CN", 40_000, 50_000),
    ("LEASE", "云峤金融租赁有限公司", "Yunqiao Financial Leasing Co., Ltd.", "other", "CN", 8_000, 10_000),
    ("TRUST", "云峤信托有限公司", "Yunqiao Trust Co., Ltd.", "other", "CN", 6_000, 7_000),
    ("FACTOR", "云峤商业保理有限公司", "Yunqiao Commercial Factoring Co., Ltd.", "other", "CN", None, None),
    ("CONSUMER", "云峤消费金融有限公司", "Yunqiao Consumer Finance Co., Ltd.", "other", "CN", 2_000, 2_400),
    ("SEC-HK", "云峤证券（香港）有限公司", "Yunqiao Securities (Hong Kong) Limited", "other", "HK", 500, 600),
)


def banking_group(d: Draft) -> None:
    """The Yunqiao group lends through six companies; the securities arm sits in Hong Kong and counts in USD.

    The factoring company reports no capital, so nothing can be tested against it.
    """
    d.party(
        "YQ-GROUP",
        "云峤金融控股集团股份有限公司",
        "Yunqiao Financial Holdings Co., Ltd.",
        "other",
        listed=True,
    )
    d.add(
        "lenders", lender_id="L-YUNQIAO", name="云峤金融控股集团", party_id="YQ-GROUP", tier1=yuan(45_000),
        net_capital=yuan(52_000), tier1_consolidated=yuan(60_000), net_capital_consolidated=yuan(75_000),
        currency="CNY", gsib=False,
    )  # fmt: skip
    for tag, zh, en, kind, country, tier1, capital in LENDERS:
        d.party(
            f"YQ-{tag}", zh, en, kind, country=country, risk_weight=Decimal("0.2") if kind == "bank" else None
        )
        d.owns("YQ-GROUP", f"YQ-{tag}", "1")
        d.add(
            "lenders", lender_id=f"L-{tag}", name=zh, parent_id="L-YUNQIAO", party_id=f"YQ-{tag}",
            tier1=None if tier1 is None else yuan(tier1), net_capital=None if capital is None else yuan(capital),
            currency="USD" if country == "HK" else "CNY", gsib=False,
        )  # fmt: skip
    d.lent("BANK", "YQ-LEASE", 600, product="interbank", facility_id="F-BANK-INTRA-1")
    d.lent("BANK", "YQ-CONSUMER", 400, product="interbank", facility_id="F-BANK-INTRA-2")


def rates(d: Draft) -> None:
    """Rates by quarter over two years; on 2026-09-30 a dollar is 7.1 and a euro 8 yuan."""
    quarters = ("2024-09-30", "2024-12-31", "2025-03-31", "2025-06-30", "2025-09-30", "2025-12-31",
                "2026-03-31", "2026-06-30", "2026-09-30")  # fmt: skip
    usd = ("7.01", "7.29", "7.25", "7.17", "7.12", "7.05", "7.08", "7.11", str(RATES["USD"]))
    eur = ("7.82", "7.58", "7.84", "8.39", "8.36", "8.27", "8.15", "8.06", str(RATES["EUR"]))
    for i, date in enumerate(quarters):
        for currency, rate in (("CNY", "1"), ("USD", usd[i]), ("EUR", eur[i])):
            d.add("fx", currency=currency, date=day(date), rate=rate)
