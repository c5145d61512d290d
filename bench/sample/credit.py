"""Stories of credit: facilities at value, shared limits, and what funds hold."""

from __future__ import annotations

from bench.sample.draft import Draft, yuan


def umbrella(d: Draft) -> None:
    """Yanpu (砚浦): three companies share one limit of 300; their own limits add up to 500."""
    owner = d.person("YANPU-OWNER", "谷梁昭", "Guliang Zhao")
    top = d.firm("YANPU-01", "砚浦造纸集团", "Yanpu Paper Group", 520, 900)
    d.owns(owner, top, "1")
    d.add("umbrellas", umbrella_id="U-YANPU", limit=yuan(300), currency="CNY")
    members = [top]
    for i, (zh, en) in enumerate((("砚浦纸业", "Yanpu Paper"), ("砚浦印刷", "Yanpu Printing")), 2):
        unit = d.firm(f"YANPU-0{i}", f"{zh}", f"{en}", 100, 220)
        d.owns(top, unit, "1")
        members.append(unit)
    for company, limit, drawn in zip(members, (200, 200, 100), (120, 80, 40), strict=True):
        d.lent("BANK", company, limit, drawn, product="revolving", umbrella_id="U-YANPU")
    d.plant("umbrella_double_count", "G:P-YANPU-OWNER", 200, "200 + 200 + 100 - 300")


def fund(d: Draft) -> None:
    """Jichuan (霁川): the trust company holds 600 of a fund's units.

    From 15 (0.25 % of its Tier 1 of 6,000) the holdings are looked through: 200 and 100 to named companies; two
    of 5 stay with the fund, 80 is not identified, and the rest of 210 is cash of the fund.
    """
    manager = d.firm("JICHUAN-01", "霁川资产管理", "Jichuan Asset Management", 60, 45)
    vehicle = d.party("FUND-JICHUAN-01", "霁川稳健一号基金", "Jichuan Steady No. 1 Fund", "fund")
    small = [
        d.firm("JICHUAN-11", "小满农机", "Xiaoman Farm Machines", 12, 30),
        d.firm("JICHUAN-12", "谷雨种业", "Guyu Seeds", 14, 28),
    ]
    owner = d.person("JICHUAN-OWNER", "梁丘棠", "Liangqiu Tang")
    for company in (manager, *small):
        d.owns(owner if company == manager else f"P-{company[2:]}", company, "1")
    d.person("JICHUAN-11", "阳佟小满", "Yangtong Xiaoman")
    d.person("JICHUAN-12", "阳佟谷雨", "Yangtong Guyu")
    facility = d.lent("TRUST", vehicle, 600, product="fund_units")
    held = [("C-LANHENG-02", 200), ("C-XIWAN-01", 100), (small[0], 5), (small[1], 5), (None, 80)]
    for party, amount in held:
        d.add("underlyings", facility_id=facility, party_id=party, amount=yuan(amount), currency="CNY")
    d.lent("BANK", manager, 20, 10, product="revolving")


def recorded_twice(d: Draft) -> None:
    """Liqiu (栎丘): one contract of 50 went through two systems; it counts once."""
    owner = d.person("LIQIU-OWNER", "东里牧", "Dongli Mu")
    company = d.firm("LIQIU-01", "栎丘木业", "Liqiu Timber", 140, 230)
    d.owns(owner, company, "1")
    ids = [d.lent("BANK", company, 50, contract_ref="YQBANK-2025-LIQIU-A") for _ in range(2)]
    d.plant("duplicate_record", ids, 50, "the same contract of 50")


def odd_records(d: Draft) -> None:
    """Biwu (碧梧) and neighbours: a missing amount, a currency without a rate, an unknown product, an overdraft.

    Nothing unknown becomes zero: totals leave it out and say so.
    """
    owner = d.person("BIWU-OWNER", "鲜于竹", "Xianyu Zhu")
    company = d.party("C-BIWU-01", "碧梧园林有限公司", "Biwu Gardens Co., Ltd.", equity=75, revenue=110,
                      uscc="91990001MA0BIWU018")  # fmt: skip
    unit = d.party(
        "C-BIWU-02", "碧梧海外有限公司", "Biwu Overseas Limited", country="HK", equity=9, revenue=15
    )
    d.owns(owner, company, "1")
    d.owns(company, unit, "1")
    blank = d.lent("BANK", company, 20)
    d.tables["facilities"][-1]["drawn"] = None
    d.lent("SEC-HK", unit, 4, currency="GBP", product="margin_loan")
    strange = d.lent("LEASE", company, 10, 6, product="orchard_lease")
    over = d.lent("BANK", company, 15, 17, product="overdraft")
    d.plant("amount_unknown", blank, figure="drawn")
    d.plant("rate_unknown", (), figure="GBP")
    d.plant("unknown_product", strange, figure="orchard_lease")
    d.plant("drawn_above_limit", over, figure="17 on a limit of 15")
    d.plant("identifier_invalid", company, figure="the last digit of its uscc is wrong")
