//! family = "guarantees"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Debts that a party stands behind over others", zh = "担保链"}
//! explanation = {en = "Every party whose debts a guarantor stands behind, directly or over the guarantees of those it guarantees, over six guarantees at most.", zh = "担保人直接或经被担保人的担保所牵连的全部主体，至多六层担保。"}
//! [parameters.party]
//! type = "id"
//! en = "Party"
//! zh = "主体"
//! example = "C-DUANQIAO-03"
//! [columns]
//! party_id = {en = "Party", zh = "主体"}
//! name = {en = "Name", zh = "名称"}
//! depth = {en = "Steps away", zh = "层级"}
MATCH (root:Party {party_id: $party})
MATCH way = ANY SHORTEST (root)((x:Party)-[:GUARANTEES]->(:Guarantee)-[:COVERS]->(:Facility)<-[:OBLIGOR_OF]-(y:Party)){1,6}(c:Party)
WHERE c <> root
RETURN c.party_id AS party_id, c.name AS name, length(way) / 3 AS depth ORDER BY depth, party_id
