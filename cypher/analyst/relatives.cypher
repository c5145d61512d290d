//! family = "structure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Relatives of a person", zh = "亲属"}
//! explanation = {en = "Persons that family ties reach within a number of steps, read both ways.", zh = "经亲属关系双向可达的自然人。"}
//! [parameters.party]
//! type = "id"
//! en = "Party"
//! zh = "主体"
//! example = "P-ZHEHU-BROTHER"
//! [columns]
//! party_id = {en = "Party", zh = "主体"}
//! name = {en = "Name", zh = "名称"}
//! depth = {en = "Steps away", zh = "层级"}
MATCH (p:Party {party_id: $party})
MATCH way = (p)-[:KIN_OF*1..4]-(r:Party)
WITH p, r, min(length(way)) AS depth WHERE r <> p
RETURN r.party_id AS party_id, r.name AS name, depth ORDER BY depth, party_id
