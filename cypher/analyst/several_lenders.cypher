//! family = "exposure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Parties with several lenders", zh = "多头授信"}
//! explanation = {en = "Parties that owe a number of lenders or more.", zh = "向多家机构负债的主体。"}
//! [parameters.least]
//! type = "count"
//! en = "Lenders at least"
//! zh = "最少机构数"
//! example = 3
//! default = 2
//! [parameters.top]
//! type = "count"
//! en = "Rows at most"
//! zh = "最多行数"
//! example = 50
//! default = 50
//! [columns]
//! party_id = {en = "Party", zh = "主体"}
//! name = {en = "Name", zh = "名称"}
//! lenders = {en = "Lenders", zh = "授信机构数"}
//! facilities = {en = "Facilities", zh = "授信笔数"}
MATCH (f:Facility)
WITH f.obligor_id AS party_id, count(DISTINCT f.lender_id) AS lenders, count(f) AS facilities WHERE lenders >= $least
ORDER BY lenders DESC, facilities DESC, party_id LIMIT $top
MATCH (p:Party {party_id: party_id})
RETURN party_id, p.name AS name, lenders, facilities ORDER BY lenders DESC, facilities DESC, party_id
