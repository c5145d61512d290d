"""Stories of guarantees: pairs, rings, joint circles, chains, and promises that are worth little."""

from __future__ import annotations

from decimal import Decimal

from bench.sample.draft import Cell, Draft, day, yuan


def swap(d: Draft) -> None:
    """Shuting (黍汀) and Suyu (粟屿) guarantee each other: 60 one way, 40 of 45 the other way.

    The pair counts with its weaker side, 40.
    """
    a = d.family_firm("SHUTING", ("黍汀农产", "Shuting Produce"), ("乌稽禾", "Wuji He"), 200, 310)
    b = d.family_firm("SUYU", ("粟屿粮贸", "Suyu Grain Trade"), ("乌稽麦", "Wuji Mai"), 180, 280)
    loan_a, loan_b = d.lent("BANK", a, 45), d.lent("BANK", b, 60)
    d.guarantees(a, [loan_b])
    d.guarantees(b, [loan_a], "capped", 40)
    d.plant("mutual_guarantee", (a, b), 40, "the smaller of 60 and 40")
    d.plant("guarantee_swap", (a, b), 40, "60 for 40: 40 stand against each other")


def ring(d: Draft) -> None:
    """Qingtan (青潭): four market traders, each guaranteed by the next: a ring with 25 as its weakest link."""
    firms = []
    names = (("布行", "Cloth", "谌织", "Chen Zhi"), ("茶行", "Tea", "谌茗", "Chen Ming"),
             ("米行", "Rice", "谌稻", "Chen Dao"), ("盐行", "Salt", "谌咸", "Chen Xian"))  # fmt: skip
    for i, (zh, en, owner, spelled) in enumerate(names, 1):
        firm = d.firm(f"QINGTAN-0{i}", f"青潭{zh}", f"Qingtan {en}", 100, 160)
        d.owns(d.person(f"QINGTAN-{i}", owner, spelled), firm, "1")
        firms.append(firm)
    loans = [d.lent("BANK", firm, amount) for firm, amount in zip(firms, (30, 25, 40, 35), strict=True)]
    for loan, guarantor in zip(loans, [*firms[1:], firms[0]], strict=True):
        d.guarantees(guarantor, [loan])
    d.plant("guarantee_ring", firms, 25, "the least of 30, 25, 40 and 35")


def joint_circle(d: Draft) -> None:
    """Five growers of one village borrow 8 each, and all stand for all (联保)."""
    names = (("榆荫蔬菜", "Yuyin Vegetables"), ("桑陌果业", "Sangmo Fruit"), ("槐序花卉", "Huaixu Flowers"),
             ("柳堤苗木", "Liudi Nursery"), ("杏坞菌业", "Xingwu Mushrooms"))  # fmt: skip
    firms = [d.firm(f"LIANBAO-0{i}", *name, 40, 25) for i, name in enumerate(names, 1)]
    loans = [d.lent("BANK", firm, 8) for firm in firms]
    for i, guarantor in enumerate(firms):
        d.guarantees(guarantor, [loan for k, loan in enumerate(loans) if k != i], "joint_several")
    d.moved("GU-LIANBAO-02-1", loans[0], 2, "8 split equally among four guarantors")
    d.plant("guarantee_ring", firms, 8, "joint circle of five, 8 each")


def hub(d: Draft) -> None:
    """Dunhe (敦壑), a guarantee company: six clients on net assets of 300 are affordable, but more than five."""
    guarantor = d.firm("DUNHE-01", "敦壑融资担保", "Dunhe Guarantee", 300, 20, industry="guarantee")
    trades = (("瓦作", "Tiles"), ("木作", "Joinery"), ("石作", "Masonry"), ("漆作", "Lacquer"),
              ("竹作", "Bamboo"), ("泥作", "Plaster"))  # fmt: skip
    for i, (zh, en) in enumerate(trades, 1):
        firm = d.firm(f"ZUOFANG-0{i}", f"筠坊{zh}", f"Yunfang {en}", 9, 14)
        d.guarantees(guarantor, [d.lent("BANK", firm, 10)])
    d.total("guarantors", guarantor, "given", 60, "six times 10")
    d.plant("over_guarantee_count", guarantor, None, "six obligors")


