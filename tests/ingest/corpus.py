"""Broken books and files, each with what must come of it: one table, read by ``test_corpus``.

The first number is the row of the list of faults that a bank must survive: files cut off (1), repeated rows and keys
(8, 9), references (13), shares (14 to 16), numbers (21 to 25), encodings (26 to 28), ids (29, 30), columns (31),
dialects (32), dates (33), workbooks (34), names of files (35, 36).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import xlsxwriter

PARTIES = "party_id,name,kind\n"
FACILITIES = "facility_id,lender_id,obligor_id,product,limit,drawn,currency\n"
OWNERSHIP = "owner_id,owned_id,share"
LENDERS = "lender_id,name\nL,Bank\n"

Files = dict[str, str | bytes]
Place = tuple[str, int, str, str, str]
"""File, row, column, value and rule of a problem."""


@dataclass(frozen=True)
class Fault:
    """A sound book with ``files`` instead of or besides its own, and the problems that reading it must give.

    Without problems the book is taken, and its receipt says ``said``. ``options`` are those of the command.
    """

    catalogue: int
    name: str
    files: Mapping[str, str | bytes]
    problems: Sequence[Place] = ()
    said: str = ""
    options: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


Cells = Sequence[Sequence[object]]
Edit = Callable[[bytes], bytes]


def workbook(
    sheets: Mapping[str, Cells] | None = None,
    arrange: Callable[[xlsxwriter.Workbook], object] = lambda _: None,
    members: Mapping[str, Edit] | None = None,
    more: Mapping[str, bytes] | None = None,
) -> bytes:
    """A sound book as a workbook, with these sheets instead of or besides its own, and its zip members changed."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        for name, rows in {**SHEETS, **(sheets or {})}.items():
            sheet = book.add_worksheet(name)
            for i, row in enumerate(rows):
                for j, cell in enumerate(row):
                    sheet.write(i, j, cell)
        arrange(book)
    return rezipped(made.getvalue(), members or {}, more or {})


def rezipped(body: bytes, members: Mapping[str, Edit], more: Mapping[str, bytes]) -> bytes:
    """A zip with some of its members changed and others added."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, members.get(name, lambda data: data)(old.read(name)))
        for name, data in more.items():
            new.writestr(name, data)
    return made.getvalue()


def flagged(body: bytes) -> bytes:
    """A zip whose members say that they are encrypted."""
    at = body.find(b"PK\x01\x02")
    made = bytearray(body)
    while at >= 0:
        made[at + 8] |= 1
        at = body.find(b"PK\x01\x02", at + 4)
    return bytes(made)


def manifest(**said: str) -> str:
    """A manifest of the sound book, with something said of some of its files."""
    files = dict.fromkeys(("parties", "lenders", "facilities"), "") | said
    return "format = 1\n" + "".join(f'[files."{name}.csv"]\n{text}\n' for name, text in files.items())


def mapping(text: str) -> str:
    """A mapping of one file of facilities in another layout."""
    return f"""{text}
