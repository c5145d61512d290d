"""Stories of early warnings: what got worse, what is late, what changed, and what is old."""

from __future__ import annotations

from bench.sample.draft import Draft, day, yuan


def downgrade(d: Draft) -> None:
    """Luoxi (落汐): rated A in June 2025 and BBB- in June 2026."""
    firm = d.family_firm("LUOXI", ("落汐影业", "Luoxi Pictures"), ("第二影", "Di'er Ying"), 130, 90)
    for date, rating, pd in (("2025-06-30", "A", "0.002"), ("2026-06-30", "BBB-", "0.011")):
        d.add("ratings", party_id=firm, date=day(date), agency="Yunqiao internal", rating=rating, pd=pd)
    d.lent("BANK", firm, 60, 45, product="revolving")
    d.plant("rating_downgrade", firm, 51, "A to BBB-; 45 + 40 % of 15", pack="EU-CRR")
    d.plant(
        "equity_unknown",
        (),
        None,
        "its owner loses 130 and has no equity on record",
        pack="contagion group C-LUOXI-01",
    )
    d.plant("pd_unknown", (), None, "no party has a probability of its own", pack="contagion monte-carlo")


def late(d: Draft) -> None:
    """Chiyan (迟砚): 5 fell due on 16 August, nothing came; 45 days later it is still open."""
    firm = d.family_firm("CHIYAN", ("迟砚文具", "Chiyan Stationery"), ("佘拾", "She Shi"), 55, 70)
    loan = d.lent("BANK", firm, 30, days_past_due=45)
    for date, paid in (("2026-02-16", 5), ("2026-05-16", 5), ("2026-08-16", 0)):
        d.add("repayments", facility_id=loan, due_date=day(date), due=yuan(5), paid=yuan(paid),
              paid_date=day(date) if paid else None, currency="CNY")  # fmt: skip
    d.plant("past_due", loan, 30, "45 days")


def suddenly_drawn(d: Draft) -> None:
    """Jili (亟励): 20 of 100 drawn until the end of June, 95 since."""
    firm = d.family_firm("JILI", ("亟励商贸", "Jili Trading"), ("公西急", "Gongxi Ji"), 140, 500)
    line = d.lent("BANK", firm, 100, 20, product="revolving", valid_to=day("2026-07-01"))
    d.lent("BANK", firm, 100, 95, product="revolving", facility_id=line, valid_from=day("2026-07-01"))
    d.plant("utilisation_jump", line, 75, "20 % to 95 %: 95 - 20")


def takeover(d: Draft) -> None:
    """Anlan (岸阑) bought 60 % of Puyuan (璞垣) on 15 August: two groups became one."""
    buyer = d.family_firm("ANLAN", ("岸阑投资", "Anlan Investment"), ("仲孙岸", "Zhongsun An"), 620, 210)
    target = d.firm("PUYUAN-01", "璞垣玉器", "Puyuan Jade", 110, 130)
    shop = d.firm("PUYUAN-02", "璞垣零售", "Puyuan Retail", 18, 60)
    seller = d.person("PUYUAN-OWNER", "轩辕璞", "Xuanyuan Pu")
    since = day("2026-08-15")
    d.owns(seller, target, "1", valid_to=since)
    d.owns(seller, target, "0.4", valid_from=since)
    d.owns(buyer, target, "0.6", valid_from=since)
    d.owns(target, shop, "1")
    d.lent("BANK", buyer, 150, 120, product="revolving")
    d.lent("BANK", target, 40)
    d.lent("LEASE", shop, 12, product="lease")
    d.plant("new_link", (buyer, target), 52, "60 % since 2026-08-15; 40 + 12 hang on it")
    d.plant("group_merged", "G:P-ANLAN-OWNER", 184, "took in the group of P-PUYUAN-OWNER: 120 + 40 % of 30 + 40 + 12",
            pack="EU-CRR")  # fmt: skip


def old_figures(d: Draft) -> None:
    """Chidu (尺牍) last sent accounts for 2023, and its press was valued in March 2022."""
    firm = d.family_firm("CHIDU", ("尺牍出版", "Chidu Press"), ("梁垣牍", "Liangyuan Du"), 48, 36)
    d.add("financials", party_id=firm, period_end=day("2023-12-31"), revenue=yuan(36), net_income=yuan(1),
          total_assets=yuan(90), total_debt=yuan(42), equity=yuan(48), cash=yuan(3),
          operating_cash_flow=yuan(2), currency="CNY")  # fmt: skip
    loan = d.lent("BANK", firm, 20)
    d.add("collateral", collateral_id="K-CHIDU-1", owner_id=firm, kind="equipment", value=yuan(28), currency="CNY",
          registry_ref="REG-CHIDU-0001", valuation_date=day("2022-03-31"))  # fmt: skip
    d.add("pledges", collateral_id="K-CHIDU-1", facility_id=loan, amount=yuan(20), currency="CNY", rank=1)
    d.plant("stale_data", firm, 20, "accounts of 2023-12-31")


def in_default(d: Draft) -> None:
    """Pingjue (萍决) pays the trust company nothing since June: 120 days, more than the 90 of a default.

    It has a joint credit limit of 2,500, of which little is used; the trust company's loan alone is a warning.
    """
    firm = d.family_firm(
        "PINGJUE",
        ("萍决海运", "Pingjue Shipping"),
        ("闻人舟", "Wenren Zhou"),
        160,
        420,
        lender_count=3,
        external_debt=2_100,
    )
    loan = d.lent("TRUST", firm, 40, product="trust_loan", days_past_due=120)
    d.lent("BANK", firm, 60)
    d.add("limits", scope="joint", subject_id=firm, amount=yuan(2_500), currency="CNY")
    d.plant("past_due", loan, 40, "120 days")
    d.plant("default", firm, 100, "120 days past due; 40 + 60 owed")
    d.plant("joint_credit_warning", firm, 40, "120 days past due at the trust company", pack="CN-JOINT")
    d.plant("joint_credit_voluntary", firm, None, "3 lenders, 2,100", pack="CN-JOINT")
