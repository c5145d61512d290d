"""The committee's page: one HTML file with what changed, breaches, duplicates, top groups and circles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.codes import DUPLICATES, WARNINGS
from app.output import gravest
from app.sentences import sentences
from exposure.results import not_computed

TOP: Final = 15
"""Rows that a section shows."""
_STYLE: Final = Path(__file__).with_suffix(".css")


def words(language: str) -> dict[str, str]:
    """Headings of the page in ``en`` or ``zh``."""
    return sentences("committee", language)


def page(tables: Mapping[str, pa.Table], summary: Mapping[str, Any], language: str) -> str:
    """The whole page, in one language; it needs nothing from any other place."""
    say = words(language)
    places = {**summary, "rules": ", ".join(summary["packs"])}
    told = say["subtitle"].format_map(places)
    if summary["compared_with"]:
        told += say["compared"].format_map(places)
    if summary.get("incomplete"):
        told += say["incomplete"].format(names=", ".join(summary["incomplete"]))
    parts = [
        f"<h1>{say['title']}</h1><p class=sub>{escape(told)}</p>",
        _figures(summary, say),
        _changes(tables, say),
        _section(say["early"], _findings(tables, language, WARNINGS), say),
        _limits(tables, say),
        _section(say["duplicates"], _findings(tables, language, DUPLICATES), say),
        _groups(tables, summary["packs"][0], say),
        _rings(tables, say),
        _section(say["warnings"], _findings(tables, language, None), say),
    ]
    if summary["not_computed"]:
        names = escape(", ".join(summary["not_computed"]))
        parts.append(f"<p class=more>{say['not_computed'].format(names=names)}</p>")
    head = f"<meta charset=utf-8><title>{say['title']}</title><style>{_STYLE.read_text('utf-8')}</style>"
    return f"<!doctype html><html lang={language}><head>{head}</head><body>{''.join(parts)}</body></html>\n"


def _amount(value: Any) -> str:  # noqa: ANN401 (a cell)
    """An amount with thousands set apart; empty where it is not known."""
    return "" if value is None else f"{value:,}"


def _figures(summary: Mapping[str, Any], say: Mapping[str, str]) -> str:
    """Counts and totals at a glance."""
    shown = [(say[name], f"{summary['counts'][name]:,}") for name in ("parties", "facilities", "groups")]
    shown += [(say[k], f"{float(v):,.2f}") for k, v in summary["totals"].items() if k in say]
    shown += [(f"{say['findings']}: {say[s]}", f"{n:,}") for s, n in summary["severities"].items()]
    items = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in shown)
    return f"<h2>{say['figures']}</h2><dl>{items}</dl>"


Rows = list[list[tuple[str, str]]]
"""Cells as (text, class)."""


def _section(
    title: str,
    content: tuple[Sequence[str], Rows, int],
    say: Mapping[str, str],
    source: pa.Table | None = None,
) -> str:
    """A heading over a table of its first rows; says so where nothing computes the ``source`` yet."""
    heads, rows, total = content
    absent = source is not None and len(not_computed(source)) == source.num_columns
    if not rows:
        return f"<h2>{escape(title)}</h2><p class=more>{say['not_yet' if absent else 'nothing']}</p>"
    marks = ["n" if c.startswith("n") else "" for _, c in rows[0]]
    head = "".join(f'<th class="{m}">{escape(h)}' for h, m in zip(heads, marks, strict=True))
    cells = "".join("<tr>" + "".join(f'<td class="{c}">{escape(t)}' for t, c in row) for row in rows)
    more = (
        f"<p class=more>{say['more'].format(count=f'{total - len(rows):,}')}</p>" if total > len(rows) else ""
    )
    return f"<h2>{escape(title)}</h2><table><tr>{head}{cells}</table>{more}"


def _changes(tables: Mapping[str, pa.Table], say: Mapping[str, str]) -> str:
    """What differs from the version before."""
    table = tables["changes"]
    if len(not_computed(table)) == table.num_columns:
        return f"<h2>{escape(say['changes'])}</h2><p class=more>{say['unversioned']}</p>"
    rows = [[(str(row[c] or ""), "") for c in table.column_names] for row in table.slice(0, TOP).to_pylist()]
    return _section(say["changes"], ([say[c] for c in table.column_names], rows, table.num_rows), say, table)


def _limits(tables: Mapping[str, pa.Table], say: Mapping[str, str]) -> str:
    """Limits that are breached, or used to nine tenths, the most used first."""
    table = tables["limits"]
    open_ = table.filter(pc.fill_null(pc.greater_equal(table["utilisation"], 0.9), fill_value=False))
    open_ = open_.sort_by([("utilisation", "descending")])
    rows = []
    for r in open_.slice(0, TOP).to_pylist():
        mark = "breach" if r["breach"] else "warning"
        cells = [(r["subject_id"] or "", mark), (r["lender_id"] or say["all"], "")]
        cells += [(say.get(r["rule"], r["rule"]), ""), (say[r["measure"]], "")]
        cells += [(_amount(r[c]), "n") for c in ("limit", "value", "headroom")]
        rows.append([*cells, (f"{r['utilisation']:.1%}", f"n {mark}")])
    heads = [
        say[c]
        for c in ("subject", "lender", "rule", "measure", "ceiling", "value", "headroom", "utilisation")
    ]
    return _section(say["breaches"], (heads, rows, open_.num_rows), say, table)


def _findings(
    tables: Mapping[str, pa.Table], language: str, codes: Sequence[str] | None
) -> tuple[Sequence[str], Rows, int]:
    """Findings of these codes by amount; without codes, warnings and breaches that have no section of their own."""
    table, say = tables["findings"], words(language)
    if codes is not None:
        table = table.filter(pc.is_in(table["code"], pa.array(codes)))
    else:
        shown = [*DUPLICATES, *WARNINGS, "limit_breach", "limit_near"]
        other = pc.invert(pc.is_in(table["code"], pa.array(shown)))
        table = table.filter(pc.and_(pc.not_equal(table["severity"], "info"), other))
    table = _once(table, f"text_{language}")
    rows = [
        [(say[r["severity"]], r["severity"]), (r[f"text_{language}"], ""), (_amount(r["amount"]), "n")]
        for r in gravest(table, TOP).to_pylist()
    ]
    return [say["severity"], say["text"], say["amount"]], rows, table.num_rows


def _once(table: pa.Table, column: str) -> pa.Table:
    """The first of the rows that say the same, as several packs may."""
    said = table[column].combine_chunks().dictionary_encode().indices
    _, first = np.unique(np.asarray(said), return_index=True)
    return table.take(pa.array(np.sort(first)))


def _groups(tables: Mapping[str, pa.Table], pack: str, say: Mapping[str, str]) -> str:
    """The groups of a pack with the largest gross exposure."""
    table = tables["groups"]
    table = table.filter(pc.equal(table["pack"], pack))
    order = pc.sort_indices(table, [("gross", "descending")])
    amounts = [c for c in ("gross", "net", "drawn") if c not in not_computed(table)]
    rows = [
        [
            (r["group_id"], ""),
            (_name(r, say), ""),
            (f"{r['members']:,}", "n"),
            *((_amount(r[c]), "n") for c in amounts),
        ]
        for r in table.take(order.slice(0, TOP)).to_pylist()
    ]
    heads = [say[c] for c in ("group", "name", "members", *amounts)]
    return _section(say["top_groups"], (heads, rows, table.num_rows), say, table)


def _name(row: Mapping[str, Any], say: Mapping[str, str]) -> str:
    """The name of a group's source in the language of the page, else in the other."""
    ordered = ("name", "name_en") if say is words("zh") else ("name_en", "name")
    return str(row[ordered[0]] or row[ordered[1]] or "")


def _rings(tables: Mapping[str, pa.Table], say: Mapping[str, str]) -> str:
    """The guarantee circles with the largest amount."""
    table = tables["rings"].sort_by([("amount", "descending")])
    rows = [
        [(say[r["kind"]], ""), (", ".join(r["members"]), ""), (_amount(r["amount"]), "n")]
        for r in table.slice(0, TOP).to_pylist()
    ]
    return _section(
        say["circles"], ([say["kind"], say["members"], say["amount"]], rows, table.num_rows), say, table
    )