def worn_out(d: Draft) -> None:
    """Beilu (北簏): net assets of 80 behind three loans of 70, 60 and 50 to others: 100 are not there."""
    guarantor = d.family_firm("BEILU", ("北簏钢贸", "Beilu Steel Trade"), ("禄砥", "Lu Di"), 80, 420)
    loans = []
    for i, (zh, en, amount) in enumerate((("甲", "One", 70), ("乙", "Two", 60), ("丙", "Three", 50)), 1):
        firm = d.firm(f"BEILU-1{i}", f"簏口{zh}号仓储", f"Lukou Warehouse {en}", 60, 40)
        loans.append(d.lent("BANK", firm, amount))
    for loan in loans:
        d.guarantees(guarantor, [loan])
    for column, amount, figure in (
        ("given", 180, "70 + 60 + 50"), ("max_call", 180, "70 + 60 + 50"), ("effective_cover", 80, "net assets"),
        ("illusory_cover", 100, "180 - 80"),
    ):  # fmt: skip
        d.total("guarantors", guarantor, column, amount, figure)
    d.number("guarantors", {"party_id": guarantor}, "ratio", "2.25", "180 / 80")
    d.plant("over_guarantee_amount", guarantor, 100, "70 + 60 + 50 - 80")
    d.plant("guarantor_reused", guarantor, 100, "180 given on net assets of 80")


def beyond_capacity(d: Draft) -> None:
    """Yunzhou (筠洲) with 50 of net assets guarantees 120 for Moyuan (墨原): if Moyuan falls, both do.

    The guarantor depends on the obligor: 120 / 50 = 2.4 times what it has.
    """
    weak = d.family_firm("YUNZHOU", ("筠洲造船", "Yunzhou Boats"), ("养槎", "Yang Cha"), 50, 90)
    strong = d.family_firm("MOYUAN", ("墨原海运", "Moyuan Shipping"), ("养航", "Yang Hang"), 260, 380)
    d.guarantees(weak, [d.lent("LEASE", strong, 120, product="lease")])
    d.lent("BANK", weak, 30, 20, product="revolving")
    d.add("dependence", dependent_id=weak, on_id=strong, basis="guarantee_beyond_capacity", strength="2.4")
    d.plant("economic_dependence", (weak, strong), None, "120 guaranteed on net assets of 50: 2.4")
    d.plant("over_guarantee_amount", weak, 70, "120 - 50")


def chain(d: Draft) -> None:
    """Hanlian (瀚涟): each firm guarantees the next one's loan, five links deep.

    Behind the first hang 20 + 30 + 40 + 50 + 60 = 200 of other people's debts.
    """
    firms = [d.firm(f"HANLIAN-0{i}", f"瀚涟{zh}", f"Hanlian {en}", 150, 120) for i, (zh, en) in enumerate((
        ("纺纱", "Spinning"), ("织造", "Weaving"), ("印染", "Dyeing"), ("制衣", "Garments"), ("鞋业", "Shoes"),
        ("箱包", "Bags"),
    ), 1)]  # fmt: skip
    for guarantor, firm, amount in zip(firms, firms[1:], (20, 30, 40, 50, 60), strict=False):
        d.guarantees(guarantor, [d.lent("BANK", firm, amount)])
    d.total("guarantors", firms[0], "chain_reach", 200, "20 + 30 + 40 + 50 + 60")
    d.number("guarantors", {"party_id": firms[0]}, "chain_depth", "5", "five links")


def inside_the_group(d: Draft) -> None:
    """Manhe (漫禾): the parent guarantees its subsidiary's 150; the debt and the promise are one risk."""
    top = d.family_firm("MANHE", ("漫禾控股", "Manhe Holdings"), ("斛律南", "Hulü Nan"), 700, 120)
    unit = d.firm("MANHE-02", "漫禾食品", "Manhe Foods", 130, 420)
    d.owns(top, unit, "1")
    d.lent("BANK", top, 90)
    guarantee = d.guarantees(top, [d.lent("BANK", unit, 150)])
    d.plant("guarantee_double_count", guarantee, 150, "the debt of 150, and the promise for it")


