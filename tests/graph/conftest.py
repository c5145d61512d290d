"""Fixtures of the store tests."""

from tests.stores import fresh_root, stores

__all__ = ["fresh_root", "stores"]
