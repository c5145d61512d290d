//! family = "exposure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Facilities of a party", zh = "授信明细"}
//! explanation = {en = "What lenders have granted to a party, jointly owed ones too; amounts in the currency of the facility.", zh = "各机构对某主体的授信（含共同债务）；金额为授信币种。"}
//! [parameters.party]
//! type = "id"
//! en = "Party"
//! zh = "主体"
//! example = "C-LANHENG-01"
//! [columns]
//! facility_id = {en = "Facility", zh = "授信"}
//! lender_id = {en = "Lender", zh = "授信机构"}
//! product = {en = "Product", zh = "产品"}
//! limit = {en = "Limit", zh = "额度"}
//! drawn = {en = "Drawn", zh = "用信余额"}
//! currency = {en = "Currency", zh = "币种"}
MATCH (p:Party {party_id: $party})-[:OBLIGOR_OF]->(f:Facility)
RETURN DISTINCT f.facility_id AS facility_id, f.lender_id AS lender_id, f.product AS product, f.limit / 100.0 AS limit,
       f.drawn / 100.0 AS drawn, f.currency AS currency
ORDER BY limit DESC, facility_id
