//! family = "structure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "What a party holds", zh = "对外投资"}
//! explanation = {en = "Direct stakes of a party, the largest first.", zh = "某主体的直接对外投资，由大到小。"}
//! [parameters.party]
//! type = "id"
//! en = "Party"
//! zh = "主体"
//! example = "YQ-GROUP"
//! [columns]
//! owned_id = {en = "Owned", zh = "被投资企业"}
//! name = {en = "Name", zh = "名称"}
//! share = {en = "Share of capital", zh = "持股比例"}
//! voting = {en = "Share of votes", zh = "表决权比例"}
MATCH (:Party {party_id: $party})-[s:OWNS]->(c:Party)
RETURN c.party_id AS owned_id, c.name AS name, sum(s.share) / 1.0e9 AS share,
       sum(coalesce(s.voting, s.share)) / 1.0e9 AS voting
ORDER BY voting DESC, owned_id
