//! family = "exposure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "A group's exposure by lender", zh = "集团分机构敞口"}
//! explanation = {en = "What a group owes each lender.", zh = "某关联客户组在各机构的敞口。"}
//! [parameters.group]
//! type = "id"
//! en = "Group"
//! zh = "集团"
//! example = "G:P-HENGJIANG-OWNER"
//! [columns]
//! lender_id = {en = "Lender", zh = "授信机构"}
//! gross = {en = "Gross exposure", zh = "总敞口"}
//! net = {en = "Net exposure", zh = "净敞口"}
//! limit = {en = "Limit", zh = "额度"}
//! drawn = {en = "Drawn", zh = "用信余额"}
MATCH (b:Book {name: 'book'})
MATCH (x:Exposure {run: b.run})-[:OF]->(:Group {run: b.run, group_id: $group}) WHERE x.lender_id IS NOT NULL
RETURN x.lender_id AS lender_id, x.gross / 100.0 AS gross, x.net / 100.0 AS net, x.limit / 100.0 AS limit,
       x.drawn / 100.0 AS drawn
ORDER BY gross DESC, lender_id
