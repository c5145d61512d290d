"""Versions of a store in Neo4j: one node each, chained by hashes as the embedded store's files are."""

from __future__ import annotations

from pathlib import Path

from graph.files.versions import Version, Versions
from graph.neo4j.gate import Gate


class GraphVersions(Versions):
    """The nodes ``(:Version)``, read once each, since they never change."""

    def __init__(self, gate: Gate) -> None:
        super().__init__(Path())
        self._gate = gate
        self._texts: dict[int, bytes] = {}

    def latest(self) -> int:
        """Number of the latest published version, 0 if there is none."""
        latest: int = self._gate.read().get("version", 0)
        return latest

    def upto(self, number: int) -> list[Version]:
        """The versions 1 to ``number``, each checked against the hash that the next one holds of it."""
        held = len(self._held)
        if held < number:
            text = "MATCH (v:Version) WHERE v.number > $held AND v.number <= $n RETURN v.number AS n, v.text AS text"
            for row in self._gate.server.read(text, held=held, n=number):
                self._texts[row["n"]] = row["text"].encode()
        return super().upto(number)

    def _bytes(self, number: int) -> bytes:
        """A version as it was written."""
        return self._texts.pop(number)