def bank_protection(d: Draft) -> None:
    """Nanting Bank (南汀银行) guarantees 200 of a loan of 300: that part becomes a claim on the bank.

    A second guarantee of 10 is in dollars: 71 less 8 %. A third of 80 lasts 1.5 years for a loan of 2.75:
    it counts with (1.5 - 0.25) / (2.75 - 0.25), a half.
    """
    bank = d.party("B-NANTING", "南汀银行股份有限公司", "Nanting Bank Co., Ltd.", "bank", risk_weight="0.2",
                   equity=9_000)  # fmt: skip
    firm = d.family_firm(
        "XIEHU", ("澥湖船务", "Xiehu Marine"), ("呼延泊", "Huyan Bo"), 450, 600, risk_weight=1
    )
    loans = [
        d.lent("BANK", firm, 300),
        d.lent("BANK", firm, 100),
        d.lent("BANK", firm, 80, residual_maturity="2.75"),
    ]
    terms: tuple[tuple[int, dict[str, Cell], str, str], ...] = (
        (200, {}, "200", "the cap"),
        (10, {"currency": "USD"}, "65.32", "10 x 7.1 x 92 %"),
        (80, {"original_maturity": 2, "residual_maturity": "1.5"}, "40", "80 x 1.25 / 2.5"),
    )
    kept = Decimal(0)
    for i, (loan, (cap, more, moved, figure)) in enumerate(zip(loans, terms, strict=True), 1):
        row = {"guarantee_id": f"GU-NANTING-{i}", **more}
        d.moved(d.guarantees(bank, [loan], "capped", cap, **row), loan, moved, figure)
        kept += Decimal(moved)
    d.lent("SEC-HK", bank, 20, currency="USD", product="bond")
    d.total("party_exposures", firm, "gross", 480, "300 + 100 + 80")
    d.total("party_exposures", firm, "net", 480 - kept, "480 less what moved to the bank")
    d.total("party_exposures", bank, "net", 142 + kept, "20 x 7.1, and what moved here")


def forms(d: Draft) -> None:
    """Zhuyin (竹隐): every form of guarantee there is, and four that do not count.

    One expired in June, one lacks what the rules ask, one comes from a guarantor who is riskier than the borrower,
    and one the borrower gave for itself. A sister has a ceiling of 60 for all its debts of 30 and 50 (最高额).
    """
    firm = d.family_firm("ZHUYIN", ("竹隐乐器", "Zhuyin Instruments"), ("宗政弦", "Zongzheng Xian"), 900, 800,
                         risk_weight=1)  # fmt: skip
    sister = d.firm("ZHUYIN-02", "竹隐琴弦", "Zhuyin Strings", 200, 150)
    a = d.firm("ZHUYIN-11", "竹坞琴坊", "Zhuwu Lutes", 600, 300)
    b = d.firm("ZHUYIN-12", "竹坞笛坊", "Zhuwu Flutes", 600, 300)
    c = d.firm("ZHUYIN-14", "竹坞鼓坊", "Zhuwu Drums", 600, 300, risk_weight="1.5")
    helper = d.firm("ZHUYIN-13", "隐岚担保", "Yinlan Guarantee", 800, 30, industry="guarantee")
    d.owns("P-ZHUYIN-OWNER", sister, "1")
    loans = [d.lent("BANK", firm, 20 + i) for i in range(10)]
    given = (
        (d.guarantees(a, loans[:1], "share", share="0.4"), 0, "8", "40 % of 20"),
        (d.guarantees(a, loans[1:2], "several", share="0.5"), 1, "10.5", "50 % of 21"),
        (d.guarantees(b, loans[1:2], "several", share="0.25"), 1, "5.25", "25 % of 21"),
        (d.guarantees(a, loans[2:3], "pari_passu", 10), 2, "10", "the cap"),
        (d.guarantees(a, loans[3:4], "first_loss", 8), 3, "8", "the cap"),
        (d.guarantees(b, loans[4:5], "second_loss", 12), 4, "0", "second loss moves nothing"),
        (d.guarantees(helper, loans[5:6]), 5, "25", "the debt"),
        (d.guarantees(a, loans[6:7], expiry_date=day("2026-06-30")), 6, "0", "expired"),
        (d.guarantees(a, loans[7:8], eligible=False), 7, "0", "not eligible"),
        (d.guarantees(firm, loans[8:9]), 8, "0", "self-given"),
        (d.guarantees(c, loans[9:]), 9, "0", "riskier than the debtor: 150 % against 100 %"),
    )
    for guarantee, loan, amount, figure in given:
        d.moved(guarantee, loans[loan], amount, figure)
    d.guarantees(b, [], "counter", 25, counter_of=given[6][0])
    whole = d.guarantees(b, [], "capped", 60, obligor_id=sister)
    for debt, amount in ((30, "22.5"), (50, "37.5")):
        d.moved(whole, d.lent("BANK", sister, debt), amount, f"60 x {debt} / 80")
    d.plant("guarantee_expired", given[7][0], 26, "until 2026-06-30, loan of 26")
    d.plant("guarantee_not_eligible", given[8][0], 27, "loan of 27")
    d.plant("self_guarantee", given[9][0], 28, "given for its own loan of 28")


