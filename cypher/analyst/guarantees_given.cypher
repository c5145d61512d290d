//! family = "guarantees"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Guarantees that a party has given", zh = "对外担保"}
//! explanation = {en = "Guarantees of a party with the debts that they cover.", zh = "某主体提供的担保及其覆盖的债务。"}
//! [parameters.party]
//! type = "id"
//! en = "Party"
//! zh = "主体"
//! example = "C-BEILU-01"
//! [columns]
//! guarantee_id = {en = "Guarantee", zh = "担保"}
//! form = {en = "Form", zh = "担保方式"}
//! cap = {en = "Cap", zh = "最高担保额"}
//! obligor_id = {en = "Obligor", zh = "债务人"}
//! facility_id = {en = "Facility", zh = "授信"}
//! drawn = {en = "Drawn", zh = "用信余额"}
//! currency = {en = "Currency", zh = "币种"}
MATCH (:Party {party_id: $party})-[:GUARANTEES]->(g:Guarantee)
OPTIONAL MATCH (g)-[:COVERS]->(f:Facility)
RETURN g.guarantee_id AS guarantee_id, g.form AS form, g.cap / 100.0 AS cap, coalesce(f.obligor_id, g.obligor_id) AS obligor_id,
       f.facility_id AS facility_id, f.drawn / 100.0 AS drawn, f.currency AS currency
ORDER BY guarantee_id, facility_id
