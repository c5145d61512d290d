//! family = "exposure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Largest groups", zh = "最大集团"}
//! explanation = {en = "Groups of connected clients with the largest gross exposure, as last written back.", zh = "总敞口最大的关联客户组（最近一次写回的结果）。"}
//! [parameters.top]
//! type = "count"
//! en = "Rows at most"
//! zh = "最多行数"
//! example = 20
//! default = 20
//! [columns]
//! group_id = {en = "Group", zh = "集团"}
//! name = {en = "Name", zh = "名称"}
//! members = {en = "Members", zh = "成员数"}
//! gross = {en = "Gross exposure", zh = "总敞口"}
//! net = {en = "Net exposure", zh = "净敞口"}
//! drawn = {en = "Drawn", zh = "用信余额"}
//! currency = {en = "Currency", zh = "币种"}
MATCH (b:Book {name: 'book'})
MATCH (g:Group {run: b.run})
RETURN g.group_id AS group_id, g.name AS name, g.members AS members, g.gross / 100.0 AS gross, g.net / 100.0 AS net,
       g.drawn / 100.0 AS drawn, g.currency AS currency
ORDER BY gross DESC, group_id LIMIT $top
