"""The project's own tree, as its tests look at it: rooms, files, modules and their imports."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ROOMS: list[str] = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def files() -> list[Path]:
    """Every file that is kept: no environment, no cache, nothing that a build left."""
    left_out = {".git", "dist", "build", "out"}
    top = [
        p
        for p in ROOT.iterdir()
        if p.name not in left_out and (p.name == ".ci" or not p.is_dir() or p.name[0] != ".")
    ]
    below = [p for folder in top if folder.is_dir() for p in folder.rglob("*")]
    return sorted(p for p in [*top, *below] if p.is_file() and "__pycache__" not in p.parts)


def modules(*rooms: str) -> dict[str, Path]:
    """Dotted name and file of every module in the rooms."""
    found = {}
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(name: str, path: Path) -> set[str]:
    """Names that a module imports while it is loaded: none from functions, none for type checkers alone.

    `from graph import book` counts as `graph` and `graph.book`; a name that is no module does no harm.
    """
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in _loaded(ast.parse(path.read_text(encoding="utf-8")).body):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return found


def _loaded(nodes: list[ast.AST]) -> Iterator[ast.AST]:
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from _loaded(list(ast.iter_child_nodes(node)))
