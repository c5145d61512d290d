"""What import-linter cannot see: what loading a room really loads, circles, names that hide others."""

import json
import subprocess
import sys
from importlib.metadata import packages_distributions

import networkx as nx
import pytest

from tests.tree import ROOMS, ROOT, imported, modules

KEPT_OUT = ("neo4j", "py2neo", "streamlit", "pyvis", "pandas")


@pytest.mark.parametrize("name", modules("exposure"))
def test_loading_exposure_loads_no_database_no_web_and_no_pandas(name: str) -> None:
    code = f"import json, sys, {name}; print(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert set(KEPT_OUT).isdisjoint(json.loads(run.stdout))


def test_no_import_circle() -> None:
    known = modules(*ROOMS)
    ties = nx.DiGraph()
    for name, path in known.items():
        ties.add_edges_from((name, other) for other in imported(name, path) & known.keys() - {name})
    circles = [sorted(part) for part in nx.strongly_connected_components(ties) if len(part) > 1]
    assert circles == []


def test_nothing_in_app_stands_in_for_another_package() -> None:
    """Streamlit puts the folder of its script first on the path: `app/queue.py` would hide `queue`."""
    inside = {path.stem for path in (ROOT / "app").iterdir()} - {"__init__", "__main__", "__pycache__"}
    elsewhere = {*ROOMS, *sys.stdlib_module_names, *packages_distributions()}
    assert inside & elsewhere == set()


def test_every_tests_folder_is_a_package() -> None:
    """Without `__init__.py`, pytest would take `tests/graph` for `graph`."""
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")}
    inside = {
        above
        for folder in folders
        for above in [folder, *folder.parents]
        if above.is_relative_to(ROOT / "tests")
    }
    assert [str(f.relative_to(ROOT)) for f in sorted(inside) if not (f / "__init__.py").is_file()] == []
