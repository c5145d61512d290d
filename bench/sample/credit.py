"""Stories of credit: facilities at value, shared limits, and what funds hold."""

from __future__ import annotations

from bench.sample.draft import Draft, day, yuan
from bench.sample.identifiers import uscc, wrong


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
    loans = [
        d.lent("BANK", company, limit, drawn, product="revolving", umbrella_id="U-YANPU")
        for company, limit, drawn in zip(members, (200, 200, 100), (120, 80, 40), strict=True)
    ]
    d.total("groups", "G:P-YANPU-OWNER", "gross", 264, "120 + 80 + 40 drawn, 40 % of the 60 that are left")
    d.total("groups", "G:P-YANPU-OWNER", "drawn", 240, "120 + 80 + 40")
    d.plant("umbrella_double_count", loans, 200, "200 + 200 + 100 - 300")


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
    d.total("party_exposures", vehicle, "gross", 220, "600 - 200 - 100 - 80")
    d.total("party_exposures", "C-LANHENG-02", "gross", 700, "500 of its own, 200 through the fund")
    d.total("party_exposures", "(unknown)", "gross", 80, "not identified")


def odd_records(d: Draft) -> None:
    """Biwu (碧梧) and neighbours: a missing amount, a currency without a rate, an unknown product, an overdraft.

    Nothing unknown becomes zero: totals leave it out and say so.
    """
    owner = d.person("BIWU-OWNER", "鲜于竹", "Xianyu Zhu")
    company = d.party("C-BIWU-01", "碧梧园林有限公司", "Biwu Gardens Co., Ltd.", equity=75, revenue=110,
                      uscc=wrong(uscc(9_001)))  # fmt: skip
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
    d.plant("rate_unknown", "GBP", figure="GBP")
    d.plant("unknown_product", strange, figure="orchard_lease")
    d.plant("drawn_above_limit", over, 2, figure="17 on a limit of 15")
    d.plant("identifier_invalid", company, figure="the last digit of its uscc is wrong")


def suppliers(d: Draft) -> None:
    """Heyin (荷隐) lives from two customers that have nothing to do with each other; Lianxu (涟溆) from one.

    55 % and 45 % of Heyin's receipts, and both are known to take it down: it counts in full with each of them.
    Lianxu gets exactly half from Xiwan: that connects in the EU, not under the Chinese rule of more than half.
    """
    firm = d.family_firm("HEYIN", ("荷隐模具", "Heyin Moulds"), ("尉迟模", "Yuchi Mo"), 70, 100)
    half = d.family_firm("LIANXU", ("涟溆包装", "Lianxu Packaging"), ("尉迟袋", "Yuchi Dai"), 30, 60)
    first, second, third = "C-LANHENG-01", "C-CHENGBO-01", "C-XIWAN-01"
    for customer, amount, share in ((first, 55, "0.55"), (second, 45, "0.45")):
        d.add("counterparties", party_id=firm, counterparty_id=customer, relation="customer", amount=yuan(amount),
              currency="CNY", share_of_receipts=share, replaceable=False)  # fmt: skip
        d.add("dependence", dependent_id=firm, on_id=customer, basis="distress_would_spread")
    d.add("dependence", dependent_id=half, on_id=third, basis="gross_receipts_share", strength="0.5")
    d.add("dependence", dependent_id=half, on_id=first, basis="sector_or_region")
    d.lent("BANK", firm, 40, 30, product="revolving")
    d.lent("FACTOR", half, 12, 9, product="factoring")
    d.plant("economic_dependence", (firm, first), None, "distress would spread")
    d.plant("economic_dependence", (half, third), None, "exactly 50 % of receipts", pack="EU-CRR")
    d.plant("party_in_several_groups", firm, None, "hangs on Lanheng and on Chengbo", pack="EU-CRR")


def no_owner_in_sight(d: Draft) -> None:
    """Luoyi (珞漪): five partners with 20 % each; nobody reaches 25 %, nobody controls."""
    firm = d.firm("LUOYI-01", "珞漪律咨", "Luoyi Advisory", 25, 60)
    partners = (("A", "公户平", "Gonghu Ping"), ("B", "公户直", "Gonghu Zhi"), ("C", "邴原衡", "Bing Yuanheng"),
                ("D", "麹正", "Qu Zheng"), ("E", "褚师允", "Chushi Yun"))  # fmt: skip
    for letter, zh, en in partners:
        d.owns(d.person(f"LUOYI-{letter}", zh, en), firm, "0.2")
    d.lent("BANK", firm, 8, 5, product="revolving")
    d.plant("no_beneficial_owner_by_ownership", firm, None, "five times 20 %", pack="EU-AMLR")


def couple(d: Draft) -> None:
    """A couple owes one mortgage together: it counts in full for each, and once for both."""
    wife = d.person("COUPLE-A", "东宫宁", "Donggong Ning")
    husband = d.person("COUPLE-B", "谯笪安", "Qiaoda An")
    loan = d.lent("BANK", wife, "2.4", product="mortgage")
    d.add("co_obligors", facility_id=loan, party_id=husband)
    d.add("kin", person_id=wife, relative_id=husband, relation="spouse")
    for party in (wife, husband):
        d.total("party_exposures", party, "gross", "2.4", "the whole debt")
    d.total("groups", "G:P-COUPLE-A", "gross", "2.4", "once for both", pack="CN-GROUP")
    d.add("collateral", collateral_id="K-COUPLE-1", owner_id=wife, kind="real_estate", value=yuan("3.6"),
          currency="CNY", registry_ref="REG-COUPLE-0001", valuation_date=day("2025-03-01"))  # fmt: skip
    d.add("pledges", collateral_id="K-COUPLE-1", facility_id=loan, amount=yuan("2.4"), currency="CNY", rank=1)


def markets(d: Draft) -> None:
    """The securities arm's own book: bonds of a global bank, covered bonds, a swap at its exposure value, a repo."""
    bank = d.party("B-MERIDIEM", "墨瑞迪恩银行", "Meridiem Bank plc", "bank", country="GB", gsib=True,
                   risk_weight="0.2", currency="USD", equity=40_000)  # fmt: skip
    d.lent("SEC-HK", bank, 30, currency="USD", product="bond")
    d.lent("SEC-HK", bank, 25, currency="USD", product="covered_bond")
    d.lent("SEC-HK", bank, 0, currency="USD", product="derivative", exposure_value=6)
    d.lent("SEC-HK", bank, 18, currency="USD", product="repo", cash_collateral=17)


def life_of_a_loan(d: Draft) -> None:
    """Suixu (岁序): proposed, running, matured but still drawn, matured and undrawn, closed, written off."""
    firm = d.family_firm("SUIXU", ("岁序钟表", "Suixu Clocks"), ("仲长时", "Zhongchang Shi"), 60, 75)
    past, future = {"start_date": day("2024-11-01"), "maturity_date": day("2026-05-01")}, day("2026-12-01")
    d.lent("BANK", firm, 10, 0, status="proposed", start_date=future)
    d.lent("BANK", firm, 12, 7, status="active", product="revolving")
    d.lent("BANK", firm, 5, 3, status="active", **past)
    d.lent("BANK", firm, 6, 0, status="active", **past)
    d.lent("BANK", firm, 4, 0, status="closed", **past)
    d.lent("BANK", firm, 3, 3, status="written_off", provision=3, **past)
    d.lent("BANK", firm, 20, 0, status="active", start_date=future)
    total = "7 + 40 % of 5; 3 + 40 % of 2; 40 % of 20 that starts later"
    d.total("groups", "G:P-SUIXU-OWNER", "gross", "20.8", total)
