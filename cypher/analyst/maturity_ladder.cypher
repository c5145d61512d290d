//! family = "exposure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Maturities of a lender's facilities", zh = "到期分布"}
//! explanation = {en = "Drawn amounts of a lender by year of maturity and currency.", zh = "某机构余额按到期年份与币种的分布。"}
//! [parameters.lender]
//! type = "id"
//! en = "Lender"
//! zh = "授信机构"
//! example = "L-BANK"
//! [columns]
//! maturity = {en = "Year of maturity", zh = "到期年份"}
//! currency = {en = "Currency", zh = "币种"}
//! facilities = {en = "Facilities", zh = "授信笔数"}
//! drawn = {en = "Drawn", zh = "用信余额"}
MATCH (:Lender {lender_id: $lender})-[:GRANTED]->(f:Facility)
RETURN f.maturity_date.year AS maturity, f.currency AS currency, count(f) AS facilities, sum(f.drawn) / 100.0 AS drawn
ORDER BY maturity, currency
