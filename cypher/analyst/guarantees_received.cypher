//! family = "guarantees"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Who stands behind a party", zh = "获得的担保"}
//! explanation = {en = "Guarantors of a party's facilities, and of all its debts.", zh = "为某主体债务提供担保的主体。"}
//! [parameters.party]
//! type = "id"
//! en = "Party"
//! zh = "主体"
//! example = "C-SUYU-01"
//! [columns]
//! guarantor_id = {en = "Guarantor", zh = "担保人"}
//! name = {en = "Name", zh = "名称"}
//! guarantee_id = {en = "Guarantee", zh = "担保"}
//! form = {en = "Form", zh = "担保方式"}
//! cap = {en = "Cap", zh = "最高担保额"}
//! facility_id = {en = "Facility", zh = "授信"}
MATCH (p:Party {party_id: $party})
CALL (p) {
  MATCH (p)-[:OBLIGOR_OF]->(f:Facility)<-[:COVERS]-(g:Guarantee)<-[:GUARANTEES]-(o:Party) RETURN o, g, f
  UNION
  MATCH (p)<-[:COVERS_DEBTS_OF]-(g:Guarantee)<-[:GUARANTEES]-(o:Party) RETURN o, g, null AS f
}
RETURN o.party_id AS guarantor_id, o.name AS name, g.guarantee_id AS guarantee_id, g.form AS form, g.cap / 100.0 AS cap,
       f.facility_id AS facility_id
ORDER BY guarantor_id, guarantee_id, facility_id
