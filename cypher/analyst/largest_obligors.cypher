//! family = "exposure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Largest obligors", zh = "最大债务人"}
//! explanation = {en = "Obligors with the largest limits at all lenders together, by currency.", zh = "全部机构合计额度最大的债务人，分币种。"}
//! [parameters.top]
//! type = "count"
//! en = "Rows at most"
//! zh = "最多行数"
//! example = 20
//! default = 20
//! [columns]
//! obligor_id = {en = "Obligor", zh = "债务人"}
//! name = {en = "Name", zh = "名称"}
//! facilities = {en = "Facilities", zh = "授信笔数"}
//! limit = {en = "Limit", zh = "额度"}
//! drawn = {en = "Drawn", zh = "用信余额"}
//! currency = {en = "Currency", zh = "币种"}
MATCH (f:Facility)
WITH f.obligor_id AS obligor_id, f.currency AS currency, count(f) AS facilities, sum(f.limit) AS limit, sum(f.drawn) AS drawn
ORDER BY limit DESC, obligor_id, currency LIMIT $top
MATCH (p:Party {party_id: obligor_id})
RETURN obligor_id, p.name AS name, facilities, limit / 100.0 AS limit, drawn / 100.0 AS drawn, currency
ORDER BY limit DESC, obligor_id, currency
