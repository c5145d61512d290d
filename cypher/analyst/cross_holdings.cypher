//! family = "structure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Cross-holdings", zh = "交叉持股"}
//! explanation = {en = "Pairs of parties that hold stakes in each other.", zh = "互相持股的主体对。"}
//! [parameters.top]
//! type = "count"
//! en = "Rows at most"
//! zh = "最多行数"
//! example = 100
//! default = 100
//! [columns]
//! first_id = {en = "First", zh = "其一"}
//! second_id = {en = "Second", zh = "其二"}
//! share = {en = "Share of the first in the second", zh = "其一对其二的持股比例"}
//! back = {en = "Share of the second in the first", zh = "其二对其一的持股比例"}
MATCH (a)-[:OWNS]->(b)-[:OWNS]->(a) WHERE a.party_id < b.party_id
WITH DISTINCT a, b
MATCH (a)-[s:OWNS]->(b)
WITH a, b, sum(s.share) AS held
MATCH (b)-[t:OWNS]->(a)
RETURN a.party_id AS first_id, b.party_id AS second_id, held / 1.0e9 AS share, sum(t.share) / 1.0e9 AS back
ORDER BY first_id, second_id LIMIT $top
