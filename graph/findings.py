"""Every code that a finding can have: how grave it is, whom it is about, which figures it carries.

The texts in both languages stand in ``exposure/words``; the codes and their meaning only here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SEVERITIES: Final = ("info", "warning", "breach")
"""How grave findings can be, the gravest last."""


@dataclass(frozen=True)
class Code:
    """One kind of finding.

    ``severity`` is info, warning or breach (of some codes info where the amount is not material); ``subject``
    one of party, group, facility, collateral, guarantee, pair, ring, book; ``figures`` the names of what its
    evidence always holds.
    """

    name: str
    severity: str
    subject: str
    doc: str
    figures: tuple[str, ...] = ()


_ALL: Final = (
    # what the input tells about itself
    Code(
        "amount_unknown",
        "warning",
        "facility",
        "An amount is missing; totals leave it out and say so",
        ("column",),
    ),
    Code(
        "rate_unknown",
        "warning",
        "book",
        "No exchange rate: amounts of the currency stand apart",
        ("currency",),
    ),
    Code(
        "unknown_product", "warning", "facility", "No conversion factor for the product: 100 %", ("product",)
    ),
    Code("drawn_above_limit", "warning", "facility", "More is drawn than granted", ("limit", "drawn")),
    Code("share_unknown", "warning", "party", "Holdings of unknown size in a company", ("holdings",)),
    Code("share_band", "info", "party", "Holdings known only from where to where", ("holdings",)),
    Code("identifier_invalid", "warning", "party", "A check digit is wrong", ("identifier", "value")),
    Code(
        "unknown_relation",
        "info",
        "pair",
        "A family tie without known generations connects nobody",
        ("relation",),
    ),
    # control and ownership
    Code("control_rebutted", "info", "party", "Documented: control without a single risk", ("controllers",)),
    Code(
        "control_conflict", "warning", "party", "Independent controllers, each with a proof", ("controllers",)
    ),
    Code("joint_control", "info", "party", "Under joint control, which is control by nobody", ("venturers",)),
    Code("self_ownership", "info", "party", "Holds shares in itself", ("share",)),
    Code("shares_exceed_one", "warning", "party", "Holders add up to more than 100 %", ("sum",)),
    Code("unknown_owners", "info", "party", "Holders add up to less than 100 %", ("sum",)),
    Code("no_outside_owner", "warning", "party", "A closed set that owns itself entirely", ()),
    Code(
        "singular_ownership_matrix", "warning", "book", "No integrated shares exist in closed sets", ("sets",)
    ),
    Code("paths_cut", "info", "party", "Too many chains to some companies to follow each", ("companies",)),
    # groups
    Code("party_in_several_groups", "info", "party", "Counts in full in each group", ("groups",)),
    Code("economic_dependence", "info", "pair", "A dependence that connects", ("basis", "strength")),
    Code("groups_cut", "warning", "book", "Too many overlapping groups to list", ("memberships", "sources")),
    Code(
        "duplicate_record", "warning", "facility", "One contract recorded more than once", ("contract_ref",)
    ),
    Code("beneficial_owner", "info", "party", "A person behind companies", ("companies", "count")),
    Code(
        "no_beneficial_owner_by_ownership",
        "warning",
        "party",
        "Holders are known, but no person qualifies",
        ("holders",),
    ),
    Code("close_link", "info", "pair", "Tied by a fifth of capital, or through one holder", ("through",)),
    # guarantees
    Code("guarantee_expired", "warning", "guarantee", "Ran out; it protects nothing", ("guarantor",)),
    Code("guarantee_not_eligible", "info", "guarantee", "Not eligible as credit protection", ("guarantor",)),
    Code("self_guarantee", "warning", "guarantee", "Given for a debt of one's own", ("guarantor",)),
    # limits
    Code(
        "large",
        "info",
        "party",
        "Reaches the line from which an exposure is large",
        ("test", "share", "line"),
    ),
    Code("limit_breach", "breach", "party", "Stands above a limit", ("test", "value", "limit")),
    Code(
        "limit_near",
        "warning",
        "party",
        "Nine tenths of a limit or more are used",
        ("test", "value", "limit"),
    ),
    Code("untested", "warning", "party", "A limit cannot be tested", ("test", "missing")),
    Code("exempt", "info", "party", "Reported, but outside the limits", ("test",)),
    Code(
        "must_assess",
        "warning",
        "party",
        "Interdependence and control must be tested",
        ("test", "value", "line"),
    ),
    Code("must_investigate", "warning", "party", "Dependence must be looked for", ("test", "value", "line")),
    Code("joint_credit_mandatory", "warning", "party", "Must have a joint credit limit", ("lenders", "debt")),
    Code("joint_credit_voluntary", "info", "party", "May have a joint credit limit", ("lenders", "debt")),
    Code("joint_credit_none", "info", "party", "Out of scope of joint credit", ("lenders", "debt")),
    Code("joint_credit_warning", "warning", "party", "The joint limit is nearly used up", ("value", "limit")),
    # circles of guarantees, and guarantors beyond their means
    Code("mutual_guarantee", "warning", "pair", "Two parties guarantee each other", ("path",)),
    Code("guarantee_ring", "warning", "ring", "Guarantees that go round in a circle", ("kind", "path")),
    Code(
        "over_guarantee_amount", "warning", "party", "Gave more than its net assets", ("given", "net_assets")
    ),
    Code("over_guarantee_count", "warning", "party", "Guarantees many obligors", ("count", "obligors")),
    Code("guarantee_amount_unknown", "warning", "guarantee", "Cap, share or rate is missing", ("guarantor",)),
    Code("rings_cut", "warning", "party", "Too many rings to list", ("parties", "listed", "complete")),
    Code("chains_cut", "warning", "book", "Too much hangs below guarantors to add up", ("guarantors",)),
    # credit counted twice
    Code("duplicate_party", "warning", "party", "One borrower under several ids", ("ids", "lenders", "path")),
    Code("identity_merged", "info", "party", "Ids judged the same: one party", ("counts", "dropped")),
    Code(
        "identity_conflict",
        "warning",
        "party",
        "Ids judged the same say different things",
        ("counts", "columns"),
    ),
    Code("identity_contradicted", "warning", "party", "Judged the same and different: not merged", ()),
    Code(
        "duplicate_credit", "warning", "facility", "One need financed more than once", ("purpose_ref", "path")
    ),
    Code(
        "near_duplicate",
        "info",
        "facility",
        "Facilities of one obligor that look alike",
        ("lenders", "amounts"),
    ),
    Code(
        "collateral_over_pledged",
        "warning",
        "collateral",
        "Pledged beyond its value",
        ("pledged", "value", "path"),
    ),
    Code(
        "umbrella_double_count",
        "info",
        "facility",
        "Limits beyond their umbrella",
        ("umbrella", "limits", "path"),
    ),
    Code("guarantee_double_count", "info", "guarantee", "Debt and promise in one group", ("groups", "path")),
    Code(
        "guarantor_reused",
        "warning",
        "party",
        "Net assets behind more than they are worth",
        ("cover", "path"),
    ),
    Code("guarantee_swap", "warning", "pair", "One guarantee for another", ("path",)),
    Code("double_gearing", "info", "group", "Capital counted at each tier", ("solo", "path")),
    Code(
        "excess_credit",
        "breach",
        "party",
        "All lenders together above the ceiling",
        ("ceiling", "total", "path"),
    ),
    # contagion
    Code(
        "clearing_vector_not_unique",
        "warning",
        "book",
        "What parties pay one another is not determined",
        ("count", "parties"),
    ),
    Code("pd_unknown", "warning", "book", "Never drawn among simulated defaults", ("count",)),
    Code(
        "equity_unknown", "warning", "book", "They lose, and cannot fail in the model", ("count", "parties")
    ),
    Code(
        "network_incomplete",
        "warning",
        "book",
        "Facts without an amount take no part in contagion",
        ("table", "column", "count"),
    ),
    # early warnings
    Code(
        "rating_downgrade",
        "warning",
        "party",
        "Rated worse than a year before",
        ("agency", "before", "after", "date"),
    ),
    Code("past_due", "warning", "facility", "Something that fell due is open", ("days", "overdue")),
    Code("default", "warning", "party", "More than 90 days past due, or marked so", ("signs",)),
    Code(
        "utilisation_jump",
        "warning",
        "facility",
        "Drawn much more than before",
        ("before", "now", "since"),
    ),
    Code("new_link", "warning", "pair", "A tie that was not there", ("source", "target", "since")),
    Code("group_merged", "warning", "group", "Several groups became one", ("took_in", "since")),
    Code(
        "stale_data",
        "warning",
        "party",
        "Accounts, ratings or valuations are old",
        ("accounts", "rating", "valuation", "lenders"),
    ),
)

CODES: Final[dict[str, Code]] = {c.name: c for c in _ALL}
"""Every code by name."""
