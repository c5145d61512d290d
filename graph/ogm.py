"""Object models for notebooks (py2neo, extra ``py2neo``): companies, holders, guarantees, facilities, groups.

For walking about the graph in a notebook; they only read. py2neo is no longer maintained: it speaks Bolt to today's
servers, but its schema calls and ``http://`` addresses do not work any more, and it knows neither versions nor
clusters. Nothing of Konzern itself uses it; figures come from ``graph.open_store(...).snapshot()``.
"""

from __future__ import annotations

from py2neo import Graph
from py2neo.ogm import Model, Property, RelatedFrom, RelatedTo

from graph.neo4j.session import Access


class Party(Model):
    """A client, an owner, a guarantor: ``Party.match(graph, "C-XIWAN-01").first().holders``."""

    __primarykey__ = "party_id"

    party_id = Property()
    name = Property()
    kind = Property()
    country = Property()
    equity = Property()

    holdings = RelatedTo("Party", "OWNS")
    holders = RelatedFrom("Party", "OWNS")
    controls = RelatedTo("Party", "CONTROLS")
    depends_on = RelatedTo("Party", "DEPENDS_ON")
    facilities = RelatedTo("Facility", "OBLIGOR_OF")
    guarantees = RelatedTo("Guarantee", "GUARANTEES")
    collateral = RelatedTo("Collateral", "HOLDS")
    groups = RelatedTo("Group", "IN_GROUP")


class Lender(Model):
    """A lending subsidiary."""

    __primarykey__ = "lender_id"

    lender_id = Property()
    name = Property()
    facilities = RelatedTo("Facility", "GRANTED")


class Facility(Model):
    """What a lender has granted to an obligor; amounts in minor units."""

    __primarykey__ = "facility_id"

    facility_id = Property()
    product = Property()
    limit = Property()
    drawn = Property()
    currency = Property()

    lenders = RelatedFrom("Lender", "GRANTED")
    obligors = RelatedFrom("Party", "OBLIGOR_OF")
    guarantees = RelatedFrom("Guarantee", "COVERS")
    collateral = RelatedFrom("Collateral", "PLEDGED_FOR")


class Guarantee(Model):
    """A promise to pay for another."""

    __primarykey__ = "guarantee_id"

    guarantee_id = Property()
    form = Property()
    cap = Property()

    guarantors = RelatedFrom("Party", "GUARANTEES")
    covers = RelatedTo("Facility", "COVERS")


class Collateral(Model):
    """An asset that secures facilities."""

    __primarykey__ = "collateral_id"

    collateral_id = Property()
    kind = Property()
    value = Property()

    owners = RelatedFrom("Party", "HOLDS")
    secures = RelatedTo("Facility", "PLEDGED_FOR")


class Group(Model):
    """A group of connected clients, as last written back."""

    __primarykey__ = "key"

    key = Property()
    group_id = Property()
    gross = Property()
    net = Property()

    members = RelatedFrom("Party", "IN_GROUP")


def connect(access: Access) -> Graph:
    """A py2neo graph of a server that Konzern's own driver reaches too; only ``bolt://`` addresses."""
    return Graph(access.url, auth=access.auth)
