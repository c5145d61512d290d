//! family = "exposure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Members of a group", zh = "集团成员"}
//! explanation = {en = "Who is in a group of connected clients, by which way, and what each owes.", zh = "关联客户组的成员、纳入原因及各自敞口。"}
//! [parameters.group]
//! type = "id"
//! en = "Group"
//! zh = "集团"
//! example = "G:P-HENGJIANG-OWNER"
//! [columns]
//! party_id = {en = "Party", zh = "主体"}
//! name = {en = "Name", zh = "名称"}
//! via = {en = "By which way", zh = "纳入原因"}
//! depth = {en = "Steps away", zh = "层级"}
//! gross = {en = "Gross exposure", zh = "总敞口"}
//! net = {en = "Net exposure", zh = "净敞口"}
MATCH (b:Book {name: 'book'})
MATCH (g:Group {run: b.run, group_id: $group})<-[m:IN_GROUP]-(p:Party)
OPTIONAL MATCH (x:Exposure {run: b.run})-[:OF]->(p) WHERE x.lender_id IS NULL
RETURN p.party_id AS party_id, p.name AS name, m.via AS via, m.depth AS depth, x.gross / 100.0 AS gross,
       x.net / 100.0 AS net
ORDER BY depth, party_id
