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
MATCH (y:Party {party_id: $second})
MATCH up = ANY SHORTEST (o:Party)-[:OWNS]->{1,30}(x)
WITH y, o, length(up) AS depth
MATCH way = ANY SHORTEST (o)-[:OWNS]->{1,30}(y)
RETURN o.party_id AS party_id, o.name AS name, depth, length(way) AS steps ORDER BY depth + steps, party_id
