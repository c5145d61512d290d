"""py2neo's object models walk about the same graph; by Bolt, on today's server."""

from __future__ import annotations

import warnings

from graph.neo4j.store import GraphStore
from tests.books import BANK, facility, party
from tests.graph.sent import JAN, full, publish
from tests.servers import Servers, wipe


def test_models_lead_from_a_company_to_its_holders_facilities_and_guarantees(servers: Servers) -> None:
    with warnings.catch_warnings():  # py2neo is as it was in 2021
        warnings.simplefilter("ignore")
        from graph.ogm import Facility, Lender, Party, connect

        wipe(servers)
        sent = full(
            "A",
            JAN,
            parties=[party("P"), party("Q")],
            lenders=[BANK],
            facilities=[facility("F", "Q", "9.50", 3)],
            ownership=[{"owner_id": "P", "owned_id": "Q", "share": "0.6"}],
            guarantees=[{"guarantee_id": "GU", "guarantor_id": "P", "form": "full"}],
            guarantee_covers=[{"guarantee_id": "GU", "facility_id": "F"}],
        )
        publish(GraphStore(servers.access()), sent)
        graph = connect(servers.access())
        found = Party.match(graph, "Q").first()
        (holder,) = found.holders
        assert (holder.party_id, found.holders.get(holder, "share")) == ("P", 600_000_000)
        (mine,) = found.facilities
        assert (mine.facility_id, mine.limit) == ("F", 950)
        (guarantee,) = Facility.match(graph, "F").first().guarantees
        assert [g.party_id for g in guarantee.guarantors] == ["P"]
        assert [f.facility_id for f in Lender.match(graph, "BANK").first().facilities] == ["F"]
        graph.service.connector.close()
    wipe(servers)
