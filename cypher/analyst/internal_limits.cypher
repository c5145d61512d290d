//! family = "exposure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Internal limits of a party", zh = "内部限额"}
//! explanation = {en = "Limits that the bank itself has set on a party, and what is granted and drawn in the same currency.", zh = "银行对某主体设定的内部限额，以及同币种额度与余额。"}
//! [parameters.party]
//! type = "id"
//! en = "Party"
//! zh = "主体"
//! example = "C-FUSHAN-01"
//! [columns]
//! scope = {en = "Scope", zh = "范围"}
//! lender_id = {en = "Lender", zh = "授信机构"}
//! amount = {en = "Amount", zh = "金额"}
//! measure = {en = "Measure", zh = "口径"}
//! limit = {en = "Limit", zh = "额度"}
//! drawn = {en = "Drawn", zh = "用信余额"}
//! currency = {en = "Currency", zh = "币种"}
MATCH (l:Limit)-[:LIMITS]->(p:Party {party_id: $party})
OPTIONAL MATCH (p)-[:OBLIGOR_OF]->(f:Facility)
WHERE f.currency = l.currency AND (l.lender_id IS NULL OR f.lender_id = l.lender_id)
RETURN l.scope AS scope, l.lender_id AS lender_id, l.amount / 100.0 AS amount, coalesce(l.measure, 'gross') AS measure,
       sum(f.limit) / 100.0 AS limit, sum(f.drawn) / 100.0 AS drawn, l.currency AS currency
ORDER BY scope, lender_id
