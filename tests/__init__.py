"""Tests, laid out like the tree they check."""
