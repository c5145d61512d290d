"""Stories of control and ownership: who decides, who owns, and what the registers leave open."""

from __future__ import annotations

from decimal import Decimal

from bench.sample.draft import Draft, day


def pyramid(d: Draft) -> None:
    """Lanheng (岚衡): 51 % on 51 % on 60 %.

    The founder owns only 15.6 % of the machine works by multiplication and controls them all the same.
    """
    founder = d.person("LANHENG-FOUNDER", "岑望舒", "Cen Wangshu")
    staff = d.party("FUND-LANHENG-STAFF", "岚衡员工持股计划", "Lanheng Staff Share Plan", "fund")
    top = d.firm("LANHENG-01", "岚衡控股", "Lanheng Holdings", 900, 2_400)
    heavy = d.firm("LANHENG-02", "岚衡重工股份", "Lanheng Heavy Industry", 700, 1_800)
    works = d.firm("LANHENG-03", "岚衡精机", "Lanheng Precision Machinery", 260, 640)
    d.holders(top, {founder: "0.6", staff: "0.4"})
    d.holders(heavy, {top: "0.51", staff: "0.49"})
    d.holders(works, {heavy: "0.51", staff: "0.49"})
    d.lent("BANK", top, 400, 320, product="revolving")
    d.lent("BANK", heavy, 500, 500)
    d.lent("LEASE", works, 120, product="lease")
    d.plant("beneficial_owner", founder, figure="60 % of 01; controls 02 and 03", pack="EU-AMLR")
    d.number("shares", {"owner_id": founder, "owned_id": works}, "integrated", "0.15606", "0.6 x 0.51 x 0.51")


def voting_pact(d: Draft) -> None:
    """Xiwan (汐湾): three founders with 22, 18 and 15 % vote as one: 55 %, control by the pact.

    The register knows no more than these 55 %; the free float is unknown.
    """
    people = [
        d.person("XIWAN-A", "郗怀瑾", "Xi Huaijin"),
        d.person("XIWAN-B", "宓若川", "Mi Ruochuan"),
        d.person("XIWAN-C", "蔺知秋", "Lin Zhiqiu"),
    ]
    pact = d.party("PACT-XIWAN", "汐湾一致行动人", "Xiwan Acting-in-Concert Pact", "concert")
    works = d.party(
        "C-XIWAN-01",
        "汐湾新材料股份有限公司",
        "Xiwan New Materials Co., Ltd.",
        listed=True,
        equity=1_500,
        revenue=3_100,
    )
    unit = d.firm("XIWAN-02", "汐湾包装", "Xiwan Packaging", 90, 310)
    for person, share in zip(people, ("0.22", "0.18", "0.15"), strict=True):
        d.add("members", body_id=pact, party_id=person)
        d.owns(person, works, share)
    d.owns(works, unit, "1")
    d.lent("BANK", works, 800, 600, product="revolving")
    d.lent("FACTOR", unit, 60, 45, product="factoring")
    d.plant("unknown_owners", works, figure="known holders 55 %")
    votes = {"holder_id": pact, "owned_id": works}
    d.number("votes", votes, "with_controlled", "0.55", "22 + 18 + 15 % of the members")


def kin(d: Draft) -> None:
    """Zhehu (柘湖): a brother and a sister each own companies; an uncle and a godson do too.

    Under the group guideline siblings (two collateral generations) make one group, the uncle (three) does not,
    and nobody can tell what a godson is.
    """
    brother = d.person("ZHEHU-BROTHER", "钭明远", "Tou Mingyuan")
    sister = d.person("ZHEHU-SISTER", "钭明漪", "Tou Mingyi")
    uncle = d.person("ZHEHU-UNCLE", "钭守拙", "Tou Shouzhuo")
    godson = d.person("ZHEHU-GODSON", "麴一诺", "Qu Yinuo")
    owners = (brother, sister, uncle, godson)
    names = (("柘湖粮油", "Zhehu Grain and Oil"), ("柘湖食品", "Zhehu Foods"), ("柘湖物流", "Zhehu Logistics"),
             ("柘湖电商", "Zhehu Online"))  # fmt: skip
    for i, (owner, (zh, en)) in enumerate(zip(owners, names, strict=True), 1):
        company = d.firm(f"ZHEHU-0{i}", f"{zh}", f"{en}", 40 + 10 * i, 150)
        d.owns(owner, company, "1")
        d.lent("BANK", company, 30 + 5 * i, 20 + 5 * i, product="revolving")
    for relative, relation in ((sister, "sister"), (uncle, "uncle"), (godson, "godson")):
        d.add("kin", person_id=brother, relative_id=relative, relation=relation)
    d.plant("unknown_relation", (brother, godson), figure="godson", pack="CN-GROUP")


