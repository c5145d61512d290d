//! family = "structure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Registers that do not add up", zh = "股东名册缺口"}
//! explanation = {en = "Companies whose known holders together hold more than all, or less than a share.", zh = "已知股东合计超过百分之百，或低于给定比例的企业。"}
//! [parameters.below]
//! type = "share"
//! en = "Less than"
//! zh = "低于"
//! example = "0.5"
//! default = "0.5"
//! [parameters.top]
//! type = "count"
//! en = "Rows at most"
//! zh = "最多行数"
//! example = 100
//! default = 100
//! [columns]
//! party_id = {en = "Party", zh = "主体"}
//! name = {en = "Name", zh = "名称"}
//! known = {en = "Known holders together", zh = "已知股东合计"}
//! holders = {en = "Holders", zh = "股东数"}
MATCH (o:Party)-[s:OWNS]->(c:Party)
WITH c, sum(s.share) AS known, count(DISTINCT o) AS holders
WHERE known > 1000000000 OR known < $below
RETURN c.party_id AS party_id, c.name AS name, known / 1.0e9 AS known, holders ORDER BY known DESC, party_id LIMIT $top
