//! family = "contagion"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Financial statements of a party", zh = "财务报表"}
//! explanation = {en = "Figures of a party by period.", zh = "某主体各期财务数据。"}
//! [parameters.party]
//! type = "id"
//! en = "Party"
//! zh = "主体"
//! example = "C-LANHENG-01"
//! [columns]
//! period_end = {en = "Period end", zh = "期末"}
//! revenue = {en = "Revenue", zh = "营业收入"}
//! total_debt = {en = "Total debt", zh = "总负债"}
//! equity = {en = "Equity", zh = "净资产"}
//! currency = {en = "Currency", zh = "币种"}
MATCH (:Party {party_id: $party})-[:REPORTED]->(s:Financials)
RETURN s.period_end AS period_end, s.revenue / 100.0 AS revenue, s.total_debt / 100.0 AS total_debt,
       s.equity / 100.0 AS equity, s.currency AS currency
ORDER BY period_end
