"""The data model: every table of a book once, with its columns, units, keys and names in both languages.

Validation, Parquet schemas, the mapping to Neo4j and ``docs/model.md`` derive from the declarations below.
Decimal kinds are held as whole numbers of a fixed unit (``Kind.scale`` units to one), so that sums and
comparisons with thresholds are exact: money in minor units, shares in parts per 10^9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

FORMAT: Final = 1
"""Version of the book format; a newer one is refused, an older one migrated into a copy."""

INT64_MAX: Final = 2**63 - 1


@dataclass(frozen=True)
class Kind:
    """What a cell may hold and how it is kept.

    ``scale`` is the number of units to one for decimal kinds (0 for the others), ``low`` and ``high`` the
    admissible range in units, ``doc`` the meaning that an error message and the docs show.
    """

    name: str
    arrow: pa.DataType
    doc: str
    scale: int = 0
    low: int = -INT64_MAX
    high: int = INT64_MAX

    @property
    def places(self) -> int:
        """Decimal places that the kind holds."""
        return len(str(self.scale)) - 1 if self.scale else 0


ID: Final = Kind("id", pa.string(), "text, kept as written")
TEXT: Final = Kind("text", pa.string(), "text")
CURRENCY: Final = Kind("currency", pa.string(), "currency code of three letters")
DATE: Final = Kind("date", pa.date32(), "date, YYYY-MM-DD")
BOOL: Final = Kind("bool", pa.bool_(), "true or false")
COUNT: Final = Kind("count", pa.int64(), "whole number from 0", low=0)
MONEY: Final = Kind("money", pa.int64(), "amount from 0 with at most 2 decimals", scale=100, low=0)
BALANCE: Final = Kind("balance", pa.int64(), "amount of either sign with at most 2 decimals", scale=100)
SHARE: Final = Kind(
    "share", pa.int64(), "share from 0 to 1 with at most 9 decimals", scale=10**9, low=0, high=10**9
)
RATIO: Final = Kind("ratio", pa.int64(), "number from 0 with at most 9 decimals", scale=10**9, low=0)
RATE: Final = Kind("rate", pa.int64(), "rate above 0 with at most 12 decimals", scale=10**12, low=1)


@dataclass(frozen=True)
class Column:
    """One column: its kind, names, meaning, and what it refers to.

    ``key`` marks the columns of the table's key; ``required`` those that a file must have; ``ref`` the table
    whose ids it names; ``values`` the closed list of an enumeration; ``tie`` the relationship in Neo4j between the
    node of a row and the node that it names, ``<`` in front where it leads to the row.
    """

    name: str
    kind: Kind
    en: str
    zh: str
    doc: str = ""
    key: bool = False
    required: bool = False
    ref: str = ""
    values: tuple[str, ...] = ()
    tie: str = ""


@dataclass(frozen=True)
class Table:
    """One table of the book: its columns, and the label or relationship type of its rows in Neo4j.

    ``ends`` are the columns that a relationship leads from and to.
    """

    name: str
    en: str
    zh: str
    doc: str
    columns: tuple[Column, ...]
    label: str = ""
    relationship: str = ""
    ends: tuple[str, str] = ("", "")

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the key columns; ``valid_from`` belongs to every key besides."""
        return tuple(c.name for c in self.columns if c.key)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that a file of this table must have."""
        return tuple(c.name for c in self.columns if c.required)

    def column(self, name: str) -> Column:
        """The column of that name; ``KeyError`` if the table has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name}.{name}")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, in the order of the declaration."""
        return tuple(c.name for c in self.columns)

    def schema(self) -> pa.Schema:
        """The Arrow schema of the table as a ``Book`` holds it, units in the fields' metadata."""
        return pa.schema(
            [
                pa.field(
                    c.name, c.kind.arrow, metadata={"kind": c.kind.name, "scale": str(c.kind.scale or 1)}
                )
                for c in self.columns
            ]
        )

    def empty(self) -> pa.Table:
        """The table without rows."""
        return self.schema().empty_table()


def _key(
    name: str, ref: str, en: str, zh: str, doc: str = "", *, required: bool = True, tie: str = ""
) -> Column:
    return Column(name, ID, en, zh, doc, key=True, required=required, ref=ref, tie=tie)


def _need(  # noqa: PLR0913 - the fields of a column
    name: str,
    kind: Kind,
    en: str,
    zh: str,
    doc: str = "",
    *,
    ref: str = "",
    values: tuple[str, ...] = (),
    tie: str = "",
) -> Column:
    return Column(name, kind, en, zh, doc, required=True, ref=ref, values=values, tie=tie)


