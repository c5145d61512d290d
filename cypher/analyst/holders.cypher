//! family = "structure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Who holds a party", zh = "股东"}
//! explanation = {en = "Direct holders of a party with their shares, the largest first.", zh = "某主体的直接股东及持股比例，由大到小。"}
//! [parameters.party]
//! type = "id"
//! en = "Party"
//! zh = "主体"
//! example = "C-XIWAN-01"
//! [columns]
//! owner_id = {en = "Owner", zh = "股东"}
//! name = {en = "Name", zh = "名称"}
//! share = {en = "Share of capital", zh = "持股比例"}
//! voting = {en = "Share of votes", zh = "表决权比例"}
MATCH (o:Party)-[s:OWNS]->(:Party {party_id: $party})
RETURN o.party_id AS owner_id, o.name AS name, sum(s.share) / 1.0e9 AS share,
       sum(coalesce(s.voting, s.share)) / 1.0e9 AS voting
ORDER BY voting DESC, owner_id
