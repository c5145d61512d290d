//! family = "structure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Majority holders above a party", zh = "逐级控股股东"}
//! explanation = {en = "Every holder from which chains of single stakes above half of the votes lead to the party.", zh = "可经单笔过半表决权逐级到达该主体的全部股东。"}
//! [parameters.party]
//! type = "id"
//! en = "Party"
//! zh = "主体"
//! example = "YQ-BANK"
//! [columns]
//! party_id = {en = "Party", zh = "主体"}
//! name = {en = "Name", zh = "名称"}
//! depth = {en = "Steps away", zh = "层级"}
MATCH (leaf:Party {party_id: $party})
MATCH way = ANY SHORTEST (o:Party)((a:Party)-[s:OWNS WHERE coalesce(s.voting, s.share) > 500000000]->(b:Party)){1,30}(leaf)
WHERE o <> leaf
RETURN o.party_id AS party_id, o.name AS name, length(way) AS depth ORDER BY depth, party_id
