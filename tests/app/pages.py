"""A page drawn without a browser: what its blocks were given, its texts, and what it complained about."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Element

SCRIPT = """
from app.launch import RUNNING
from app.views import {view}
from app.views.frame import opened
opened(RUNNING.principal).show("{view}", {view}.show)
"""


@dataclass(frozen=True)
class Drawn:
    """A page: ``blocks`` by key as they were given to the browser."""

    test: AppTest
    blocks: dict[str, dict[str, Any]]

    def rows(self, key: str) -> dict[str, list[Any]]:
        """Cells of a table by the id of the row, totals and rows without one left out."""
        return {r["id"]: r["cells"] for r in self.blocks[key]["rows"] if r["id"]}

    def tiles(self, key: str) -> dict[str, dict[str, Any]]:
        """Tiles by what they lead to or, where they lead nowhere, by their label."""
        return {t["id"] or t["label"]: t for t in self.blocks[key]["tiles"]}


def elements(block: Block) -> Iterator[Element]:
    """Every element of a page, in order."""
    for child in block.children.values():
        if isinstance(child, Block):
            yield from elements(child)
        else:
            yield child


def drawn(view: str, **parameters: str) -> Drawn:
    """A page at these parameters of its link."""
    test = AppTest.from_string(SCRIPT.format(view=view), default_timeout=600)
    for name, value in parameters.items():
        test.query_params[name] = value
    return read(test.run())


def read(test: AppTest) -> Drawn:
    """The page as it was drawn last."""
    held = {}
    for element in elements(test.main):
        if element.type == "bidi_component":
            told = element.proto
            text = told.json if told.WhichOneof("data") == "json" else told.mixed.json
            if text:
                held[told.id.split("-", 2)[2]] = json.loads(text)
    return Drawn(test, held)
