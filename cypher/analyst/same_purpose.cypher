//! family = "guarantees"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "One purpose financed more than once", zh = "同一用途重复融资"}
//! explanation = {en = "Invoices, projects or orders that several facilities finance for more than their amount.", zh = "同一用途凭证被多笔授信融资且合计超过其金额。"}
//! [parameters.top]
//! type = "count"
//! en = "Rows at most"
//! zh = "最多行数"
//! example = 100
//! default = 100
//! [columns]
//! purpose_ref = {en = "Purpose", zh = "用途凭证号"}
//! count = {en = "Number", zh = "数量"}
//! drawn = {en = "Drawn", zh = "用信余额"}
//! purpose_amount = {en = "Amount of the purpose", zh = "用途金额"}
//! path = {en = "Way", zh = "路径"}
MATCH (f:Facility) WHERE f.purpose_ref IS NOT NULL
WITH f.purpose_ref AS purpose_ref, f.currency AS currency, f ORDER BY f.facility_id
WITH purpose_ref, currency, collect(f.facility_id) AS ids, sum(f.drawn) AS drawn, max(f.purpose_amount) AS purpose_amount
WHERE size(ids) > 1 AND drawn > coalesce(purpose_amount, 0)
RETURN purpose_ref, size(ids) AS count, drawn / 100.0 AS drawn, purpose_amount / 100.0 AS purpose_amount, ids AS path
ORDER BY drawn DESC, purpose_ref LIMIT $top
