//! family = "guarantees"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "One asset under several ids", zh = "同一押品多次登记"}
//! explanation = {en = "Registry numbers that several pieces of collateral have.", zh = "同一登记号对应多个押品编号。"}
//! [parameters.top]
//! type = "count"
//! en = "Rows at most"
//! zh = "最多行数"
//! example = 100
//! default = 100
//! [columns]
//! registry_ref = {en = "Registry", zh = "登记号"}
//! count = {en = "Number", zh = "数量"}
//! path = {en = "Way", zh = "路径"}
MATCH (k:Collateral) WHERE k.registry_ref IS NOT NULL
WITH k.registry_ref AS registry_ref, k ORDER BY k.collateral_id
WITH registry_ref, collect(k.collateral_id) AS ids WHERE size(ids) > 1
RETURN registry_ref, size(ids) AS count, ids AS path ORDER BY count DESC, registry_ref LIMIT $top
