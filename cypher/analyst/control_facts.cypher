//! family = "structure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Control that votes do not show", zh = "协议控制等事实"}
//! explanation = {en = "Recorded control facts about a party, in either direction.", zh = "与某主体有关的控制事实（双向）。"}
//! [parameters.party]
//! type = "id"
//! en = "Party"
//! zh = "主体"
//! example = "C-HELI-01"
//! [columns]
//! owner_id = {en = "Owner", zh = "股东"}
//! owned_id = {en = "Owned", zh = "被投资企业"}
//! basis = {en = "Basis", zh = "依据"}
//! rebutted = {en = "Rebutted", zh = "已排除"}
MATCH (a:Party)-[c:CONTROLS]->(b:Party) WHERE a.party_id = $party OR b.party_id = $party
RETURN a.party_id AS owner_id, b.party_id AS owned_id, c.basis AS basis, c.rebutted AS rebutted
ORDER BY owner_id, owned_id, basis
