//! family = "exposure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "A lender's book by product", zh = "机构授信构成"}
//! explanation = {en = "Number, limits and drawn amounts of a lender by product and currency.", zh = "某机构按产品与币种的笔数、额度与余额。"}
//! [parameters.lender]
//! type = "id"
//! en = "Lender"
//! zh = "授信机构"
//! example = "L-LEASE"
//! [columns]
//! product = {en = "Product", zh = "产品"}
//! currency = {en = "Currency", zh = "币种"}
//! facilities = {en = "Facilities", zh = "授信笔数"}
//! limit = {en = "Limit", zh = "额度"}
//! drawn = {en = "Drawn", zh = "用信余额"}
MATCH (:Lender {lender_id: $lender})-[:GRANTED]->(f:Facility)
RETURN f.product AS product, f.currency AS currency, count(f) AS facilities, sum(f.limit) / 100.0 AS limit, sum(f.drawn) / 100.0 AS drawn
ORDER BY limit DESC, product, currency
