//! family = "exposure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Facilities past due", zh = "逾期授信"}
//! explanation = {en = "Facilities that are past due for a number of days or more.", zh = "逾期达到给定天数的授信。"}
//! [parameters.days]
//! type = "count"
//! en = "Days at least"
//! zh = "最少天数"
//! example = 30
//! default = 1
//! [parameters.top]
//! type = "count"
//! en = "Rows at most"
//! zh = "最多行数"
//! example = 100
//! default = 100
//! [columns]
//! facility_id = {en = "Facility", zh = "授信"}
//! lender_id = {en = "Lender", zh = "授信机构"}
//! obligor_id = {en = "Obligor", zh = "债务人"}
//! days_past_due = {en = "Days past due", zh = "逾期天数"}
//! drawn = {en = "Drawn", zh = "用信余额"}
//! currency = {en = "Currency", zh = "币种"}
MATCH (f:Facility) WHERE f.days_past_due >= $days
RETURN f.facility_id AS facility_id, f.lender_id AS lender_id, f.obligor_id AS obligor_id,
       f.days_past_due AS days_past_due, f.drawn / 100.0 AS drawn, f.currency AS currency
ORDER BY days_past_due DESC, facility_id LIMIT $top
