//! family = "structure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Judgements on identity", zh = "同一主体判断"}
//! explanation = {en = "Which other ids were judged to be the same party, a different one, or unsure.", zh = "对该主体与其他编号是否同一的判断。"}
//! [parameters.party]
//! type = "id"
//! en = "Party"
//! zh = "主体"
//! example = "C-SUYUAN-01"
//! [columns]
//! other_id = {en = "Other party", zh = "另一主体"}
//! name = {en = "Name", zh = "名称"}
//! judgement = {en = "Judgement", zh = "判断"}
MATCH (:Party {party_id: $party})-[s:SAME_AS]-(o:Party)
RETURN o.party_id AS other_id, o.name AS name, s.judgement AS judgement ORDER BY other_id
