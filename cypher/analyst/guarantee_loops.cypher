//! family = "guarantees"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Guarantors on a circle", zh = "担保圈"}
//! explanation = {en = "Guarantors whose promise comes back to them over others' guarantees, with the fewest promises on the way. Circles of up to 8 promises; one shortest way a party, no enumeration. Longer ones are the engine's matter (konzern guarantees).", zh = "担保经他人担保回到自身的主体及最少步数；限 8 步以内，每个主体仅求一条最短路径；更长的由引擎计算。"}
//! [parameters.top]
//! type = "count"
//! en = "Rows at most"
//! zh = "最多行数"
//! example = 100
//! default = 100
//! [columns]
//! guarantor_id = {en = "Guarantor", zh = "担保人"}
//! obligor_id = {en = "Obligor", zh = "债务人"}
//! steps = {en = "Steps", zh = "步数"}
MATCH (a:Party)-[:GUARANTEES]->(:Guarantee)-[:COVERS]->(:Facility)<-[:OBLIGOR_OF]-(b:Party) WHERE a <> b
WITH DISTINCT a, b WHERE EXISTS { (b)-[:GUARANTEES]->(:Guarantee) }
MATCH way = ANY SHORTEST (b)((x:Party)-[:GUARANTEES]->(:Guarantee)-[:COVERS]->(:Facility)<-[:OBLIGOR_OF]-(y:Party)){1,7}(a)
RETURN a.party_id AS guarantor_id, b.party_id AS obligor_id, length(way) / 3 + 1 AS steps
ORDER BY steps, guarantor_id, obligor_id LIMIT $top
