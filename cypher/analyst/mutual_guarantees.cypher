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
MATCH (a:Party)-[:GUARANTEES]->(:Guarantee)-[:COVERS]->(:Facility)<-[:OBLIGOR_OF]-(b:Party) WHERE a <> b
WITH DISTINCT a, b
WHERE a.party_id < b.party_id
  AND EXISTS { (b)-[:GUARANTEES]->(:Guarantee)-[:COVERS]->(:Facility)<-[:OBLIGOR_OF]-(a) }
RETURN a.party_id AS first_id, b.party_id AS second_id ORDER BY first_id, second_id LIMIT $top
