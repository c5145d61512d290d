"""Codes of findings that a command or a section of the page is about."""

from __future__ import annotations

from typing import Final

DUPLICATES: Final = (
    "duplicate_record",
    "duplicate_party",
    "duplicate_credit",
    "near_duplicate",
    "collateral_over_pledged",
    "umbrella_double_count",
    "guarantee_double_count",
    "guarantor_reused",
    "guarantee_swap",
    "double_gearing",
    "excess_credit",
)
"""Duplicate credit (重复授信): what is counted, pledged or promised twice."""

WARNINGS: Final = (
    "default",
    "past_due",
    "rating_downgrade",
    "utilisation_jump",
    "new_link",
    "group_merged",
    "joint_credit_warning",
    "stale_data",
)
"""Early warnings (预警): what is late, what got worse, what changed, what is old."""
