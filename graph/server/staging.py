"""Staging: a database made beside the one that a stopped server served, and put into its place by renames.

Until it is whole the home keeps what it has. The rename to ``staged`` decides: from then on every start of the
server first puts the new database into its place, so whoever is killed in between leaves the old one or the new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from graph.disk import Disk, as_store_error
from graph.server import java
from graph.server.home import DATABASE, Home, Memory

_KINDS: Final = ("databases", "transactions")
_SWITCHES: Final = (
    "--bad-tolerance=0",
    "--id-type=integer",
    "--strict=true",
    "--max-off-heap-memory=50%",
    "--report-file=import.report",
)


class Staging:
    """The database that is made beside the one of a home."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._made = Home(home.root / "staging")
        self._ready = home.root / "staged"
        self._disk = Disk()
        self.files = self._made.root / "files"
        """Where the files of nodes and relationships are written."""

    @property
    def is_begun(self) -> bool:
        """Whether one is being made, or was left unfinished."""
        return self._made.root.is_dir()

    def begin(self) -> None:
        """Remove what an earlier one left, and make the folder for files."""
        if self._made.root.is_dir():
            self._disk.remove(self._made.root)
        self._made.make(0, Memory.of_machine())
        self._disk.folder(self.files)

    def build(self, files: Sequence[str]) -> None:
        """Make the database of files, named as ``--nodes=…`` and ``--relationships=…``; nothing may serve the home."""
        java.admin(self._made, "database", "import", "full", *_SWITCHES, *files, DATABASE)
        self._disk.remove(self.files)
        if self._ready.is_dir():
            self._disk.remove(self._ready)
        self._disk.move_folder(self._made.root, self._ready)
        self.adopt()

    def adopt(self) -> None:
        """Put a whole database into its place if there is one that is not there yet; remove unfinished ones.

        Nothing may serve the home.
        """
        if self._made.root.is_dir():
            self._disk.remove(self._made.root)
        if not self._ready.is_dir():
            return
        for kind in _KINDS:
            made, place = (root / "data" / kind / DATABASE for root in (self._ready, self._home.root))
            if made.is_dir():
                if place.is_dir():
                    self._disk.remove(place)
                self._disk.folder(place.parent)
                with as_store_error(f"keep the database {place}"):
                    self._disk.rename(made, place)
                self._disk.sync_folder(place.parent)
        self._disk.remove(self._ready)