[[read]]
file = "parties.csv"
table = "parties"
columns = {{ party_id = "party_id", name = "name", kind = "kind" }}
[[read]]
file = "loans.csv"
table = "facilities"
[read.columns]
facility_id = "NO"
lender_id = "BANK"
obligor_id = "CUST"
product = {{ value = "loan" }}
limit = "AMT"
drawn = "BAL"
currency = "CCY"
"""


SHEETS: Mapping[str, Cells] = {
    "parties": [["party_id", "name", "kind"], ["A", "Alpha", "company"], ["B", "Beta", "person"]],
    "lenders": [["lender_id", "name"], ["L", "Bank"]],
    "facilities": [
        ["facility_id", "lender_id", "obligor_id", "product", "limit", "drawn", "currency"],
        ["F1", "L", "A", "loan", 100, 50, "EUR"],
        ["F2", "L", "B", "loan", 20.5, 0, "EUR"],
    ],
}
HEAD = SHEETS["facilities"][0]
HEAD_OF_PARTIES = SHEETS["parties"][0]
CSV = ("parties.csv", "lenders.csv", "facilities.csv")
SHEET1 = "xl/worksheets/sheet1.xml"
SHEET3 = "xl/worksheets/sheet3.xml"


def book(body: bytes) -> dict[str, str | bytes]:
    """The workbook as the only file of a folder."""
    return {"book.xlsx": body}


def replaced(old: bytes, new: bytes) -> Edit:
    """Put one text in the place of another that must be there."""

    def edit(data: bytes) -> bytes:
        assert old in data
        return data.replace(old, new)

    return edit


def padded(held: xlsxwriter.Workbook) -> None:
    """A number shown with leading zeros."""
    held.get_worksheet_by_name("parties").write(1, 0, 123, held.add_format({"num_format": "00000"}))


def merged(held: xlsxwriter.Workbook) -> None:
    held.get_worksheet_by_name("parties").merge_range("B2:B3", "Alpha")


def failing(held: xlsxwriter.Workbook) -> None:
    held.get_worksheet_by_name("facilities").write_formula("E2", "=1/0", None, "#DIV/0!")


def hidden(held: xlsxwriter.Workbook) -> None:
    held.get_worksheet_by_name("lenders").hide()


def far_away(held: xlsxwriter.Workbook) -> None:
    held.get_worksheet_by_name("lenders").write(1_048_575, 16_383, "x")


def trailing(held: xlsxwriter.Workbook) -> None:
    """Cells below the table that hold nothing but a format."""
    sheet = held.get_worksheet_by_name("lenders")
    for row in range(2, 60):
        sheet.write_blank(row, 0, None, held.add_format({"bold": True}))


LARGE_XML = b"<a>" + b" " * (40 << 20) + b"</a>"
CHINESE = "party_id,name,kind\nA,中国工商银行股份有限公司,company\nB,上海浦东发展银行,person\n"
GBK = CHINESE.encode("gb18030")
SHEET = "book.xlsx, sheet "

STATED = manifest(parties='encoding = "utf-16"')

FAULTS: tuple[Fault, ...] = (
    Fault(
        21,
        "an amount that is no number",
        {"facilities.csv": FACILITIES + "F1,L,A,loan,abc,1,EUR\n"},
        [
            ("facilities.csv", 2, "limit", "abc", "unreadable_value"),
        ],
    ),
    Fault(
        21,
        "NaN, infinity and an exponent",
        {"facilities.csv": FACILITIES + "F1,L,A,loan,NaN,inf,EUR\nF2,L,A,loan,1e999,1e5,EUR\n"},
        [
            ("facilities.csv", 2, "drawn", "inf", "unreadable_value"),
            ("facilities.csv", 2, "limit", "NaN", "unreadable_value"),
            ("facilities.csv", 3, "drawn", "1e5", "unreadable_value"),
            ("facilities.csv", 3, "limit", "1e999", "unreadable_value"),
        ],
    ),
    Fault(
        28,
        "thousands separators and full-width digits",
        {"facilities.csv": FACILITIES + 'F1,L,A,loan,"1,000.00",１２,EUR\n'},
        [
            ("facilities.csv", 2, "drawn", "１２", "unreadable_value"),
            ("facilities.csv", 2, "limit", "1,000.00", "unreadable_value"),
        ],
    ),
    Fault(
        24,
        "a third decimal",
        {"facilities.csv": FACILITIES + "F1,L,A,loan,1.005,1.000,EUR\n"},
        [
            ("facilities.csv", 2, "limit", "1.005", "unreadable_value"),
        ],
    ),
    Fault(
        23,
        "an amount beyond 64 bits",
        {"facilities.csv": FACILITIES + "F1,L,A,loan,92233720368547758.08,1,EUR\n"},
        [
            ("facilities.csv", 2, "limit", "92233720368547758.08", "unreadable_value"),
        ],
    ),
    Fault(
        33,
        "dates that are none",
        {
            "ratings.csv": "party_id,date,agency,rating\nA,2026-02-30,X,AA\nA,20260101,X,AA\nA,46023,X,AA\n"
            "A,2026-1-1,X,AA\nA,2100-02-29,X,AA\nA,2000-02-29,X,AA\n"
        },
        [
            ("ratings.csv", 2, "date", "2026-02-30", "unreadable_value"),
            ("ratings.csv", 3, "date", "20260101", "unreadable_value"),
            ("ratings.csv", 4, "date", "46023", "unreadable_value"),
            ("ratings.csv", 5, "date", "2026-1-1", "unreadable_value"),
            ("ratings.csv", 6, "date", "2100-02-29", "unreadable_value"),
        ],
    ),
    Fault(
        21,
        "a boolean that is none",
        {"parties.csv": "party_id,name,kind,listed\nA,Alpha,company,maybe\nB,Beta,person,YES\n"},
        [
            ("parties.csv", 2, "listed", "maybe", "unreadable_value"),
        ],
    ),
    Fault(
        9,
        "an empty key",
        {"parties.csv": PARTIES + "A,Alpha,company\nB,Beta,person\n,Gamma,company\n,Delta,company\n"},
        [
            ("parties.csv", 4, "party_id", "", "missing_cell"),
            ("parties.csv", 5, "party_id", "", "missing_cell"),
        ],
    ),
    Fault(
        13,
        "an empty reference",
        {"facilities.csv": FACILITIES + "F1,L,,loan,1,1,EUR\n"},
        [
            ("facilities.csv", 2, "obligor_id", "", "missing_cell"),
        ],
    ),
    Fault(
        31,
        "an empty value of a closed list",
        {"parties.csv": PARTIES + "A,Alpha,\nB,Beta,person\n"},
        [
            ("parties.csv", 2, "kind", "", "missing_cell"),
        ],
    ),
    Fault(
        9,
        "the same id twice",
        {"parties.csv": PARTIES + "A,Alpha,company\nB,Beta,person\nA,Other,company\n"},
        [
            ("parties.csv", 4, "party_id", "A", "duplicate_key"),
        ],
    ),
    Fault(
        8,
        "the same row twice",
        {"parties.csv": PARTIES + "A,Alpha,company\nB,Beta,person\nA,Alpha,company\n"},
        [
            ("parties.csv", 4, "party_id", "A", "duplicate_key"),
        ],
    ),
    Fault(
        9,
        "the same pair twice, told apart by no holding",
        {"ownership.csv": OWNERSHIP + ",holding_id\nA,B,0.1,\nA,B,0.1,x\nA,B,0.1,\nB,A,0.1,x\n"},
        [
            ("ownership.csv", 4, "owner_id", "A", "duplicate_key"),
        ],
    ),
    Fault(
        9,
        "one key in two periods that overlap",
        {
            "ownership.csv": OWNERSHIP + ",valid_from,valid_to\nA,B,0.1,2020-01-01,2021-01-01\n"
            "A,B,0.2,2021-01-01,\nA,B,0.3,2020-06-01,2020-07-01\nB,A,0.3,,2020-01-01\nB,A,0.4,2020-01-01,\n"
        },
        [
            ("ownership.csv", 4, "owner_id", "A", "duplicate_key"),
        ],
    ),
    Fault(
        13,
        "references to nothing",
        {"facilities.csv": FACILITIES + "F1,M,A,loan,1,1,EUR\nF2,L,a,loan,1,1,EUR\n"},
        [
            ("facilities.csv", 2, "lender_id", "M", "dangling_reference"),
            ("facilities.csv", 3, "obligor_id", "a", "dangling_reference"),
        ],
    ),
    Fault(
        13,
        "two unknown ids are no duplicate",
        {"ownership.csv": OWNERSHIP + "\nX,A,0.1\nY,A,0.1\n"},
        [
            ("ownership.csv", 2, "owner_id", "X", "dangling_reference"),
            ("ownership.csv", 3, "owner_id", "Y", "dangling_reference"),
        ],
    ),
    Fault(
        13,
        "a reference to a table that was not delivered",
        {
            "co_obligors.csv": "facility_id,party_id\nF1,B\n",
            "guarantee_covers.csv": "guarantee_id,facility_id\nG,F1\n",
        },
        [
            ("guarantee_covers.csv", 2, "guarantee_id", "G", "dangling_reference"),
        ],
    ),
    Fault(
        31,
        "a value that is not in its list",
        {"parties.csv": PARTIES + "A,Alpha,Company\nB,Beta,person\n"},
        [
            ("parties.csv", 2, "kind", "Company", "unlisted_value"),
        ],
    ),
    Fault(
        25,
        "currencies that are none",
        {"facilities.csv": FACILITIES + "F1,L,A,loan,1,1,eur\nF2,L,A,loan,1,1,EURO\nF3,L,A,loan,1,1,\n"},
        [
            ("facilities.csv", 2, "currency", "eur", "unlisted_value"),
            ("facilities.csv", 3, "currency", "EURO", "unlisted_value"),
        ],
    ),
    Fault(
        16,
        "shares outside 0..1",
        {"ownership.csv": OWNERSHIP + "\nA,B,45\nB,A,-0.1\nA,A,1\nB,B,0\n"},
        [
            ("ownership.csv", 2, "share", "45", "out_of_range"),
            ("ownership.csv", 3, "share", "-0.1", "out_of_range"),
        ],
    ),
    Fault(
        22,
        "negative money, but equity may be",
        {
            "parties.csv": "party_id,name,kind,equity\nA,Alpha,company,-5.00\nB,Beta,person,\n",
            "facilities.csv": FACILITIES + "F1,L,A,loan,1,-0.01,EUR\n",
        },
        [
            ("facilities.csv", 2, "drawn", "-0.01", "out_of_range"),
        ],
    ),
    Fault(
        25,
        "a rate of zero",
        {"fx.csv": "currency,date,rate\nEUR,2026-01-01,1\nUSD,2026-01-01,0\n"},
        [
            ("fx.csv", 3, "rate", "0", "out_of_range"),
        ],
    ),
    Fault(
        33,
        "a fact that ends before it begins",
        {
            "parties.csv": "party_id,name,kind,valid_from,valid_to\n"
            "A,Alpha,company,2020-01-01,2020-01-01\nB,B,person,,\n"
        },
        [
            ("parties.csv", 2, "valid_to", "2020-01-01", "empty_validity"),
        ],
    ),
    Fault(
        15,
        "a band with the higher bound first",
        {"ownership.csv": "owner_id,owned_id,share_min,share_max\nB,A,0.6,0.4\n"},
        [
            ("ownership.csv", 2, "share_min", "0.6", "upside_down_band"),
        ],
    ),
    Fault(
        31,
        "a column that must be there",
        {"parties.csv": "party_id,Name,kind\nA,Alpha,company\nB,Beta,person\n"},
        [
            ("parties.csv", 0, "name", "", "missing_column"),
        ],
    ),
    Fault(
        31,
        "a header with one name twice",
        {"lenders.csv": "lender_id,name,name\nL,Bank,Bank\n"},
        [
            ("lenders.csv", 1, "name", "name", "duplicate_header"),
        ],
    ),
    Fault(
        32,
        "rows of another length",
        {"lenders.csv": 'lender_id,name\nL,"Bank\nof two lines"\nM\nN,Bank,3\n'},
        [
            ("lenders.csv", 4, "", "M", "ragged_row"),
            ("lenders.csv", 5, "", "N,Bank,3", "ragged_row"),
        ],
    ),
    Fault(
        32,
        "a quote that is never closed",
        {"lenders.csv": 'lender_id,name\nL,"Bank\nM,Bank\n'},
        [
            ("lenders.csv", 2, "", "", "open_quote"),
        ],
    ),
    Fault(
        26,
        "bytes that are not UTF-8",
        {"lenders.csv": "lender_id,name\nL,银行\n".encode("gb18030")},
        [
            ("lenders.csv", 2, "", "d2", "wrong_bytes"),
        ],
    ),
    Fault(
        26,
        "text of 16 bits",
        {"lenders.csv": "lender_id,name\nL,Bank\n".encode("utf-16")},
        [
            ("lenders.csv", 1, "", "ff", "wrong_bytes"),
        ],
    ),
    Fault(
        1,
        "an empty file",
        {"lenders.csv": ""},
        [
            ("lenders.csv", 0, "", "", "empty_file"),
        ],
    ),
    Fault(
        31,
        "a table in two files",
        {"lenders.parquet": "anything"},
        [
            ("lenders.parquet", 0, "", "", "table_twice"),
        ],
    ),
    Fault(
        1,
        "a Parquet file that is none",
        {"umbrellas.parquet": "anything"},
        [
            ("umbrellas.parquet", 0, "", "", "unreadable_file"),
        ],
    ),
    # 1: cut off
    Fault(
        1,
        "a file cut in the middle of a row",
        {"lenders.csv": "lender_id,name\nL,Bank\nM"},
        [
            ("lenders.csv", 3, "", "M", "ragged_row"),
        ],
    ),
    Fault(
        1,
        "fewer rows than its manifest says",
        {"book.toml": manifest(parties="rows = 3")},
        [
            ("book.toml", 0, "files.parties.csv.rows", "3", "manifest"),
        ],
    ),
    Fault(
        1,
        "another sum than its manifest says",
        {"book.toml": manifest(facilities='sums = { drawn = "51" }')},
        [
            ("book.toml", 0, "files.facilities.csv.sums.drawn", "51", "manifest"),
        ],
    ),
    Fault(
        1,
        "other bytes than its manifest says",
        {"book.toml": manifest(lenders='sha256 = "00"')},
        [
            ("book.toml", 0, "files.lenders.csv.sha256", "00", "manifest"),
        ],
    ),
    Fault(
        1,
        "a file that the manifest names is not there",
        {"book.toml": manifest(kin="")},
        [
            ("book.toml", 0, "files.kin.csv", "", "manifest"),
        ],
    ),
    Fault(
        1,
        "a workbook cut in half",
        book(workbook()[:3000]),
        [("book.xlsx", 0, "", "", "unreadable_file")],
        without=CSV,
    ),
    Fault(1, "an empty workbook file", book(b""), [("book.xlsx", 0, "", "", "unreadable_file")], without=CSV),
    Fault(2, "no manifest", {}, said="unreconciled"),
    Fault(
        2, "a manifest that is no TOML", {"book.toml": "format = \n"}, [("book.toml", 0, "", "", "manifest")]
    ),
    Fault(
        2,
        "a manifest of a later format",
        {"book.toml": "format = 2\n"},
        [
            ("book.toml", 0, "format", "", "manifest"),
        ],
    ),
    # 8, 9: repeated
    Fault(
        9,
        "one id with two contents",
        {"lenders.csv": LENDERS + "L,Other\n"},
        [
            ("lenders.csv", 3, "lender_id", "L", "duplicate_key"),
        ],
    ),
    Fault(
        9,
        "one id in two sheets' rows",
        book(workbook({"lenders": [["lender_id", "name"], ["L", "Bank"], ["L", "Else"]]})),
        [
            (SHEET + "lenders", 3, "lender_id", "L", "duplicate_key"),
        ],
        without=CSV,
    ),
    Fault(
        9,
        "a table as a file and as a sheet",
        book(workbook()),
        [
            ("parties.csv", 0, "", "", "table_twice"),
            ("lenders.csv", 0, "", "", "table_twice"),
            ("facilities.csv", 0, "", "", "table_twice"),
        ],
    ),
    # 14 to 16: shares
    Fault(
        14,
        "a company that holds shares in itself",
        {"ownership.csv": OWNERSHIP + "\nA,A,0.1\n"},
        said="ownership",
    ),
    Fault(
        15,
        "holders of more than everything",
        {"ownership.csv": OWNERSHIP + "\nA,B,0.7\nB,B,0.7\n"},
        said="2 rows = 2 used",
    ),
    Fault(
        16,
        "a share in percent",
        {"ownership.csv": OWNERSHIP + "\nA,B,45%\n"},
        [
            ("ownership.csv", 2, "share", "45%", "unreadable_value"),
        ],
    ),
    Fault(
        16,
        "a share of ten decimals",
        {"ownership.csv": OWNERSHIP + "\nA,B,0.1234567891\n"},
        [
            ("ownership.csv", 2, "share", "0.1234567891", "unreadable_value"),
        ],
    ),
    # 21 to 25: numbers
    Fault(
        21,
        "an empty amount is unknown and never 0",
        {"facilities.csv": FACILITIES + "F1,L,A,loan,,,EUR\n"},
        said="facilities",
    ),
    Fault(
        21,
        "dashes for no amount",
        {"facilities.csv": FACILITIES + "F1,L,A,loan,-,n/a,EUR\n"},
        [
            ("facilities.csv", 2, "drawn", "n/a", "unreadable_value"),
            ("facilities.csv", 2, "limit", "-", "unreadable_value"),
        ],
    ),
    Fault(
        22,
        "more drawn than granted",
        {"facilities.csv": FACILITIES + "F1,L,A,loan,1,2,EUR\n"},
        said="drawn_above_limit: 1",
    ),
    Fault(
        23,
        "the largest amount and one above it",
        {"facilities.csv": FACILITIES + "F1,L,A,loan,9223372036854775807,1,EUR\n"},
        [
            ("facilities.csv", 2, "limit", "9223372036854775807", "unreadable_value"),
        ],
    ),
    Fault(
        23,
        "a negative limit",
        {"facilities.csv": FACILITIES + "F1,L,A,loan,-100,1,EUR\n"},
        [
            ("facilities.csv", 2, "limit", "-100", "out_of_range"),
        ],
    ),
    Fault(
        24,
        "a float of a workbook that is no amount",
        book(workbook(members={SHEET3: replaced(b"<v>100</v>", b"<v>0.30000000000000004</v>")})),
        [
            (SHEET + "facilities", 2, "limit", "0.30000000000000004", "unreadable_value"),
        ],
        without=CSV,
    ),
    Fault(
        25,
        "a currency that is none, in a sheet",
        book(workbook({"facilities": [HEAD, ["F1", "L", "A", "loan", 1, 0, "euro"]]})),
        [
            (SHEET + "facilities", 2, "currency", "euro", "unlisted_value"),
        ],
        without=CSV,
    ),
    # 26 to 28: encodings
    Fault(
        26,
        "Chinese text in GBK that nobody stated",
        {"parties.csv": GBK},
        [
            ("parties.csv", 2, "", "d6", "wrong_bytes"),
        ],
    ),
    Fault(
        26,
        "Chinese text in GBK, stated",
        {"parties.csv": GBK},
        said="encoding 'gb18030'",
        options=("--encoding", "gb18030"),
    ),
    Fault(
        26,
        "Chinese text in GBK, stated in the manifest",
        {
            "parties.csv": GBK,
            "book.toml": manifest(parties='encoding = "gbk"'),
        },
        said="encoding 'gbk'",
    ),
    Fault(
        26,
        "UTF-8 stated to be GB18030",
        {"parties.csv": CHINESE},
        [
            ("parties.csv", 0, "", "", "wrong_bytes"),
        ],
        options=("--encoding", "gb18030"),
    ),
    Fault(
        26,
        "a wrong byte in stated GB18030",
        {"parties.csv": GBK[:60] + b"\xff" + GBK[60:]},
        [
            ("parties.csv", 3, "", "ff", "wrong_bytes"),
        ],
        options=("--encoding", "gb18030"),
    ),
    Fault(
        26,
        "text of 16 bits, stated",
        {"parties.csv": CHINESE.encode("utf-16"), "book.toml": STATED},
        said="encoding 'utf-16'",
    ),
    Fault(
        26,
        "text of 16 bits cut in half a character, stated",
        {"parties.csv": CHINESE.encode("utf-16")[:-1], "book.toml": STATED},
        [
            ("parties.csv", 3, "", "0a", "wrong_bytes"),
        ],
    ),
    Fault(
        26,
        "text of 16 bits without a mark",
        {"lenders.csv": "lender_id,name\nL,Bänk\n".encode("utf-16-le")},
        [
            ("lenders.csv", 2, "", "e4", "wrong_bytes"),
        ],
    ),
    Fault(
        26,
        "an encoding of the manifest that there is not",
        {"book.toml": manifest(parties='encoding = "gkb"')},
        [
            ("book.toml", 0, "files.parties.csv", "", "manifest"),
        ],
    ),
    Fault(
        26,
        "a lone continuation byte",
        {"lenders.csv": b"lender_id,name\nL,Bank\nM,\x80\n"},
        [
            ("lenders.csv", 3, "", "80", "wrong_bytes"),
        ],
    ),
    Fault(
        27,
        "a byte order mark before the header",
        {"parties.csv": "\ufeff" + PARTIES + "A,Alpha,company\nB,Beta,person\n"},
        said="parties",
    ),
    Fault(
        28,
        "full-width digits",
        {"facilities.csv": FACILITIES + "F1,L,A,loan,１００,1,EUR\n"},
        [
            ("facilities.csv", 2, "limit", "１００", "unreadable_value"),
        ],
    ),
    Fault(
        28,
        "a full-width id is another id",
        {"facilities.csv": FACILITIES + "F1,L,Ａ,loan,100,1,EUR\n"},
        [
            ("facilities.csv", 2, "obligor_id", "Ａ", "dangling_reference"),
        ],
    ),
    Fault(
        28,
        "a blank after an id is another id",
        {"facilities.csv": FACILITIES + "F1,L,A ,loan,100,1,EUR\n"},
        [
            ("facilities.csv", 2, "obligor_id", "A ", "dangling_reference"),
        ],
    ),
    # 29, 30: ids
    Fault(
        29,
        "ids that look like numbers, dates or nothing",
        {
            "parties.csv": PARTIES
            + "A,N,company\nB,N,person\n00123,N,company\nNA,N,company\n"
            + "1e5,N,company\nnull,N,company\n123456789012345678,N,company\n"
        },
        said="7 rows = 7 used",
    ),
    Fault(
        29,
        "an id of 18 digits as a number of a workbook",
        book(workbook({"parties": [*SHEETS["parties"], [123456789012345678, "Gamma", "company"]]})),
        [
            (SHEET + "parties", 4, "party_id (A4)", "123456789012345696", "lost_digits"),
        ],
        without=CSV,
    ),
    Fault(
        29,
        "an id that a workbook shows with leading zeros",
        book(workbook(arrange=padded)),
        [
            (SHEET + "parties", 2, "party_id (A2)", "123", "padded_number"),
        ],
        without=CSV,
    ),
    Fault(
        29,
        "a whole number of a workbook is an id without a point",
        book(
            workbook(
                {
                    "parties": [*SHEETS["parties"], [123, "Gamma", "company"]],
                    "members": [["body_id", "party_id"], ["123", 123]],
                }
            )
        ),
        said="members",
        without=CSV,
    ),
    Fault(
        30,
        "a credit code with a wrong check character",
        {"parties.csv": "party_id,name,kind,uscc\nA,A,company,91350100M000100Y44\nB,B,person,\n"},
        said="identifier_invalid: 1",
    ),
    Fault(
        30,
        "an LEI with wrong check digits",
        {"parties.csv": "party_id,name,kind,lei\nA,A,company,529900T8BM49AURSDO99\nB,B,person,\n"},
        said="identifier_invalid: 1",
    ),
    # 31: columns
    Fault(
        31,
        "a column too many is kept",
        {"lenders.csv": "lender_id,name,colour\nL,Bank,red\n"},
        said="columns kept as extra: colour",
    ),
    Fault(
        31,
        "a column renamed",
        {"lenders.csv": "id,name\nL,Bank\n"},
        [("lenders.csv", 0, "lender_id", "", "missing_column")],
    ),
    Fault(
        31,
        "two columns swapped",
        {
            "facilities.csv": "facility_id,lender_id,obligor_id,product,limit,currency,drawn\nF1,L,A,loan,1,1,EUR\n"
        },
        [
            ("facilities.csv", 2, "currency", "1", "unlisted_value"),
            ("facilities.csv", 2, "drawn", "EUR", "unreadable_value"),
        ],
    ),
    Fault(
        31,
        "a header of one column without a name",
        {"lenders.csv": "lender_id,name,\nL,Bank,\n"},
        [
            ("lenders.csv", 1, "", "", "empty_header"),
        ],
    ),
    Fault(
        31,
        "a table that must be there",
        {},
        [("facilities", 0, "", "", "missing_table")],
        without=("facilities.csv",),
    ),
    Fault(
        31,
        "a sheet with one name twice in its header",
        book(workbook({"lenders": [["lender_id", "name", "name"], ["L", "Bank", "B"]]})),
        [
            (SHEET + "lenders", 1, "C1", "name", "duplicate_header"),
        ],
        without=CSV,
    ),
    Fault(
        31,
        "a sheet with a column that has no name",
        book(workbook({"lenders": [["lender_id", "name", ""], ["L", "Bank", "B"]]})),
        [
            (SHEET + "lenders", 1, "C1", "", "empty_header"),
        ],
        without=CSV,
    ),
    Fault(
        31,
        "a sheet without anything",
        book(workbook({"lenders": []})),
        [
            (SHEET + "lenders", 0, "", "", "empty_file"),
        ],
        without=CSV,
    ),
    Fault(
        31,
        "a sheet that no table has",
        book(workbook({"Notes": [["hello"]]})),
        said="book.xlsx, sheet Notes: not a table",
        without=CSV,
    ),
    Fault(
        31,
        "a file that a mapping needs",
        {"m.toml": mapping("")},
        [
            ("loans.csv", 0, "", "", "missing_file"),
        ],
        options=("--mapping", "m.toml"),
    ),
    # 32: dialects
    Fault(
        32,
        "semicolons that nobody stated",
        {"lenders.csv": "lender_id;name\nL;Bank\n"},
        [
            ("lenders.csv", 1, "", "lender_id;name", "delimiter"),
        ],
    ),
    Fault(
        32,
        "tabs that nobody stated",
        {"lenders.csv": "lender_id\tname\nL\tBank\n"},
        [
            ("lenders.csv", 1, "", "lender_id\tname", "delimiter"),
        ],
    ),
    Fault(
        32,
        "bars that nobody stated",
        {"lenders.csv": "lender_id|name\nL|Bank\n"},
        [
            ("lenders.csv", 1, "", "lender_id|name", "delimiter"),
        ],
    ),
    Fault(
        32,
        "semicolons that the manifest states",
        {
            "lenders.csv": "lender_id;name\r\nL;Bank\r\n",
            "book.toml": manifest(lenders='delimiter = ";"'),
        },
        said="delimiter ';'",
    ),
    Fault(
        32,
        "decimal commas that nobody stated",
        {"facilities.csv": FACILITIES + 'F1,L,A,loan,"12,50",1,EUR\n'},
        [
            ("facilities.csv", 2, "limit", "12,50", "unreadable_value"),
        ],
    ),
    Fault(
        32,
        "decimal commas that a mapping states",
        {
            "m.toml": mapping('delimiter = ";"\ndecimal = ","'),
            "parties.csv": "party_id;name;kind\nA;A;company\n",
            "loans.csv": "NO;BANK;CUST;AMT;BAL;CCY\nF1;L;A;12,50;1;EUR\n",
        },
        said="12.50 EUR",
        options=("--mapping", "m.toml"),
    ),
    Fault(
        32,
        "a point where decimal commas are stated",
        {
            "m.toml": mapping('delimiter = ";"\ndecimal = ","'),
            "parties.csv": "party_id;name;kind\nA;A;company\n",
            "loans.csv": "NO;BANK;CUST;AMT;BAL;CCY\nF1;L;A;12.50;1.250,00;EUR\n",
        },
        [
            ("loans.csv", 2, "AMT", "12.50", "unreadable_value"),
            ("loans.csv", 2, "BAL", "1.250,00", "unreadable_value"),
        ],
        options=("--mapping", "m.toml"),
    ),
    Fault(
        32,
        "a line break within a name",
        {"lenders.csv": 'lender_id,name\nL,"Bank\nof two lines"\n'},
        said="1 rows = 1 used",
    ),
    Fault(
        32,
        "lines that end as on old machines",
        {"lenders.csv": "lender_id,name\rL,Bank\r"},
        said="1 rows = 1 used",
    ),
    # 33: dates
    Fault(
        33,
        "a day number of a spreadsheet as a date",
        {"fx.csv": "currency,date,rate\nEUR,46023,1\n"},
        [
            ("fx.csv", 2, "date", "46023", "unreadable_value"),
        ],
    ),
    Fault(
        33,
        "a time of day in a workbook where a date must be",
        book(workbook({"fx": [["currency", "date", "rate"], ["EUR", "2026-01-01 10:00", 1]]})),
        [
            (SHEET + "fx", 2, "date", "2026-01-01 10:00", "unreadable_value"),
        ],
        without=CSV,
    ),
    # 34: workbooks
    Fault(34, "a sound workbook", book(workbook()), said="facilities.limit: 120.50 EUR", without=CSV),
    Fault(
        34,
        "a text file that is called a workbook",
        book(b"party_id,name\n"),
        [("book.xlsx", 0, "", "", "unreadable_file")],
        without=CSV,
    ),
    Fault(
        34,
        "a zip that is no workbook",
        book(rezipped(workbook(), {}, {})[:0] + rezipped(b"PK\x05\x06" + bytes(18), {}, {"a.txt": b"a"})),
        [
            ("book.xlsx", 0, "", "", "unreadable_file"),
        ],
        without=CSV,
    ),
    Fault(
        34,
        "a workbook with a password",
        book(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096)),
        [("book.xlsx", 0, "", "", "encrypted")],
        without=CSV,
    ),
    Fault(
        34,
        "a zip whose members are encrypted",
        book(flagged(workbook())),
        [("book.xlsx", 0, "", "", "encrypted")],
        without=CSV,
    ),
    Fault(
        34,
        "a workbook with macros",
        book(workbook(more={"xl/vbaProject.bin": b"x"})),
        [("book.xlsx", 0, "", "", "macros")],
        without=CSV,
    ),
    Fault(
        34,
        "a small file that inflates to very much",
        book(workbook(more={"xl/media/a.xml": LARGE_XML})),
        [("book.xlsx", 0, "", "", "zip_bomb")],
        without=CSV,
    ),
    Fault(
        34,
        "a zip of very many members",
        book(workbook(more={f"a/{i}": b"" for i in range(10_001)})),
        [("book.xlsx", 0, "", "", "zip_bomb")],
        without=CSV,
    ),
    Fault(
        34,
        "XML with entities",
        book(
            workbook(members={SHEET1: replaced(b"<worksheet", b'<!DOCTYPE a [<!ENTITY x "y">]><worksheet')})
        ),
        [
            ("book.xlsx", 0, "", SHEET1, "document_type"),
        ],
        without=CSV,
    ),
    Fault(
        34,
        "a cell in the last corner of a sheet",
        book(workbook(arrange=far_away)),
        [(SHEET + "lenders", 0, "", "", "sheet_too_large")],
        without=CSV,
    ),
    Fault(
        34,
        "a cell that holds an error",
        book(workbook(arrange=failing)),
        [
            (SHEET + "facilities", 2, "limit (E2)", "1/0#DIV/0!", "error_cell"),
        ],
        without=CSV,
    ),
    Fault(
        34,
        "a formula that was never computed",
        book(
            workbook(members={SHEET3: replaced(b'<c r="E2"><v>100</v></c>', b'<c r="E2"><f>50+50</f></c>')})
        ),
        [
            (SHEET + "facilities", 2, "limit (E2)", "50+50", "formula_without_value"),
        ],
        without=CSV,
    ),
    Fault(
        34,
        "merged cells",
        book(workbook(arrange=merged)),
        [(SHEET + "parties", 2, "name (B2)", "B2:B3", "merged_cells")],
        without=CSV,
    ),
    Fault(
        34,
        "a hidden sheet of a table",
        book(workbook(arrange=hidden)),
        [(SHEET + "lenders", 0, "", "", "hidden_sheet")],
        without=CSV,
    ),
    Fault(
        34,
        "one long text in very many cells",
        book(
            workbook({"parties": [HEAD_OF_PARTIES, *([i, "x" * 30_000, "company"] for i in range(40_000))]})
        ),
        [(SHEET + "parties", 0, "", "", "sheet_too_large")],
        without=CSV,
    ),
    Fault(
        34,
        "empty rows below a table",
        book(workbook(arrange=trailing)),
        said="lenders                      1 rows",
        without=CSV,
    ),
    Fault(
        34,
        "a damaged sheet",
        book(workbook(members={SHEET1: lambda data: data[: len(data) // 2]})),
        [(SHEET + "parties", 0, "", "", "unreadable_file")],
        without=CSV,
    ),
    # 35, 36: names and kinds of files
    Fault(
        35,
        "a member that would leave the folder",
        book(workbook(more={"../../evil.xml": b"<a/>"})),
        said="120.50 EUR",
        without=CSV,
    ),
    Fault(
        35,
        "a manifest that names a file elsewhere",
        {"book.toml": manifest(**{"../secret": ""})},
        [
            ("book.toml", 0, "files.../secret.csv", "", "manifest"),
        ],
    ),
    Fault(
        36,
        "a pickle is not read",
        {"kin.pkl": b"\x80\x04N."},
        said="kin.pkl: not a table, not read; is it kin?",
    ),
    Fault(
        36,
        "a pickle that is called Parquet",
        {"kin.parquet": b"\x80\x04N."},
        [("kin.parquet", 0, "", "", "unreadable_file")],
    ),
    Fault(
        36,
        "a workbook with macros is not read",
        {"kin.xlsm": b"PK"},
        said="kin.xlsm: not a table, not read; is it kin?",
    ),
    # names, sizes and nesting that only a hostile or a broken sender has
    Fault(
        1,
        "a header without a line end is a table without rows",
        {"kin.csv": "person_id,relative_id,relation"},
        said="kin                          0 rows",
    ),
    Fault(
        1,
        "a control sum beyond all numbers",
        {"book.toml": manifest(facilities='sums = { drawn = "1e999999999" }')},
        [("book.toml", 0, "files.facilities.csv.sums.drawn", "1e999999999", "manifest")],
    ),
    Fault(
        2,
        "a manifest of lists in lists without end",
        {"book.toml": "format = 1\nx = " + "[" * 5000 + "]" * 5000},
        [("book.toml", 0, "", "", "manifest")],
    ),
    Fault(
        2,
        "a manifest with a number of thousands of digits",
        {"book.toml": "format = " + "9" * 5000},
        [("book.toml", 0, "", "", "manifest")],
    ),
    *(
        Fault(
            26,
            f"a codec that is none of files: {name[:12]!r}",
            {"book.toml": manifest(parties=f'encoding = "{name}"')},
            [("book.toml", 0, "files.parties.csv", "", "manifest")],
        )
        for name in ("utf-7", "unicode_escape", "undefined", "punycode", "idna", "utf\\u0000")
    ),
    Fault(
        31,
        "a header that does not end",
        {"kin.csv": ",".join(f"c{i:07}" for i in range(120_000)) + "\n"},
        [("kin.csv", 1, "", "", "header_too_long")],
    ),
    Fault(
        32,
        "a row of many megabytes",
        {"parties.csv": PARTIES + "A,a,company\nB," + "x" * (20 << 20) + ",person\n"},
        [("parties.csv", 3, "", "", "row_too_long")],
    ),
    Fault(
        32,
        "a row too short behind a long one",
        {"parties.csv": PARTIES + "A," + "x" * 200_000 + ",company\nB,b,person\nC,c\n"},
        [("parties.csv", 4, "", "C,c", "ragged_row")],
    ),
    Fault(
        32,
        "a delimiter that is no character of text",
        {"book.toml": manifest(parties='delimiter = "\\u0000"')},
        [("book.toml", 0, "files.parties.csv", "", "manifest")],
    ),
    Fault(
        35,
        "a name of a file that is no text",
        {"kin\udcff.csv": "x"},
        [("kin\\xff.csv", 0, "", "", "file_name")],
    ),
)
