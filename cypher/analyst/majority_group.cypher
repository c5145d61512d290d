//! family = "exposure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Facilities of a party and all below it", zh = "母子公司授信合计"}
//! explanation = {en = "Limits and drawn amounts of a party and of every company that majority stakes lead to, by party and currency.", zh = "某主体及其逐级控股企业的额度与余额。"}
//! [parameters.party]
//! type = "id"
//! en = "Party"
//! zh = "主体"
//! example = "P-HENGJIANG-OWNER"
//! [columns]
//! party_id = {en = "Party", zh = "主体"}
//! name = {en = "Name", zh = "名称"}
//! depth = {en = "Steps away", zh = "层级"}
//! facilities = {en = "Facilities", zh = "授信笔数"}
//! limit = {en = "Limit", zh = "额度"}
//! drawn = {en = "Drawn", zh = "用信余额"}
//! currency = {en = "Currency", zh = "币种"}
MATCH (root:Party {party_id: $party})
MATCH way = ANY SHORTEST (root)((a:Party)-[s:OWNS WHERE coalesce(s.voting, s.share) > 500000000]->(b:Party)){0,30}(c:Party)
WITH c, length(way) AS depth
MATCH (f:Facility {obligor_id: c.party_id})
RETURN c.party_id AS party_id, c.name AS name, depth, count(f) AS facilities, sum(f.limit) / 100.0 AS limit, sum(f.drawn) / 100.0 AS drawn, f.currency AS currency
ORDER BY depth, party_id, currency
