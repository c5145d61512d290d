"""Where tests keep their stores: in memory where the system has such a folder, since every step is synced."""

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made below it


@pytest.fixture(scope="module")
def stores() -> Iterator[Path]:
    """A folder for stores, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="konzern-", dir=MEMORY if MEMORY.is_dir() else None))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def fresh_root(stores: Path) -> Callable[[], Path]:
    """Each call names another folder that is not there yet."""
    numbers = itertools.count()
    return lambda: stores / str(next(numbers))