def state(d: Draft) -> None:
    """Xichuan (汐川): a province with an energy and a road branch.

    One group of all under the EU default, one per branch under the alternative, none through the state under the
    Chinese rules. The road builder lives from the energy group's contracts: that link counts in each case.
    """
    province = d.party("GOV-XICHUAN", "汐川省人民政府", "Province of Xichuan", "government", risk_weight=0)
    energy = d.firm("XICHUAN-E1", "汐川能源集团", "Xichuan Energy Group", 5_200, 9_000)
    power = d.firm("XICHUAN-E2", "汐川清洁电力", "Xichuan Clean Power", 1_100, 1_900)
    grid = d.firm("XICHUAN-E3", "汐川配售电", "Xichuan Grid Services", 300, 800)
    roads = d.firm("XICHUAN-R1", "汐川交通投资", "Xichuan Roads Investment", 3_400, 2_100)
    build = d.firm("XICHUAN-R2", "汐川路桥建设", "Xichuan Road Builders", 450, 1_200)
    d.owns(province, energy, "1")
    d.owns(energy, power, "0.8")
    d.owns(roads, power, "0.2")
    d.owns(power, grid, "1")
    d.owns(province, roads, "1")
    d.owns(roads, build, "1")
    d.add("dependence", dependent_id=build, on_id=energy, basis="gross_receipts_share", strength="0.62")
    d.lent("BANK", energy, 1_500, 1_200)
    d.lent("LEASE", power, 260, product="lease")
    d.lent("BANK", grid, 100, 60, product="revolving")
    d.lent("BANK", roads, 900, 850)
    d.lent("BANK", build, 150, 110, product="performance_guarantee")
    d.lent("BANK", province, 300, product="bond")
    d.plant("economic_dependence", (build, energy), figure="62 % of receipts")
    total = "1,200 + 40 % of 300; 260; 60 + 40 % of 40; 850 + 40 % of 50; 110 + 50 % of 40; 300"
    d.total("groups", "G:GOV-XICHUAN", "gross", 2_956, total)
    d.plant("exempt", province, 300, "bond of a government at 0 %", pack="EU-CRR")


def joint_venture(d: Draft) -> None:
    """Heli (合砺): Shihe and Lingyue hold 50 % each and run it together; neither controls it."""
    venture = d.firm("HELI-01", "合砺电池", "Heli Battery", 420, 700)
    for tag, zh, en, who, who_en in (
        ("SHIHE", "莳禾", "Shihe", "第五清和", "Diwu Qinghe"),
        ("LINGYUE", "翎岳", "Lingyue", "澹台予安", "Tantai Yu'an"),
    ):
        owner = d.person(f"{tag}-OWNER", who, who_en)
        parent = d.firm(f"{tag}-01", f"{zh}集团", f"{en} Group", 800, 1_500)
        unit = d.firm(f"{tag}-02", f"{zh}科技", f"{en} Technology", 150, 400)
        d.owns(owner, parent, "1")
        d.owns(parent, unit, "0.75")
        d.owns(owner, unit, "0.25")
        d.owns(parent, venture, "0.5")
        d.add(
            "control",
            controller_id=parent,
            controlled_id=venture,
            basis="joint",
            note="合资协议，重大事项一致同意",
        )
        d.lent("BANK", parent, 200, 150, product="revolving")
        d.lent("LEASE", unit, 40, product="lease")
    d.lent("BANK", venture, 180, 180)
    d.plant("joint_control", venture, figure="50 % and 50 %")


def three_tiers(d: Draft) -> None:
    """Tangyu (棠屿): 1,000 of equity in the parent, 400 in its subsidiary, 150 below that.

    Each tier shows capital that is already in the tier above: 550 is counted twice.
    """
    owner = d.person("TANGYU-OWNER", "公羊砚", "Gongyang Yan")
    top = d.firm("TANGYU-01", "棠屿投资", "Tangyu Investment", 1_000, 300)
    middle = d.firm("TANGYU-02", "棠屿置业", "Tangyu Estates", 400, 520)
    low = d.firm("TANGYU-03", "棠屿物业服务", "Tangyu Property Services", 150, 230)
    d.owns(owner, top, "1")
    d.owns(top, middle, "1")
    d.owns(middle, low, "1")
    d.lent("TRUST", middle, 350, product="trust_loan")
    d.lent("BANK", low, 40, 25, product="revolving")
    d.plant("double_gearing", "G:P-TANGYU-OWNER", 550, "400 + 150 held inside the group")