_BOOKKEEPING: Final = (
    Column("valid_from", DATE, "Valid from", "生效日", "First day on which the fact held; empty = always"),
    Column("valid_to", DATE, "Valid to", "失效日", "First day on which it no longer held; empty = open"),
    Column("source", TEXT, "Source", "来源", "System or file that the fact came from"),
    Column("source_row", TEXT, "Source row", "来源行", "Row in that source"),
    Column("extra", TEXT, "Other columns", "其他列", "Columns that the model does not know, as JSON text"),
)

PARTY_KINDS: Final = ("company", "person", "bank", "government", "fund", "ccp", "family", "concert", "other")
CONTROL_FACTS: Final = (
    "contract",
    "board_majority",
    "dominant_influence",
    "consolidation",
    "golden_share",
)
"""Bases of a control fact that prove control; a golden share here is one that appoints the board majority."""
CONTROL_MARKS: Final = ("veto", "joint")
"""Bases that are recorded and shown but never control."""
DEPENDENCE_BASES: Final = (
    "distress_would_spread",
    "guarantee_beyond_capacity",
    "gross_receipts_share",
    "expenses_share",
    "income_share",
    "output_share_not_replaceable",
    "repayment_source",
    "funding",
    "ccp",
    "sector_or_region",
    "lender_itself",
)
GUARANTEE_FORMS: Final = (
    "full",
    "capped",
    "share",
    "several",
    "joint_several",
    "pari_passu",
    "first_loss",
    "second_loss",
    "counter",
)


def _table(
    name: str,
    en: str,
    zh: str,
    doc: str,
    *columns: Column,
    label: str = "",
    relationship: str = "",
    ends: tuple[str, str] | None = None,
) -> Table:
    named = [c.name for c in columns if c.key and c.ref]
    led = ends or ((named[0], named[1]) if relationship else ("", ""))
    return Table(name, en, zh, doc, columns + _BOOKKEEPING, label, relationship, led)


