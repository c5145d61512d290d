"""Filler: ordinary client groups, small firms and households around the stories, drawn from a seed."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeVar

from bench.sample.draft import AS_OF, Draft
from bench.sample.identifiers import lei, uscc

T = TypeVar("T")

STEMS: Final = (
    ("沅栖", "Yuanqi"), ("泠杉", "Lingshan"), ("珩屿", "Hengyu"), ("峤岚", "Qiaolan"), ("汀蓝", "Tinglan"),
    ("栖霄", "Qixiao"), ("朔杉", "Shuoshan"), ("漪禾", "Yihe"), ("潆川", "Yingchuan"), ("樾丘", "Yueqiu"),
    ("荇泽", "Xingze"), ("蘅泊", "Hengbo"), ("黎坞", "Liwu"), ("曜峡", "Yaoxia"), ("洵岭", "Xunling"),
    ("澜屏", "Lanping"), ("祁柏", "Qibai"), ("筠野", "Yunye"), ("绛原", "Jiangyuan"), ("蓼汀", "Liaoting"),
    ("谧湖", "Mihu"), ("邈川", "Miaochuan"), ("霏屿", "Feiyu"), ("颉丘", "Xieqiu"), ("麓澈", "Luche"),
    ("湉湾", "Tianwan"), ("楹谷", "Yinggu"), ("槿原", "Jinyuan"), ("泓栎", "Hongli"), ("岫青", "Xiuqing"),
)  # fmt: skip
"""Names of the ordinary groups."""
GROUPS: Final = 20
"""How many of them there are."""
TRADES: Final = (
    ("电子", "Electronics"), ("纺织", "Textiles"), ("钢结构", "Steel Structures"), ("食品", "Foods"),
    ("物流", "Logistics"), ("医疗器械", "Medical Devices"), ("塑业", "Plastics"), ("建材", "Building Materials"),
    ("酒店", "Hotels"), ("农业", "Farming"), ("汽配", "Auto Parts"), ("能源", "Energy"), ("家居", "Furniture"),
    ("环保", "Environment"), ("软件", "Software"), ("商贸", "Trading"),
)  # fmt: skip
SURNAMES: Final = (
    ("岑", "Cen"), ("郗", "Xi"), ("宓", "Mi"), ("蔺", "Lin"), ("钭", "Tou"), ("麴", "Qu"), ("逄", "Pang"),
    ("亓", "Qi"), ("佴", "Nai"), ("郏", "Jia"), ("厍", "She"), ("昝", "Zan"), ("乜", "Nie"), ("仝", "Tong"),
)  # fmt: skip
GIVEN: Final = (
    ("知微", "Zhiwei"), ("怀谷", "Huaigu"), ("清越", "Qingyue"), ("听澜", "Tinglan"), ("云舒", "Yunshu"),
    ("时雨", "Shiyu"), ("朝颜", "Zhaoyan"), ("见山", "Jianshan"), ("若水", "Ruoshui"), ("星野", "Xingye"),
    ("南乔", "Nanqiao"), ("北辰", "Beichen"), ("西洲", "Xizhou"), ("东隅", "Dongyu"), ("念慈", "Nianci"),
    ("守拙", "Shouzhuo"), ("抱朴", "Baopu"), ("望津", "Wangjin"),
)  # fmt: skip
RATINGS: Final = ("AA", "AA-", "A+", "A", "A-", "BBB+", "BBB", "BBB-", "BB+")


@dataclass
class Draw:
    """A seeded source of choices: the hash of a counter, the same on every machine and every Python."""

    drawn: int = 0

    def below(self, n: int) -> int:
        """A whole number 0..n-1."""
        self.drawn += 1
        digest = hashlib.blake2b(f"sample {self.drawn}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) % n

    def between(self, low: int, high: int) -> int:
        """A whole number low..high."""
        return low + self.below(high - low + 1)

    def one(self, of: Sequence[T]) -> T:
        """One of a list."""
        return of[self.below(len(of))]


def person_name(i: int) -> tuple[str, str]:
    """The i-th invented name, Chinese and English; none comes twice among the first 252."""
    (surname, pinyin), (given, spelled) = (
        SURNAMES[i % len(SURNAMES)],
        GIVEN[(i + i // len(SURNAMES)) % len(GIVEN)],
    )
    return surname + given, f"{pinyin} {spelled}"


def _product(r: Draw, lender: str) -> dict[str, Any]:
    """Product and terms that a lender grants to companies."""
    products = {
        "BANK": (
            "term_loan",
            "revolving",
            "acceptance",
            "letter_of_credit",
            "mortgage",
            "performance_guarantee",
        ),
        "LEASE": ("lease",),
        "TRUST": ("trust_loan",),
        "FACTOR": ("factoring",),
        "SEC-HK": ("margin_loan", "repo"),
    }
    start = dt.date(2024, 10, 1) + dt.timedelta(days=r.below(640))
    years = r.between(1, 5)
    return {
        "product": r.one(products[lender]),
        "start_date": start,
        "maturity_date": max(start.replace(day=1, year=start.year + years), dt.date(2026, 11, 1)),
    }


def _lend(d: Draft, r: Draw, company: str, most: int) -> None:
    """One facility of an ordinary company, in millions."""
    lender = r.one(("BANK", "BANK", "BANK", "LEASE", "LEASE", "TRUST", "FACTOR", "SEC-HK"))
    limit = 5 * r.between(1, most)
    terms = _product(r, lender)
    revolving = terms["product"] in {
        "revolving",
        "acceptance",
        "letter_of_credit",
        "factoring",
        "margin_loan",
    }
    used = Decimal(limit * r.between(20, 85)) / 100 if revolving else Decimal(limit)
    currency = "USD" if lender == "SEC-HK" else "EUR" if lender == "BANK" and r.below(16) == 0 else "CNY"
    if currency != "CNY":
        limit, used = max(limit // 5, 1), max(used // 5, Decimal(1))
    d.lent(lender, company, limit, used, currency=currency, **terms)


def groups(d: Draft, r: Draw) -> None:
    """Twenty ordinary groups: a family, a parent, five to eleven companies, two to five facilities each."""
    count = 0
    for i, (zh, en) in enumerate(STEMS[:GROUPS]):
        tag = en.upper()
        family = []
        for letter in "ABC"[: r.between(1, 3)]:
            name, spelled = person_name(count)
            count += 1
            family.append(d.party(f"P-{tag}-{letter}", name, spelled, "person"))
        shares = (("1",), ("0.7", "0.3"), ("0.6", "0.25", "0.15"))[len(family) - 1]
        top = d.party(f"C-{tag}-01", f"{zh}集团有限公司", f"{en} Group Co., Ltd.", equity=10 * r.between(30, 90),
                      revenue=10 * r.between(50, 160), rating=r.one(RATINGS))  # fmt: skip
        d.holders(top, dict(zip(family, shares, strict=True)))
        above = [top]
        for n in range(2, r.between(7, 12)):
            trade, english = TRADES[(i + 5 * n) % len(TRADES)]
            unit = d.party(f"C-{tag}-{n:02}", f"{zh}{trade}有限公司", f"{en} {english} Co., Ltd.",
                           equity=10 * r.between(4, 24), revenue=10 * r.between(6, 50))  # fmt: skip
            parent, share = r.one(above), r.one(("1", "0.8", "0.7", "0.55"))
            d.owns(parent, unit, share)
            if share != "1":
                d.owns(family[-1], unit, str(1 - Decimal(share)))
            above.append(unit)
        for company in above:
            for _ in range(r.between(2, 5)):
                _lend(d, r, company, 16 if company == top else 8)


def small_firms(d: Draft, r: Draw) -> None:
    """Forty small firms whose owners nobody recorded, with one or two facilities each."""
    for i in range(40):
        (zh, en), (trade, english) = STEMS[(7 * i) % len(STEMS)], TRADES[(3 * i) % len(TRADES)]
        place, placed = (("晨", "Chen"), ("瑾", "Jin"))[i % 2]
        firm = d.party(f"C-SME-{i + 1:02}", f"{place}{zh[1]}{trade}商行", f"{placed}{en.lower()[-3:]} {english} Shop",
                       equity=r.between(2, 20), revenue=r.between(5, 60))  # fmt: skip
        for _ in range(r.between(1, 2)):
            d.lent(
                "BANK" if r.below(3) else "FACTOR",
                firm,
                r.between(1, 8),
                product=r.one(("revolving", "term_loan")),
            )


def households(d: Draft, r: Draw) -> None:
    """Ninety borrowers of the consumer finance company."""
    for i in range(90):
        name, spelled = person_name(140 + i)
        person = d.party(f"P-HOUSE-{i + 1:03}", name, spelled, "person")
        limit = Decimal(r.between(2, 40)) / 100
        product = r.one(("consumer_loan", "consumer_loan", "credit_card"))
        used = limit * r.between(10, 90) / 100 if product == "credit_card" else limit
        d.lent("CONSUMER", person, limit, used, product=product)
        if r.below(4) == 0:
            d.lent("BANK", person, Decimal(r.between(40, 300)) / 100, product="mortgage")


def statements(d: Draft, r: Draw) -> None:
    """Two years of annual statements for every company with equity, growing towards the latest."""
    told = {row["party_id"] for row in d.tables["financials"]}
    for row in d.tables["parties"]:
        if row.get("equity") is None or row["party_id"] in told:
            continue
        equity, revenue = Decimal(str(row["equity"])), Decimal(str(row.get("revenue") or 0))
        for year, part in ((2024, r.between(84, 97)), (2025, 100)):
            own, sold = equity * part // 100, revenue * part // 100
            d.add(
                "financials", party_id=row["party_id"], period_end=dt.date(year, 12, 31), revenue=sold,
                net_income=sold * r.between(2, 9) // 100, total_assets=own * r.between(18, 30) // 10,
                total_debt=own * r.between(6, 12) // 10, equity=own, cash=own * r.between(5, 20) // 100,
                operating_cash_flow=sold * r.between(3, 12) // 100, currency=row.get("currency") or "CNY",
            )  # fmt: skip


def ratings(d: Draft, _: Draw) -> None:
    """Rated companies were rated a year ago and keep their grade."""
    for row in d.tables["parties"]:
        if row.get("rating"):
            for date in (dt.date(2025, 6, 30), dt.date(2026, 6, 30)):
                d.add(
                    "ratings",
                    party_id=row["party_id"],
                    date=date,
                    agency="Yunqiao internal",
                    rating=row["rating"],
                )


def repayments(d: Draft, r: Draw) -> None:
    """Every fourth drawn term loan or lease has paid its last quarters, two and a half percent each."""
    due_dates = (dt.date(2025, 12, 20), dt.date(2026, 3, 20), dt.date(2026, 6, 20), dt.date(2026, 9, 20))
    told = {row["facility_id"] for row in d.tables["repayments"]}
    for row in d.tables["facilities"]:
        if row["facility_id"] in told or row["product"] not in {"term_loan", "lease", "trust_loan"}:
            continue
        start, drawn = row["start_date"], Decimal(str(row.get("drawn") or 0))
        if not drawn or r.below(4) or not isinstance(start, dt.date):
            continue
        due = (drawn / 40).quantize(Decimal("0.01"))
        for date in due_dates:
            if start < date <= AS_OF:
                d.add("repayments", facility_id=row["facility_id"], due_date=date, due=due, paid=due,
                      paid_date=date, currency=row["currency"])  # fmt: skip


def identifiers(d: Draft, _: Draw) -> None:
    """Chinese companies have a credit code, foreign ones and banks a legal entity identifier."""
    renamed = {row["other_id"] for row in d.tables["same_as"]}
    for i, row in enumerate(d.tables["parties"]):
        if row["party_id"] in renamed or row["kind"] not in {"company", "bank", "other"} or row.get("uscc"):
            continue
        row["uscc" if row["country"] == "CN" else "lei"] = uscc(i) if row["country"] == "CN" else lei(i)
        if row["kind"] == "bank":
            row["lei"] = lei(i)


def valuables(d: Draft, r: Draw) -> None:
    """Homes and buildings behind the mortgages, valued above what they secure."""
    told = {row["facility_id"] for row in d.tables["pledges"]}
    mortgages = [
        f for f in d.tables["facilities"] if f["product"] == "mortgage" and f["facility_id"] not in told
    ]
    for i, row in enumerate(mortgages, 1):
        name = f"K-HOME-{i:03}"
        value = (Decimal(str(row["limit"])) * r.between(120, 220) / 100).quantize(Decimal(1))
        d.add("collateral", collateral_id=name, owner_id=row["obligor_id"], kind="real_estate", value=value,
              currency=row["currency"], registry_ref=f"REG-HOME-{i:04}",
              valuation_date=dt.date(2025, 10, 1) + dt.timedelta(days=r.below(300)))  # fmt: skip
        d.add("pledges", collateral_id=name, facility_id=row["facility_id"], amount=row["limit"],
              currency=row["currency"], rank=1)  # fmt: skip


def ceilings(d: Draft, _: Draw) -> None:
    """A unified limit for every ordinary group, comfortably above what it owes."""
    for _zh, en in STEMS[:GROUPS]:
        top = f"C-{en.upper()}-01"
        d.add("limits", scope="group", subject_id=f"P-{en.upper()}-A", amount=4_000_000_000, currency="CNY")
        d.add("limits", scope="party", subject_id=top, lender_id="L-BANK", amount=800_000_000, currency="CNY")
