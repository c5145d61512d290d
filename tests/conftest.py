"""How Hypothesis searches here (in CI the same examples every time), and the fixtures that all folders share."""

import os
import random

import pytest
from hypothesis import settings

from tests.servers import fresh, servers
from tests.stores import fresh_root, stores

__all__ = ["fresh", "fresh_root", "servers", "stores"]

FIXED = "CI" in os.environ
"""CI repeats a run example by example; at a desk each run looks somewhere new."""

settings.register_profile("default", deadline=None, derandomize=FIXED, max_examples=80, print_blob=True)
settings.register_profile("soak", settings.get_profile("default"), max_examples=2_000)
settings.load_profile("default")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed before Hypothesis reads the option; the workers of xdist inherit it by environment."""
    if not FIXED and config.option.hypothesis_seed is None:
        drawn = str(random.SystemRandom().randrange(2**32))
        config.option.hypothesis_seed = os.environ.setdefault("KONZERN_TEST_SEED", drawn)


def pytest_report_header(config: pytest.Config) -> str:
    """Say how to repeat this run."""
    profile = config.option.hypothesis_profile or "default"
    if FIXED:
        return f"hypothesis: profile {profile}, the same examples every time"
    return f"hypothesis: profile {profile}, repeat with --hypothesis-seed={config.option.hypothesis_seed}"
