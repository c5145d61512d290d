//! family = "structure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "A party at a glance", zh = "主体概览"}
//! explanation = {en = "The row of a party with the number of its stakes, facilities and guarantees.", zh = "某主体的基本信息，以及其持股、授信与担保的数量。"}
//! [parameters.party]
//! type = "id"
//! en = "Party"
//! zh = "主体"
//! example = "C-XIWAN-01"
//! [columns]
//! party_id = {en = "Party", zh = "主体"}
//! name = {en = "Name", zh = "名称"}
//! kind = {en = "Kind", zh = "类别"}
//! country = {en = "Country", zh = "国家"}
//! industry = {en = "Industry", zh = "行业"}
//! rating = {en = "Rating", zh = "评级"}
//! holders = {en = "Holders", zh = "股东数"}
//! owned_id = {en = "Owned", zh = "被投资企业"}
//! facilities = {en = "Facilities", zh = "授信笔数"}
//! given = {en = "Given", zh = "已提供担保"}
MATCH (p:Party {party_id: $party})
RETURN p.party_id AS party_id, p.name AS name, p.kind AS kind, p.country AS country, p.industry AS industry,
       p.rating AS rating, COUNT { (:Party)-[:OWNS]->(p) } AS holders, COUNT { (p)-[:OWNS]->(:Party) } AS owned_id,
       COUNT { (p)-[:OBLIGOR_OF]->(:Facility) } AS facilities, COUNT { (p)-[:GUARANTEES]->(:Guarantee) } AS given
