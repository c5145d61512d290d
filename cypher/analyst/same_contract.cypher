//! family = "guarantees"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "One contract in several facilities", zh = "同一合同多笔授信"}
//! explanation = {en = "Contract numbers that several facilities name.", zh = "同一合同号出现在多笔授信中。"}
//! [parameters.top]
//! type = "count"
//! en = "Rows at most"
//! zh = "最多行数"
//! example = 100
//! default = 100
//! [columns]
//! contract_ref = {en = "Contract", zh = "合同号"}
//! count = {en = "Number", zh = "数量"}
//! limit = {en = "Limit", zh = "额度"}
//! currency = {en = "Currency", zh = "币种"}
//! path = {en = "Way", zh = "路径"}
MATCH (f:Facility) WHERE f.contract_ref IS NOT NULL
WITH f.contract_ref AS contract_ref, f.currency AS currency, f ORDER BY f.facility_id
WITH contract_ref, currency, collect(f.facility_id) AS ids, sum(f.limit) AS limit WHERE size(ids) > 1
RETURN contract_ref, size(ids) AS count, limit / 100.0 AS limit, currency, ids AS path
ORDER BY limit DESC, contract_ref LIMIT $top
