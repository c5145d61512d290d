//! family = "contagion"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Who depends on a party", zh = "依存方"}
//! explanation = {en = "Parties that depend on a party, directly or over others.", zh = "直接或间接依存于某主体的主体。"}
//! [parameters.party]
//! type = "id"
//! en = "Party"
//! zh = "主体"
//! example = "C-LANHENG-01"
//! [columns]
//! party_id = {en = "Party", zh = "主体"}
//! name = {en = "Name", zh = "名称"}
//! depth = {en = "Steps away", zh = "层级"}
MATCH (p:Party {party_id: $party})
MATCH way = (d:Party)-[:DEPENDS_ON*1..12]->(p)
WITH p, d, min(length(way)) AS depth WHERE d <> p
RETURN d.party_id AS party_id, d.name AS name, depth ORDER BY depth, party_id
