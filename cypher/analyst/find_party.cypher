//! family = "structure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Parties by name", zh = "按名称查找主体"}
//! explanation = {en = "Parties whose name begins with a text, by name.", zh = "名称以给定文字开头的主体。"}
//! [parameters.text]
//! type = "text"
//! en = "Beginning of the name"
//! zh = "名称开头"
//! example = "汐湾"
//! [parameters.top]
//! type = "count"
//! en = "Rows at most"
//! zh = "最多行数"
//! example = 20
//! default = 20
//! [columns]
//! party_id = {en = "Party", zh = "主体"}
//! name = {en = "Name", zh = "名称"}
//! kind = {en = "Kind", zh = "类别"}
MATCH (p:Party) WHERE p.name STARTS WITH $text
RETURN p.party_id AS party_id, p.name AS name, p.kind AS kind ORDER BY name, party_id LIMIT $top