def treasury_stock(d: Draft) -> None:
    """Moting (墨汀): the company holds 12 % of itself, so 45 % of the capital is 45 of 88 votes: control."""
    owner = d.person("MOTING-OWNER", "羊舌澄", "Yangshe Cheng")
    other = d.person("MOTING-OTHER", "仉既白", "Zhang Jibai")
    company = d.firm("MOTING-01", "墨汀文化传媒股份", "Moting Media", 210, 330)
    d.holders(company, {owner: "0.45", other: "0.43", company: "0.12"})
    d.lent("BANK", company, 80, 60, product="revolving")
    d.plant("self_ownership", company, figure="12 % of itself")
    d.number("votes", {"holder_id": owner, "owned_id": company}, "base", "0.88", "1 - 0.12 of treasury stock")


def dual_class(d: Draft) -> None:
    """Luting (鹭汀): the founder has 15 % of the capital and 60 % of the votes."""
    founder = d.person("LUTING-FOUNDER", "乐正栩", "Yuezheng Xu")
    fund = d.party("FUND-LUTING-VC", "鹭汀创业投资基金", "Luting Venture Fund", "fund")
    company = d.party(
        "C-LUTING-01",
        "鹭汀智能科技有限公司",
        "Luting Intelligence Co., Ltd.",
        country="HK",
        equity=340,
        revenue=260,
    )
    unit = d.firm("LUTING-02", "鹭汀机器人", "Luting Robotics", 60, 80)
    d.owns(founder, company, "0.15", "0.6", holding_id="B")
    d.owns(fund, company, "0.85", "0.4", holding_id="A")
    d.owns(company, unit, "1")
    d.lent("SEC-HK", company, 12, currency="USD", product="margin_loan")
    d.lent("BANK", unit, 25, 15, product="revolving")
    d.plant("beneficial_owner", founder, figure="controls with 60 % of the votes", pack="EU-AMLR")


def two_controllers(d: Draft) -> None:
    """Yuanling (垣岭): Duyu has 55 % of the votes, Suihe runs it by contract: two proofs, both stand."""
    company = d.firm("YUANLING-01", "垣岭水泥", "Yuanling Cement", 320, 600)
    for tag, zh, en, share, who, who_en in (
        ("DUYU", "渡屿建材", "Duyu Building Materials", "0.55", "亓官宁", "Qiguan Ning"),
        ("SUIHE", "穗禾资本", "Suihe Capital", "0.45", "闾丘朔", "Lüqiu Shuo"),
    ):
        owner = d.person(f"{tag}-OWNER", who, who_en)
        parent = d.firm(f"{tag}-01", f"{zh}", f"{en}", 500, 900)
        d.owns(owner, parent, "1")
        d.owns(parent, company, share)
        d.lent("BANK", parent, 120, 90, product="revolving")
    d.add("control", controller_id="C-SUIHE-01", controlled_id=company, basis="contract", note="托管经营协议")
    d.lent("LEASE", company, 90, product="lease")
    d.plant("control_conflict", company, figure="55 % of votes; management contract")
    d.plant("party_in_several_groups", company, figure="G:P-DUYU-OWNER and G:P-SUIHE-OWNER", pack="EU-CRR")


def ring_fenced(d: Draft) -> None:
    """Daiping (黛屏): a project company whose ring-fencing from its parent and owner is documented.

    Both control it, and it is in no group with them.
    """
    owner = d.person("DAIPING-OWNER", "子车望", "Ziche Wang")
    parent = d.firm("DAIPING-01", "黛屏水务集团", "Daiping Water Group", 600, 750)
    project = d.firm("DAIPING-02", "黛屏污水处理项目", "Daiping Sewage Project", 110, 70)
    d.owns(owner, parent, "1")
    d.owns(parent, project, "1")
    for controller in (parent, owner):
        d.add("control", controller_id=controller, controlled_id=project, basis="consolidation", rebutted=True,
              note="隔离安排已备案")  # fmt: skip
    d.lent("BANK", parent, 200, 160)
    d.lent("BANK", project, 140, 140)
    d.plant("control_rebutted", project, figure="documented ring-fencing")


def closed_loop(d: Draft) -> None:
    """Langwu (琅坞): two shells own each other entirely; nobody outside owns anything."""
    a = d.firm("LANGWU-01", "琅坞贸易", "Langwu Trading", 30, 260)
    b = d.firm("LANGWU-02", "琅坞商务", "Langwu Business", 25, 240)
    d.owns(a, b, "1")
    d.owns(b, a, "1")
    d.lent("FACTOR", a, 20, 18, product="factoring")
    d.plant("no_outside_owner", (a, b), figure="100 % and 100 %")
    d.plant("singular_ownership_matrix", (), figure="one closed set")


