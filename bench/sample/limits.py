"""Stories of limits: on the line, near it, beyond it, and where there is nothing to measure against."""

from __future__ import annotations

from bench.sample.draft import Draft, yuan


def over_the_limit(d: Draft) -> None:
    """Hengjiang (蘅江): the leasing company (Tier 1 of 8,000) has 1,200 and 900 with two sisters.

    2,100 is above 25 % (2,000) by 100, and above the Chinese 20 % (1,600) by 500.
    """
    top = d.family_firm("HENGJIANG", ("蘅江集团", "Hengjiang Group"), ("公冶江", "Gongye Jiang"), 3_000, 900)
    for i, (zh, en, amount) in enumerate((("航运", "Shipping", 1_200), ("港务", "Ports", 900)), 2):
        unit = d.firm(f"HENGJIANG-0{i}", f"蘅江{zh}", f"Hengjiang {en}", 900, 700)
        d.owns(top, unit, "1")
        d.lent("LEASE", unit, amount, product="lease")
    group = "G:P-HENGJIANG-OWNER"
    d.plant("large", group, 2_100, "1,200 + 900, from 800", pack="EU-CRR")
    d.plant("limit_breach", group, 100, "2,100 - 2,000 at the leasing company", pack="EU-CRR")
    d.plant("limit_breach", group, 500, "2,100 - 1,600 at the leasing company", pack="CN-LE")
    row = {"scope": "group", "subject_id": group, "lender_id": "L-LEASE", "level": "solo"}
    for column, amount, figure in (
        ("limit", 2_000, "25 % of 8,000"), ("value", 2_100, "1,200 + 900"), ("excess", 100, "2,100 - 2,000"),
    ):  # fmt: skip
        d.number("limits", row, column, str(amount * 1_000_000), figure)
    for code, pack in (("must_investigate", "EU-CRR"), ("must_assess", "US-SCCL")):
        for unit, amount in (("C-HENGJIANG-02", 1_200), ("C-HENGJIANG-03", 900)):
            d.plant(code, unit, amount, "above 400, 5 % of the leasing company's Tier 1", pack=pack)


def on_the_line(d: Draft) -> None:
    """Yuezhou (樾洲) stands exactly at 10 % of the leasing company's Tier 1, Qinghu (磬湖) exactly at 25 %.

    800 is large in the EU, where the line itself counts; 2,000 is still allowed.
    """
    ten = d.family_firm("YUEZHOU", ("樾洲航空", "Yuezhou Air"), ("夹谷翔", "Jiagu Xiang"), 1_600, 1_900)
    full = d.family_firm("QINGHU", ("磬湖轨道", "Qinghu Rail"), ("即墨轨", "Jimo Gui"), 4_200, 3_500)
    d.lent("LEASE", ten, 800, product="lease")
    d.lent("LEASE", full, 2_000, product="lease")
    row = {"subject_id": "G:P-YUEZHOU-OWNER", "lender_id": "L-LEASE", "level": "solo"}
    d.number("large_exposures", row, "ratio_before", "0.1", "800 / 8,000")
    row = {"scope": "group", "subject_id": "G:P-QINGHU-OWNER", "lender_id": "L-LEASE", "level": "solo"}
    d.number("limits", row, "headroom", "0", "2,000 - 2,000")
    d.plant("large", "G:P-YUEZHOU-OWNER", 800, "exactly 10 % of 8,000", pack="EU-CRR")
    d.plant("limit_near", "G:P-QINGHU-OWNER", None, "2,000 of 2,000: full, not broken", pack="EU-CRR")


def house_limits(d: Draft) -> None:
    """Fushan (浮筅): the bank set 100 on the company and 300 on the group, and stands at 120 and 280."""
    top = d.family_firm("FUSHAN", ("浮筅茶业", "Fushan Tea"), ("巫马荈", "Wuma Chuan"), 420, 330)
    unit = d.firm("FUSHAN-02", "浮筅饮料", "Fushan Beverages", 150, 260)
    d.owns(top, unit, "1")
    d.lent("BANK", top, 120)
    d.lent("BANK", unit, 160)
    for scope, amount in (("party", 100), ("group", 300)):
        subject = top if scope == "party" else "P-FUSHAN-OWNER"
        d.add(
            "limits", scope=scope, subject_id=subject, lender_id="L-BANK", amount=yuan(amount), currency="CNY"
        )
    d.plant("limit_breach", top, 20, "120 - 100")
    d.plant("limit_near", "G:P-FUSHAN-OWNER", None, "280 of 300")


def untested(d: Draft) -> None:
    """The factoring company reports no capital: whatever it lends cannot be tested.

    Lichuan (栗钏) is its largest client.
    """
    firm = d.family_firm("LICHUAN", ("栗钏贸易", "Lichuan Trading"), ("南荣栗", "Nanrong Li"), 95, 480)
    d.lent("FACTOR", firm, 90, product="factoring")
    d.plant("untested", "YQ-FACTOR", None, "no Tier 1, no net capital")


def joint_credit(d: Draft) -> None:
    """Four firms with many banks: one must have a joint limit, one may, two are out of scope.

    Hongling (泓岭): 4 lenders and 6,000 of debt, at 93.75 % of its joint limit of 6,400. Shushi (漱砾): 3 and
    3,000. Tingtong (听桐): 5 lenders, only 1,900. Juexi (珏熙): 8,000, but two lenders.
    """
    rows = (
        ("HONGLING", "泓岭重装", "Hongling Heavy Equipment", 4, 6_000, "joint_credit_mandatory"),
        ("SHUSHI", "漱砾玻璃", "Shushi Glass", 3, 3_000, "joint_credit_voluntary"),
        ("TINGTONG", "听桐家电", "Tingtong Appliances", 5, 1_900, "joint_credit_none"),
        ("JUEXI", "珏熙照明", "Juexi Lighting", 2, 8_000, "joint_credit_none"),
    )
    for tag, zh, en, lenders, debt, code in rows:
        firm = d.firm(f"{tag}-01", zh, en, 2_500, 3_000, lender_count=lenders, external_debt=debt)
        d.lent("BANK", firm, 150, 110, product="revolving")
        d.plant(code, firm, None, f"{lenders} lenders, {debt:,}", pack="CN-JOINT")
    d.add("limits", scope="joint", subject_id="C-HONGLING-01", amount=yuan(6_400), currency="CNY")
    d.plant("joint_credit_warning", "C-HONGLING-01", None, "6,000 of 6,400: 93.75 %", pack="CN-JOINT")
