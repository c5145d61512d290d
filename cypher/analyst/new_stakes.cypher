//! family = "contagion"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Stakes since a day", zh = "新增持股"}
//! explanation = {en = "Stakes whose validity began on a day or later.", zh = "自给定日期起生效的持股。"}
//! [parameters.day]
//! type = "date"
//! en = "From"
//! zh = "自"
//! example = "2026-08-01"
//! [parameters.top]
//! type = "count"
//! en = "Rows at most"
//! zh = "最多行数"
//! example = 100
//! default = 100
//! [columns]
//! owner_id = {en = "Owner", zh = "股东"}
//! owned_id = {en = "Owned", zh = "被投资企业"}
//! share = {en = "Share of capital", zh = "持股比例"}
//! valid_from = {en = "Valid from", zh = "生效日"}
MATCH (a:Party)-[s:OWNS]->(b:Party) WHERE s.valid_from >= $day
RETURN a.party_id AS owner_id, b.party_id AS owned_id, s.share / 1.0e9 AS share, s.valid_from AS valid_from
ORDER BY valid_from, owner_id, owned_id LIMIT $top
