//! family = "contagion"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Claims between parties", zh = "主体间债权债务"}
//! explanation = {en = "What parties owe one another, the largest first.", zh = "主体之间的负债，由大到小。"}
//! [parameters.top]
//! type = "count"
//! en = "Rows at most"
//! zh = "最多行数"
//! example = 100
//! default = 100
//! [columns]
//! debtor_id = {en = "Debtor", zh = "债务人"}
//! creditor_id = {en = "Creditor", zh = "债权人"}
//! amount = {en = "Amount", zh = "金额"}
//! currency = {en = "Currency", zh = "币种"}
MATCH (d:Party)-[o:OWES]->(c:Party)
RETURN d.party_id AS debtor_id, c.party_id AS creditor_id, o.amount / 100.0 AS amount, o.currency AS currency
ORDER BY amount DESC, debtor_id, creditor_id LIMIT $top
