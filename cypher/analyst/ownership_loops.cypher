//! family = "structure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Stakes on a loop", zh = "环状持股"}
//! explanation = {en = "Every stake that lies on a loop of stakes, with the length of the shortest such loop. Loops of up to 8 stakes; one shortest way a stake, no enumeration of paths. Longer ones are the engine's matter (konzern ownership).", zh = "位于持股环上的每笔股权及其最短环长；限 8 笔以内的环，每笔仅求一条最短路径；更长的环由引擎计算。"}
//! [parameters.top]
//! type = "count"
//! en = "Rows at most"
//! zh = "最多行数"
//! example = 200
//! default = 200
//! [columns]
//! owner_id = {en = "Owner", zh = "股东"}
//! owned_id = {en = "Owned", zh = "被投资企业"}
//! steps = {en = "Steps", zh = "步数"}
MATCH (a:Party)-[:OWNS]->(b:Party) WHERE a <> b AND EXISTS { (b)-[:OWNS]->(:Party) } AND EXISTS { (:Party)-[:OWNS]->(a) }
MATCH way = ANY SHORTEST (b)-[:OWNS]->{1,7}(a)
RETURN DISTINCT a.party_id AS owner_id, b.party_id AS owned_id, length(way) + 1 AS steps
ORDER BY steps, owner_id, owned_id LIMIT $top
