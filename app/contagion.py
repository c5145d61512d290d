"""Contagion at the command line: what is asked, what is run, and what is written and said of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app import output
from app.progress import following
from app.sentences import sentences
from app.shocks import shocked
from app.staging import read, staged
from exposure.contagion import cascade, clearing, debtrank, montecarlo, ranking, reverse, threshold
from exposure.contagion import network as network_
from exposure.contagion.scenario import Scenario, correlation
from graph.errors import OptionError
from graph.model import MONEY
from graph.money import NULL
from graph.numbers import number

if TYPE_CHECKING:
    from exposure.contagion.outcome import Outcome
    from exposure.contagion.runs import Step
    from exposure.report import Analysis

_ALL: Final = "all"
"""Stands for all lenders together."""
SUMMARY: Final = "summary.json"
Tables = Mapping[str, pa.Table]
STEPS: Final = (
    "rates", "facilities", "guarantees", "collateral", "network", "cascade", "amounts", "groups", "losses"
)  # fmt: skip
"""What a run of one scenario goes through in this order; between two of them it can be stopped."""


@dataclass(frozen=True)
class Asked:
    """What a run is asked for: the model and its first losses, or one of the three searches over the group cascade."""

    model: str = "group"
    shock: Path | None = None
    fail: str = ""
    scenario: Path | None = None
    lgd: float | None = None
    alpha: float | None = None
    beta: float | None = None
    every: bool = False
    monte_carlo: int | None = None
    seed: int = 0
    correlation: float | None = None
    reverse: str | None = None
    threads: int = 1

    @property
    def search(self) -> str | None:
        """The search, if one is asked for; ``OptionError`` for two, and for one with another model."""
        wanted = {
            "--every": self.every,
            "--monte-carlo": self.monte_carlo is not None,
            "--reverse": self.reverse,
        }
        named = [name for name, asked in wanted.items() if asked]
        if len(named) > 1:
            raise OptionError(f"{' and '.join(named)}: ask for one of them at a time")
        if named and self.model != "group":
            raise OptionError(f"{named[0]} runs the group cascade: leave out --model {self.model}")
        return named[0] if named else None


def run(analysis: Analysis, asked: Asked) -> tuple[Tables, dict[str, Any]]:
    """What is asked for: tables by name, and the summary."""
    search = asked.search
    chosen = _scenario(analysis, asked)
    if search is None:
        return played(analysis, chosen, asked.model)
    if chosen.parties:
        raise OptionError(
            f"{search} chooses who fails: leave out --fail, --shock and the parties of --scenario"
        )
    with following() as step:
        at = _telling(step)
        moved = _moved(analysis, chosen, at)
        tables, told = _searched(moved, asked, _network(moved, chosen, at), chosen, step)
    return tables, {**_head(moved, search), **told, "parameters": _parameters(chosen, asked.model)}


def played(analysis: Analysis, chosen: Scenario, model: str = "group") -> tuple[Tables, dict[str, Any]]:
    """One scenario through one model: tables by name, and the summary.

    Its steps are told to whoever follows; what that raises ends the run between two of them.
    """
    if not chosen.parties and model != "clearing":
        raise OptionError("nobody fails: give --fail ID,ID, --shock SHOCK.csv or --scenario FILE")
    with following() as step:
        at = _telling(step)
        tables, told = _single(_moved(analysis, chosen, at), model, chosen, at)
    return tables, {**told, "parameters": _parameters(chosen, model)}


def _telling(step: Step) -> Callable[[str], None]:
    """Tells a step of one scenario by its name."""
    return lambda name: step(name, STEPS.index(name), len(STEPS))


def _moved(analysis: Analysis, chosen: Scenario, at: Callable[[str], None]) -> Analysis:
    """The analysis at the scenario's rates and prices; itself where none moves."""
    at("rates")
    snapshot = chosen.moved(analysis.snapshot)
    return analysis if snapshot is analysis.snapshot else replace(analysis, snapshot=snapshot)


def _scenario(analysis: Analysis, asked: Asked) -> Scenario:
    """Options, then the scenario file, then SHOCK.csv, then flags; the later wins."""
    chosen = analysis.scenario
    if asked.scenario is not None:
        chosen = staged(chosen, read(asked.scenario), analysis.snapshot)
    if asked.shock is not None:
        chosen = shocked(chosen, asked.shock, analysis.snapshot)
    named = tuple(part.strip() for part in asked.fail.split(",") if part.strip())
    flags = {
        name: getattr(asked, name) for name in ("lgd", "alpha", "beta") if getattr(asked, name) is not None
    }
    return replace(chosen, fail=(*chosen.fail, *named), **flags)


def _network(analysis: Analysis, chosen: Scenario, at: Callable[[str], None]) -> network_.Network:
    """The network of the group cascade, and before it what it is made of, one part a step."""
    for part in ("facilities", "guarantees", "collateral"):
        at(part)
        getattr(analysis, part)  # kept by the analysis
    at("network")
    if chosen.lgd == analysis.scenario.lgd and not chosen.lgd_by_product:
        return analysis.network
    return network_.group(
        analysis.facilities[0], analysis.guarantees.promises, chosen, analysis.collateral.secured
    )


def _single(
    analysis: Analysis, model: str, chosen: Scenario, at: Callable[[str], None]
) -> tuple[Tables, dict[str, Any]]:
    """One run of a model."""
    outcome: Outcome
    if model == "group":
        network = _network(analysis, chosen, at)
        at("cascade")
        outcome = cascade.run(network, chosen, model)
    else:
        runs = {
            "clearing": clearing.clearing,
            "debtrank": debtrank.debtrank,
            "threshold": threshold.threshold,
        }
        at("cascade")
        outcome = runs[model](analysis.snapshot, replace(chosen, fx={}, prices={}))
    at("amounts")
    tables = {"parties": outcome.parties(), "edges": outcome.edges.table(outcome.snapshot)}
    if model == "group":
        at("groups")
        tables["lender_groups"] = outcome.lender_groups(analysis.groups[0])
    at("losses")
    tables |= {"lenders": outcome.lenders(), "findings": outcome.findings()}
    return tables, outcome.summary()