def blank_cap(d: Draft) -> None:
    """Anqi (岸琪) stands for Meiqi (湄琪) up to an amount that nobody wrote down."""
    guarantor = d.family_firm("ANQI", ("岸琪轮胎", "Anqi Tyres"), ("都尉轮", "Duwei Lun"), 85, 130)
    firm = d.family_firm("MEIQI", ("湄琪客运", "Meiqi Coaches"), ("都尉车", "Duwei Che"), 50, 95)
    guarantee = d.guarantees(guarantor, [d.lent("BANK", firm, 22)], "capped")
    d.plant("guarantee_amount_unknown", guarantee, None, "a cap is promised, its amount is missing")


def domino(d: Draft) -> None:
    """Duanqiao (断樵): if the first falls, the call of 100 breaks the second, and its loan of 40 the third.

    Shown by ``konzern contagion --model group --fail C-DUANQIAO-01``.
    """
    firms = []
    for i, (zh, en, equity) in enumerate(
        (("茶业", "Tea", 20), ("瓷业", "Porcelain", 60), ("丝业", "Silk", 35)), 1
    ):
        firms.append(d.firm(f"DUANQIAO-0{i}", f"断樵{zh}", f"Duanqiao {en}", equity, 80))
    first, second, third = firms
    d.guarantees(second, [d.lent("BANK", first, 100)])
    d.guarantees(third, [d.lent("BANK", second, 40)])
    for firm, given, equity in ((second, 100, 60), (third, 40, 35)):
        d.plant("default", firm, None, f"call of {given} on {equity}", pack="contagion group C-DUANQIAO-01")
        d.plant("over_guarantee_amount", firm, given - equity, f"{given} - {equity}")


def finance_companies(d: Draft) -> None:
    """Three outside banks owe each other and clear in one way; two finance shells owe each other 1 and do not.

    With nothing outside, any common payment between nothing and 1 clears the shells.
    """
    banks = [
        d.party("B-YINZHOU", "印洲银行股份有限公司", "Yinzhou Bank Co., Ltd.", "bank", equity=80, external_assets=400,
                external_liabilities=300),
        d.party("B-CHUYUN", "褚云银行股份有限公司", "Chuyun Bank Co., Ltd.", "bank", equity=50, external_assets=250,
                external_liabilities=220),
        d.party("B-PINGHU", "屏瀫银行股份有限公司", "Pinghu Bank Co., Ltd.", "bank", equity=30, external_assets=160,
                external_liabilities=130),
    ]  # fmt: skip
    for debtor, creditor, amount in ((0, 1, 90), (1, 2, 70), (2, 0, 70)):
        d.add(
            "liabilities",
            debtor_id=banks[debtor],
            creditor_id=banks[creditor],
            amount=yuan(amount),
            currency="CNY",
        )
    shells = [
        d.party(f"C-XUHUAN-0{i}", f"虚桓{zh}号财务公司", f"Xuhuan Finance {en}", external_assets=0)
        for i, (zh, en) in enumerate((("一", "One"), ("二", "Two")), 1)
    ]
    for owing, owed in (shells, reversed(shells)):
        d.add("liabilities", debtor_id=owing, creditor_id=owed, amount=yuan(1), currency="CNY")
    d.lent("BANK", banks[0], 100, product="interbank")
    d.plant(
        "clearing_vector_not_unique", (), None, "1 owed each way, nothing outside", pack="contagion clearing"
    )
    d.plant("network_incomplete", (), None, "a failing party without outside assets on record",
            pack="contagion clearing C-DUANQIAO-01")  # fmt: skip
