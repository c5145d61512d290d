//! family = "exposure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Use of shared limits", zh = "共享额度使用"}
//! explanation = {en = "Shared limits with the drawn amounts of the facilities under them.", zh = "共享额度及其下授信的已用余额。"}
//! [parameters.top]
//! type = "count"
//! en = "Rows at most"
//! zh = "最多行数"
//! example = 100
//! default = 100
//! [columns]
//! umbrella_id = {en = "Umbrella", zh = "共享额度"}
//! limit = {en = "Limit", zh = "额度"}
//! used = {en = "Used", zh = "已用"}
//! currency = {en = "Currency", zh = "币种"}
//! facilities = {en = "Facilities", zh = "授信笔数"}
MATCH (u:Umbrella)
OPTIONAL MATCH (f:Facility)-[:UNDER]->(u) WHERE f.currency = u.currency
RETURN u.umbrella_id AS umbrella_id, u.limit / 100.0 AS limit, sum(f.drawn) / 100.0 AS used, u.currency AS currency,
       count(f) AS facilities
ORDER BY umbrella_id LIMIT $top