def _searched(
    analysis: Analysis, asked: Asked, network: network_.Network, chosen: Scenario, step: Step
) -> tuple[Tables, dict[str, Any]]:
    """The ranking, the simulation or the reverse stress."""
    pays, threads = chosen.failing_guarantor_pays, asked.threads
    if asked.every:
        ranked = ranking.ranking(network, pays=pays, threads=threads, step=step)
        table = ranked.table()
        return {"ranking": table}, {"costly": table.num_rows}
    if asked.monte_carlo is not None:
        rho = correlation(analysis.request.options) if asked.correlation is None else asked.correlation
        losses = montecarlo.montecarlo(
            network, asked.monte_carlo, asked.seed, correlation=rho, pays=pays, threads=threads, step=step
        )
        told = {
            "scenarios": asked.monte_carlo,
            "seed": asked.seed,
            "correlation": rho,
            "defaults": float(losses.drawn.mean()),
            "failures": float(losses.figures[:, 5].mean()),
            "lender_loss": float(losses.lost.sum(axis=1).mean()) / MONEY.scale,
        }
        tables = {"risk": losses.risk(), "scenarios": losses.scenarios(), "findings": losses.findings()}
        return tables, told
    lender, line = _line(analysis, asked.reverse or "")
    found = reverse.reverse(network, lender, line, pays=pays, threads=threads, step=step)
    return {"reverse": found.table()}, found.summary()


def _line(analysis: Analysis, text: str) -> tuple[int, float]:
    """``LENDER``, ``LENDER=AMOUNT`` or ``LENDER=25%`` (of its Tier 1, else net capital): number, line in minor units.

    ``all`` stands for all lenders together and needs an amount.
    """
    snapshot = analysis.snapshot
    name, _, size = text.partition("=")
    names = snapshot.tables["lenders"].text("lender_id").to_pylist()
    if name not in names and name != _ALL:
        raise OptionError(
            f"--reverse {text}: no lender {name!r}; choose from all, {', '.join(sorted(names)[:20])}"
        )
    lender = -1 if name not in names else names.index(name)
    share, value = size.endswith("%") or not size, number(size.removesuffix("%") or "100")
    if value is None:
        raise OptionError(f"--reverse {text}: write LENDER, LENDER=AMOUNT or LENDER=25%")
    if not share:
        return lender, float(value * MONEY.scale)
    held = (
        [int(snapshot.in_base("lenders", c)[lender]) for c in ("tier1", "net_capital")] if lender >= 0 else []
    )
    known = [amount for amount in held if amount != NULL]
    if not known:
        raise OptionError(f"--reverse {text}: its capital is not known; give an amount as {name}=AMOUNT")
    return lender, float(known[0] * value / 100)


def _head(analysis: Analysis, search: str) -> dict[str, Any]:
    """What every summary begins with."""
    snapshot = analysis.snapshot
    return {
        "model": "group",
        "search": search.removeprefix("--"),
        "source": snapshot.source,
        "book_version": snapshot.version,
        "as_of": snapshot.as_of.isoformat(),
        "base": snapshot.base,
    }


def _parameters(chosen: Scenario, model: str) -> dict[str, Any]:
    """The parameters of a run, without the parties that it names."""
    told: dict[str, Any] = {"lgd": chosen.lgd, "failing_guarantor_pays": chosen.failing_guarantor_pays}
    told |= {"alpha": chosen.alpha, "beta": chosen.beta} if model == "clearing" else {}
    told |= {k: dict(v) for k in ("lgd_by_product", "prices", "fx") if (v := getattr(chosen, k))}
    return told


def write(tables: Tables, summary: Mapping[str, Any], out: Path) -> None:
    """Write the tables as Parquet and CSV, and ``summary.json``, all of it or nothing."""
    with output.beside(out) as folder:
        output.write_tables(tables.items(), folder, output.PER_TABLE)
        text = json.dumps(summary, ensure_ascii=False, indent=1, default=output.plain)
        (folder / SUMMARY).write_text(text + "\n", "utf-8")


def words(language: str) -> dict[str, str]:
    """Sentences in ``en`` or ``zh``."""
    return sentences("contagion", language)


def headline(summary: Mapping[str, Any], language: str) -> str:
    """What a person wants to read first."""
    say = words(language)
    kind = summary.get("search", "single")
    key = kind if kind != "reverse" else f"reverse_{'broken' if summary['broken'] else summary['method']}"
    places = {
        **summary,
        "lender": summary.get("lender") or say["all"],
        "method": say.get(str(summary.get("method")), ""),
    }
    lines = [say["subtitle"].format_map(places), say[key].format_map(places)]
    if "debtrank_linear" in summary:
        lines.append(say["debtrank"].format_map(summary))
    return "\n".join(lines)


def telling(tables: Tables) -> Tables:
    """The tables as a terminal shows them: of parties those that lose or fail, the largest loss first; no edges."""
    made = dict(tables)
    if "parties" in made:
        table = made["parties"]
        table = table.filter(pc.or_(table["failed"], pc.not_equal(table["loss"], 0)))
        made["parties"] = table.take(pa.array(np.argsort(-np.asarray(table["loss"]), kind="stable")))
    made.pop("scenarios", None)
    return {name: table for name, table in made.items() if name != "edges" and table.num_rows}
