//! family = "guarantees"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Mutual guarantees", zh = "互保"}
//! explanation = {en = "Pairs of parties that guarantee each other's debts.", zh = "互相为对方债务担保的主体对。"}
//! [parameters.top]
//! type = "count"
//! en = "Rows at most"
//! zh = "最多行数"
//! example = 100
//! default = 100
//! [columns]
//! first_id = {en = "First", zh = "其一"}
//! second_id = {en = "Second", zh = "其二"}
CALL () {
  MATCH (a)-[:GUARANTEES]->()-[:COVERS_DEBTS_OF]->(b) RETURN a, b
  UNION
  MATCH (a)-[:GUARANTEES]->()-[:COVERS]->()<-[:OBLIGOR_OF]-(b) RETURN a, b
}
WITH a, b WHERE a <> b
WITH CASE WHEN a.party_id < b.party_id THEN [a, b] ELSE [b, a] END AS pair, count(*) AS ways WHERE ways = 2
RETURN pair[0].party_id AS first_id, pair[1].party_id AS second_id ORDER BY first_id, second_id LIMIT $top
