//! family = "exposure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Groups of a party", zh = "所属集团"}
//! explanation = {en = "Groups of connected clients that a party is in.", zh = "某主体所属的关联客户组。"}
//! [parameters.party]
//! type = "id"
//! en = "Party"
//! zh = "主体"
//! example = "C-HENGJIANG-02"
//! [columns]
//! group_id = {en = "Group", zh = "集团"}
//! name = {en = "Name", zh = "名称"}
//! via = {en = "By which way", zh = "纳入原因"}
//! depth = {en = "Steps away", zh = "层级"}
//! gross = {en = "Gross exposure", zh = "总敞口"}
MATCH (b:Book {name: 'book'})
MATCH (:Party {party_id: $party})-[m:IN_GROUP]->(g:Group {run: b.run})
RETURN g.group_id AS group_id, g.name AS name, m.via AS via, m.depth AS depth, g.gross / 100.0 AS gross
ORDER BY gross DESC, group_id