_ALL: Final = (
    _table(
        "parties",
        "Parties",
        "主体",
        "Clients, their owners and relatives, guarantors, lenders as parties",
        _key("party_id", "", "Party", "主体编号"),
        _need("name", TEXT, "Name", "名称"),
        _need("kind", TEXT, "Kind", "类别", values=PARTY_KINDS),
        Column("name_en", TEXT, "Name in English", "英文名称"),
        Column("country", TEXT, "Country", "国家", "ISO 3166 code"),
        Column("industry", TEXT, "Industry", "行业"),
        Column("uscc", TEXT, "USCC", "统一社会信用代码"),
        Column("lei", TEXT, "LEI", "法人识别编码"),
        Column("rating", TEXT, "Rating", "评级"),
        Column("pd", SHARE, "Probability of default", "违约概率", "Within one year"),
        Column("currency", CURRENCY, "Currency", "币种", "Of the amounts in this row; empty = base"),
        Column("equity", BALANCE, "Equity", "净资产", "Net assets"),
        Column("total_assets", MONEY, "Total assets", "总资产"),
        Column("revenue", MONEY, "Revenue", "营业收入", "Gross receipts of a year"),
        Column("expenses", MONEY, "Expenses", "支出", "Of a year"),
        Column(
            "external_assets", MONEY, "External assets", "外部资产", "Clearing: assets outside the network"
        ),
        Column("external_liabilities", MONEY, "External liabilities", "外部负债", "Clearing: ranks equally"),
        Column("risk_weight", RATIO, "Risk weight", "风险权重", "1 = 100 %"),
        Column("gsib", BOOL, "G-SIB", "全球系统重要性银行"),
        Column("listed", BOOL, "Listed", "是否上市"),
        Column("lender_count", COUNT, "Lenders", "授信机构数", "At all banks; empty = from the book"),
        Column("external_debt", MONEY, "Debt at all banks", "全部银行债务", "Empty = from the book"),
        label="Party",
    ),
    _table(
        "members",
        "Members of bodies",
        "一致行动成员",
        "A family or voting pact and who is in it",
        _key("body_id", "parties", "Body", "一致行动体"),
        _key("party_id", "parties", "Member", "成员"),
        relationship="MEMBER_OF_BODY",
        ends=("party_id", "body_id"),
    ),
    _table(
        "lenders",
        "Lenders",
        "授信机构",
        "The banking group and its lending subsidiaries",
        _key("lender_id", "", "Lender", "授信机构编号"),
        _need("name", TEXT, "Name", "名称"),
        Column("parent_id", ID, "Parent", "上级机构", ref="lenders", tie="PART_OF"),
        Column("party_id", ID, "As a party", "对应主体", ref="parties", tie="IS_PARTY"),
        Column("tier1", MONEY, "Tier 1", "一级资本净额"),
        Column("net_capital", MONEY, "Net capital", "资本净额"),
        Column("tier1_consolidated", MONEY, "Tier 1, consolidated", "并表一级资本净额"),
        Column("net_capital_consolidated", MONEY, "Net capital, consolidated", "并表资本净额"),
        Column("currency", CURRENCY, "Currency", "币种", "Of the capital; empty = base"),
        Column("gsib", BOOL, "G-SIB", "全球系统重要性银行"),
        label="Lender",
    ),
    _table(
        "ownership",
        "Ownership",
        "股权",
        "Stakes; holdings of one pair add up",
        _key("owner_id", "parties", "Owner", "股东"),
        _key("owned_id", "parties", "Owned", "被投资企业"),
        _key("holding_id", "", "Holding", "持股编号", "Tells holdings of one pair apart", required=False),
        Column("share", SHARE, "Share of capital", "持股比例"),
        Column("voting", SHARE, "Share of votes", "表决权比例", "Empty = the share of capital"),
        Column("share_min", SHARE, "Share from", "持股下限", "Band"),
        Column("share_max", SHARE, "Share to", "持股上限", "Band"),
        relationship="OWNS",
    ),
    _table(
        "control",
        "Control facts",
        "控制事实",
        "Control that votes do not show, marks that are not control, and documented rebuttals",
        _key("controller_id", "parties", "Controller", "控制人"),
        _key("controlled_id", "parties", "Controlled", "被控制方"),
        Column("basis", TEXT, "Basis", "依据", key=True, required=True, values=CONTROL_FACTS + CONTROL_MARKS),
        Column("rebutted", BOOL, "Rebutted", "已排除", "True = documented that there is no single risk"),
        Column("note", TEXT, "Note", "说明"),
        relationship="CONTROLS",
    ),
    _table(
        "kin",
        "Kin",
        "亲属",
        "Family ties between persons; read in both directions",
        _key("person_id", "parties", "Person", "自然人"),
        _key("relative_id", "parties", "Relative", "亲属"),
        Column("relation", TEXT, "Relation", "关系", key=True, required=True),
        Column("generation_lineal", COUNT, "Lineal generations", "直系代数", "Parent and child = 1"),
        Column("generation_collateral", COUNT, "Collateral generations", "旁系代数", "Siblings = 2"),
        relationship="KIN_OF",
    ),
    _table(
        "same_as",
        "Identity judgements",
        "同一主体判断",
        "Whether two ids name one party",
        _key("party_id", "parties", "Party", "主体"),
        _key("other_id", "parties", "Other", "另一主体"),
        _need("judgement", TEXT, "Judgement", "判断", values=("same", "different", "unsure")),
        Column("author", TEXT, "Author", "判断人"),
        Column("date", DATE, "Date", "日期"),
        relationship="SAME_AS",
    ),
    _table(
        "dependence",
        "Economic dependence",
        "经济依存",
        "Who suffers when whom fails",
        _key("dependent_id", "parties", "Dependent", "依存方"),
        _key("on_id", "parties", "On", "被依存方"),
        Column("basis", TEXT, "Basis", "依据", key=True, required=True, values=DEPENDENCE_BASES),
        Column("strength", RATIO, "Strength", "程度", "0..1 or a multiple, by basis; empty = established"),
        relationship="DEPENDS_ON",
    ),
    _table(
        "counterparties",
        "Counterparties",
        "交易对手",
        "Customers, suppliers, tenants and funders of a party",
        _key("party_id", "parties", "Party", "主体"),
        _key("counterparty_id", "parties", "Counterparty", "交易对手"),
        Column(
            "relation",
            TEXT,
            "Relation",
            "关系",
            "What the counterparty is to the party",
            key=True,
            required=True,
            values=("customer", "supplier", "tenant", "funder"),
        ),
        Column("amount", MONEY, "Amount", "金额", "Of a year"),
        Column("currency", CURRENCY, "Currency", "币种", "Of the amount; empty = base"),
        Column("share_of_receipts", SHARE, "Share of receipts", "占收入比例", "Of the party's"),
        Column("share_of_expenses", SHARE, "Share of expenses", "占支出比例", "Of the party's"),
        Column("replaceable", BOOL, "Replaceable", "可替代"),
        relationship="TRADES_WITH",
    ),
    _table(
        "facilities",
        "Facilities",
        "授信",
        "What a lender has granted to an obligor",
        _key("facility_id", "", "Facility", "授信编号"),
        _need("lender_id", ID, "Lender", "授信机构", ref="lenders", tie="<GRANTED"),
        _need("obligor_id", ID, "Obligor", "债务人", ref="parties", tie="<OBLIGOR_OF"),
        _need("product", TEXT, "Product", "产品"),
        _need("limit", MONEY, "Limit", "额度"),
        _need("drawn", MONEY, "Drawn", "用信余额"),
        _need("currency", CURRENCY, "Currency", "币种"),
        Column("ccf", SHARE, "CCF", "信用转换系数", "Of the undrawn part; empty = by product"),
        Column("exposure_value", MONEY, "Exposure value", "风险暴露", "Overrides drawn + CCF x undrawn"),
        Column("provision", MONEY, "Provision", "减值准备"),
        Column("umbrella_id", ID, "Umbrella", "共享额度", ref="umbrellas", tie="UNDER"),
        Column("contract_ref", TEXT, "Contract", "合同号"),
        Column("purpose_ref", TEXT, "Purpose", "用途凭证号", "Invoice, project or order that is financed"),
        Column("purpose_amount", MONEY, "Amount of the purpose", "用途金额"),
        Column("start_date", DATE, "Start", "起始日"),
        Column("maturity_date", DATE, "Maturity", "到期日"),
        Column("residual_maturity", RATIO, "Residual maturity", "剩余期限", "Years; overrides the date"),
        Column("status", TEXT, "Status", "状态", "closed, written_off and proposed do not count"),
        Column("cash_collateral", MONEY, "Cash collateral", "保证金", "Held by the lender"),
        Column("days_past_due", COUNT, "Days past due", "逾期天数"),
        label="Facility",
    ),
    _table(
        "co_obligors",
        "Co-obligors",
        "共同债务人",
        "Further parties that owe a facility in full",
        _key("facility_id", "facilities", "Facility", "授信"),
        _key("party_id", "parties", "Party", "主体"),
        relationship="OBLIGOR_OF",
        ends=("party_id", "facility_id"),
    ),
    _table(
        "umbrellas",
        "Umbrella limits",
        "共享额度",
        "One limit that several facilities share",
        _key("umbrella_id", "", "Umbrella", "共享额度编号"),
        _need("limit", MONEY, "Limit", "额度"),
        _need("currency", CURRENCY, "Currency", "币种"),
        label="Umbrella",
    ),
    _table(
        "underlyings",
        "Underlyings",
        "底层资产",
        "What a vehicle that is financed holds",
        _key("facility_id", "facilities", "Facility", "授信"),
        _key("party_id", "parties", "Party", "主体", "Empty = not identified", required=False),
        _need("amount", MONEY, "Amount", "金额"),
        _need("currency", CURRENCY, "Currency", "币种"),
        relationship="INVESTED_IN",
    ),
    _table(
        "guarantees",
        "Guarantees",
        "担保",
        "Promises to pay for another",
        _key("guarantee_id", "", "Guarantee", "担保编号"),
        _need("guarantor_id", ID, "Guarantor", "担保人", ref="parties", tie="<GUARANTEES"),
        _need("form", TEXT, "Form", "担保方式", values=GUARANTEE_FORMS),
        Column("cap", MONEY, "Cap", "最高担保额"),
        Column("share", SHARE, "Share", "担保比例"),
        Column("currency", CURRENCY, "Currency", "币种", "Of the cap; empty = base"),
        Column("eligible", BOOL, "Eligible", "合格缓释", "Meets the rules for credit protection"),
        Column(
            "obligor_id",
            ID,
            "Obligor",
            "被担保人",
            "All its debts (最高额)",
            ref="parties",
            tie="COVERS_DEBTS_OF",
        ),
        Column("counter_of", ID, "Counter to", "反担保对象", ref="guarantees", tie="COUNTER_TO"),
        Column("expiry_date", DATE, "Expiry", "到期日"),
        Column("original_maturity", RATIO, "Original maturity", "原始期限", "Years"),
        Column("residual_maturity", RATIO, "Residual maturity", "剩余期限", "Years"),
        label="Guarantee",
    ),
    _table(
        "guarantee_covers",
        "Covered facilities",
        "担保覆盖",
        "Which facilities a guarantee covers",
        _key("guarantee_id", "guarantees", "Guarantee", "担保"),
        _key("facility_id", "facilities", "Facility", "授信"),
        relationship="COVERS",
    ),
    _table(
        "collateral",
        "Collateral",
        "押品",
        "Assets that secure facilities",
        _key("collateral_id", "", "Collateral", "押品编号"),
        Column("owner_id", ID, "Owner", "所有人", ref="parties", tie="<HOLDS"),
        Column("issuer_id", ID, "Issuer", "发行人", ref="parties", tie="ISSUED_BY"),
        Column("kind", TEXT, "Kind", "押品类别"),
        _need("value", MONEY, "Value", "价值"),
        _need("currency", CURRENCY, "Currency", "币种"),
        Column("registry_ref", TEXT, "Registry", "登记号", "One asset has one, whatever its ids"),
        Column("valuation_date", DATE, "Valued on", "评估日"),
        label="Collateral",
    ),
    _table(
        "pledges",
        "Pledges",
        "抵质押",
        "Which asset secures which facility",
        _key("collateral_id", "collateral", "Collateral", "押品"),
        _key("facility_id", "facilities", "Facility", "授信"),
        Column("amount", MONEY, "Amount", "抵质押金额", "Empty = the drawn amount"),
        Column("currency", CURRENCY, "Currency", "币种", "Of the amount; empty = base"),
        Column("rank", COUNT, "Rank", "顺位"),
        relationship="PLEDGED_FOR",
    ),
    _table(
        "liabilities",
        "Liabilities",
        "负债",
        "What parties owe one another",
        _key("debtor_id", "parties", "Debtor", "债务人"),
        _key("creditor_id", "parties", "Creditor", "债权人"),
        _need("amount", MONEY, "Amount", "金额"),
        _need("currency", CURRENCY, "Currency", "币种"),
        relationship="OWES",
    ),
    _table(
        "limits",
        "Limits",
        "限额",
        "Internal limits on parties and groups",
        Column(
            "scope",
            TEXT,
            "Scope",
            "范围",
            key=True,
            required=True,
            values=("party", "group", "unified", "joint"),
        ),
        _key("subject_id", "parties", "Subject", "对象", "A group by any of its source ids", tie="LIMITS"),
        _key("lender_id", "lenders", "Lender", "授信机构", "Empty = all", required=False, tie="<SET"),
        _need("amount", MONEY, "Amount", "金额"),
        _need("currency", CURRENCY, "Currency", "币种"),
        Column(
            "measure", TEXT, "Measure", "口径", "Empty = gross", values=("limit", "drawn", "gross", "net")
        ),
        label="Limit",
    ),
    _table(
        "fx",
        "Exchange rates",
        "汇率",
        "Base currency per unit; the base has rate 1",
        Column("currency", CURRENCY, "Currency", "币种", key=True, required=True),
        Column("date", DATE, "Date", "日期", key=True, required=True),
        _need("rate", RATE, "Rate", "汇率"),
        label="Rate",
    ),
    _table(
        "financials",
        "Financial statements",
        "财务报表",
        "Figures of a party by period",
        _key("party_id", "parties", "Party", "主体", tie="<REPORTED"),
        Column("period_end", DATE, "Period end", "期末", key=True, required=True),
        Column("revenue", MONEY, "Revenue", "营业收入"),
        Column("net_income", BALANCE, "Net income", "净利润"),
        Column("total_assets", MONEY, "Total assets", "总资产"),
        Column("total_debt", MONEY, "Total debt", "总负债"),
        Column("equity", BALANCE, "Equity", "净资产"),
        Column("cash", MONEY, "Cash", "货币资金"),
        Column("operating_cash_flow", BALANCE, "Operating cash flow", "经营现金流"),
        Column("currency", CURRENCY, "Currency", "币种"),
        label="Financials",
    ),
    _table(
        "ratings",
        "Ratings",
        "评级",
        "Ratings of a party over time",
        _key("party_id", "parties", "Party", "主体", tie="<RATED"),
        Column("date", DATE, "Date", "日期", key=True, required=True),
        Column("agency", TEXT, "Agency", "评级机构", key=True, required=True),
        _need("rating", TEXT, "Rating", "评级"),
        Column("pd", SHARE, "Probability of default", "违约概率"),
        label="Rating",
    ),
    _table(
        "repayments",
        "Repayments",
        "还款",
        "What fell due and what was paid",
        _key("facility_id", "facilities", "Facility", "授信", tie="<DUE"),
        Column("due_date", DATE, "Due on", "应还日", key=True, required=True),
        _need("due", MONEY, "Due", "应还金额"),
        Column("paid", MONEY, "Paid", "已还金额"),
        Column("paid_date", DATE, "Paid on", "还款日"),
        Column("currency", CURRENCY, "Currency", "币种"),
        label="Repayment",
    ),
)

TABLES: Final[dict[str, Table]] = {t.name: t for t in _ALL}
"""Every table of a book by name, in the order in which they are read and loaded."""

REQUIRED_TABLES: Final = ("parties", "facilities")
