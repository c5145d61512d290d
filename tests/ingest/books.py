"""Tiny books on disk, sound unless a test breaks them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from graph.errors import InputError
from ingest.job import read

SOUND: Final[dict[str, str | bytes]] = {
    "parties.csv": "party_id,name,kind\nA,Alpha,company\nB,Beta,person\n",
    "lenders.csv": "lender_id,name\nL,Bank\n",
    "facilities.csv": (
        "facility_id,lender_id,obligor_id,product,limit,drawn,currency\n"
        "F1,L,A,loan,100.00,50.00,EUR\nF2,L,B,loan,20.5,0,EUR\n"
    ),
}


def write(
    folder: Path, files: Mapping[str, str | bytes] | None = None, without: tuple[str, ...] = ()
) -> Path:
    """A sound book with these files instead of or besides its own."""
    for name, text in {**SOUND, **(files or {})}.items():
        if name not in without:
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def found(folder: Path, mapping: Path | None = None) -> list[tuple[str, int, str, str]]:
    """File, row, column and rule of each problem of a book."""
    try:
        read(folder, mapping)
    except InputError as error:
        return [(p.file, p.row, p.column, p.rule) for p in error.problems if p.message and p.remedy]
    return []
