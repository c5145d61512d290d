//! family = "structure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "All owners above a party", zh = "全部上层股东"}
//! explanation = {en = "Every direct and indirect holder with the fewest steps; safe on cycles, since only the shortest way is looked for.", zh = "全部直接与间接股东及最少层级；仅求最短路径，环状持股亦安全。"}
//! [parameters.party]
//! type = "id"
//! en = "Party"
//! zh = "主体"
//! example = "C-XIWAN-01"
//! [columns]
//! party_id = {en = "Party", zh = "主体"}
//! name = {en = "Name", zh = "名称"}
//! kind = {en = "Kind", zh = "类别"}
//! depth = {en = "Steps away", zh = "层级"}
MATCH (leaf:Party {party_id: $party})
MATCH way = (o:Party)-[:OWNS*1..30]->(leaf)
WITH leaf, o, min(length(way)) AS depth WHERE o <> leaf
RETURN o.party_id AS party_id, o.name AS name, o.kind AS kind, depth ORDER BY depth, party_id
