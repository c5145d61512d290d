//! family = "guarantees"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Collateral pledged for more than it is worth", zh = "重复抵押"}
//! explanation = {en = "Assets whose pledges together exceed their value, in the currency of the asset.", zh = "抵质押合计超过价值的押品。"}
//! [parameters.top]
//! type = "count"
//! en = "Rows at most"
//! zh = "最多行数"
//! example = 100
//! default = 100
//! [columns]
//! collateral_id = {en = "Collateral", zh = "押品"}
//! value = {en = "Value", zh = "价值"}
//! pledged = {en = "Pledged", zh = "抵质押金额"}
//! excess = {en = "Above the value", zh = "超出部分"}
//! currency = {en = "Currency", zh = "币种"}
MATCH (k:Collateral)-[p:PLEDGED_FOR]->(f:Facility)
WITH k, sum(coalesce(p.amount, f.drawn)) AS pledged, collect(DISTINCT coalesce(p.currency, f.currency)) AS currencies
WHERE pledged > k.value AND currencies = [k.currency]
RETURN k.collateral_id AS collateral_id, k.value / 100.0 AS value, pledged / 100.0 AS pledged,
       (pledged - k.value) / 100.0 AS excess, k.currency AS currency
ORDER BY excess DESC, collateral_id LIMIT $top