def overfull_register(d: Draft) -> None:
    """Cangya (苍崖): after a transfer both buyer and seller stand in the register: 115 %."""
    company = d.firm("CANGYA-01", "苍崖矿业", "Cangya Mining", 480, 510)
    buyer = d.person("CANGYA-BUYER", "濮阳霁", "Puyang Ji")
    seller = d.person("CANGYA-SELLER", "百里岫", "Baili Xiu")
    d.holders(company, {buyer: "0.6", seller: "0.55"})
    d.lent("LEASE", company, 75, product="lease")
    d.plant("shares_exceed_one", company, figure="60 % + 55 % = 115 %")
    d.plant("control_conflict", company, figure="60 % and 55 % of the votes")


def unknown_stakes(d: Draft) -> None:
    """Huaiting (槐汀): one holding of unknown size, another known only as a band of 25 to 50 %."""
    company = d.firm("HUAITING-01", "槐汀医药", "Huaiting Pharma", 190, 280)
    known = d.person("HUAITING-A", "微生珩", "Weisheng Heng")
    blank = d.person("HUAITING-B", "左丘陌", "Zuoqiu Mo")
    band = d.person("HUAITING-C", "申屠溪", "Shentu Xi")
    d.owns(known, company, "0.3")
    d.owns(blank, company, None)
    d.owns(band, company, None, share_min="0.25", share_max="0.5")
    d.lent("BANK", company, 60, 40, product="revolving")
    d.plant("unknown_owners", company, figure="known holders 30 %")
    d.plant("share_unknown", company, figure="two holdings of unknown size")
    d.plant("share_band", company, figure="one holding from 25 to 50 %")


def cross_holding(d: Draft) -> None:
    """Chengbo (澄泊): two firms hold 30 % in each other, a founder 70 % in each."""
    founder = d.person("CHENGBO-FOUNDER", "漆雕澜", "Qidiao Lan")
    a = d.firm("CHENGBO-01", "澄泊化工", "Chengbo Chemicals", 280, 520)
    b = d.firm("CHENGBO-02", "澄泊涂料", "Chengbo Coatings", 160, 300)
    d.holders(a, {founder: "0.7", b: "0.3"})
    d.holders(b, {founder: "0.7", a: "0.3"})
    d.lent("BANK", a, 130, 100, product="revolving")
    d.lent("BANK", b, 70, 70)
    inward = {"owner_id": a, "owned_id": b}
    d.number("shares", inward, "integrated", str(Decimal("0.3") / Decimal("0.91")), "0.3 / (1 - 0.3 x 0.3)")
    d.number("shares", inward, "corrected", "0.3", "0.3: the way back does not count")
    d.plant("close_link", (a, b), figure="integrated shares above 20 % either way", pack="ECB-CLOSE-LINKS")


def abroad(d: Draft) -> None:
    """Fernwick (芬维克): a foreign group that borrows in euros and dollars.

    The Luxembourg holding owns works in Germany and a trading house in Hong Kong.
    """
    owner = d.party("P-FERNWICK-OWNER", "奥德里克·芬维克", "Oderic Fernwick", "person", country="LU")
    top = d.party("C-FERNWICK-01", "芬维克控股有限公司", "Fernwick Holding S.à r.l.", country="LU", currency="EUR",
                  equity=210, revenue=95)  # fmt: skip
    works = d.party("C-FERNWICK-02", "芬维克机床有限公司", "Fernwick Werkzeugbau GmbH", country="DE", currency="EUR",
                    equity=80, revenue=160)  # fmt: skip
    trade = d.party("C-FERNWICK-03", "芬维克亚洲贸易有限公司", "Fernwick Asia Trading Limited", country="HK",
                    currency="USD", equity=25, revenue=140)  # fmt: skip
    d.owns(owner, top, "1")
    d.owns(top, works, "0.9")
    d.owns(owner, works, "0.1")
    d.owns(top, trade, "1")
    d.lent("BANK", top, 30, 20, currency="EUR", product="revolving")
    d.lent("LEASE", works, 12, currency="EUR", product="lease")
    d.lent("SEC-HK", trade, 15, 9, currency="USD", product="margin_loan", start_date=day("2026-02-10"))
    d.total("groups", "G:P-FERNWICK-OWNER", "gross", "394.5", "EUR (20 + 40 % of 10 + 12) x 8, USD 15 x 7.1")
