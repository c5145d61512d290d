//! family = "structure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Companies below a party by majority stakes", zh = "逐级控股子公司"}
//! explanation = {en = "Every company that chains of single stakes above half of the votes lead to, with the shortest chain. Stakes that reach half only together are the engine's matter (konzern control).", zh = "由单笔过半表决权逐级可达的全部企业及最短层级；合计过半的情形由引擎计算。"}
//! [parameters.party]
//! type = "id"
//! en = "Party"
//! zh = "主体"
//! example = "YQ-GROUP"
//! [columns]
//! party_id = {en = "Party", zh = "主体"}
//! name = {en = "Name", zh = "名称"}
//! depth = {en = "Steps away", zh = "层级"}
MATCH (root:Party {party_id: $party})
MATCH way = ANY SHORTEST (root)((a:Party)-[s:OWNS WHERE coalesce(s.voting, s.share) > 500000000]->(b:Party)){1,30}(c:Party)
WHERE c <> root
RETURN c.party_id AS party_id, c.name AS name, length(way) AS depth ORDER BY depth, party_id
