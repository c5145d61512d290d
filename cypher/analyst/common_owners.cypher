//! family = "structure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Owners that two parties have in common", zh = "共同股东"}
//! explanation = {en = "Every direct or indirect holder of both parties, with the steps to each.", zh = "同为两主体直接或间接股东者及其层级。"}
//! [parameters.first]
//! type = "id"
//! en = "First party"
//! zh = "主体一"
//! example = "YQ-BANK"
//! [parameters.second]
//! type = "id"
//! en = "Second party"
//! zh = "主体二"
//! example = "YQ-LEASE"
//! [columns]
//! party_id = {en = "Party", zh = "主体"}
//! name = {en = "Name", zh = "名称"}
//! depth = {en = "Steps away", zh = "层级"}
//! steps = {en = "Steps", zh = "步数"}
MATCH (x:Party {party_id: $first})
MATCH up = (o:Party)-[:OWNS*1..30]->(x)
WITH o, min(length(up)) AS depth
WITH collect({owner: o, depth: depth}) AS firsts
MATCH (y:Party {party_id: $second})
MATCH way = (q:Party)-[:OWNS*1..30]->(y)
WITH firsts, q, min(length(way)) AS steps
UNWIND [f IN firsts WHERE f.owner = q] AS f
RETURN q.party_id AS party_id, q.name AS name, f.depth AS depth, steps ORDER BY depth + steps, party_id
