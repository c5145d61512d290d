//! family = "contagion"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Who is hit first if a party fails", zh = "首轮冲击"}
//! explanation = {en = "Creditors, guarantors, holders and dependents of a party: everybody whom its failure reaches directly.", zh = "某主体违约直接波及的债权人、担保人、股东与依存方。"}
//! [parameters.party]
//! type = "id"
//! en = "Party"
//! zh = "主体"
//! example = "C-DUANQIAO-01"
//! [columns]
//! channel = {en = "Channel", zh = "传导渠道"}
//! party_id = {en = "Party", zh = "主体"}
//! amount = {en = "Amount", zh = "金额"}
MATCH (p:Party {party_id: $party})
CALL (p) {
  MATCH (p)-[o:OWES]->(c:Party) RETURN 'claim' AS channel, c.party_id AS party_id, sum(o.amount) / 100.0 AS amount
  UNION
  MATCH (p)-[:OBLIGOR_OF]->(f:Facility) RETURN 'credit' AS channel, f.lender_id AS party_id, sum(f.drawn) / 100.0 AS amount
  UNION
  MATCH (p)-[:OBLIGOR_OF]->(f:Facility)
  CALL (p, f) {
    MATCH (f)<-[:COVERS]-(:Guarantee)<-[:GUARANTEES]-(g:Party) RETURN g
    UNION
    MATCH (p)<-[:COVERS_DEBTS_OF]-(:Guarantee)<-[:GUARANTEES]-(g:Party) RETURN g
  }
  RETURN 'guarantee' AS channel, g.party_id AS party_id, sum(f.drawn) / 100.0 AS amount
  UNION
  MATCH (h:Party)-[s:OWNS]->(p) RETURN 'holding' AS channel, h.party_id AS party_id, null AS amount
  UNION
  MATCH (d:Party)-[:DEPENDS_ON]->(p) RETURN 'dependence' AS channel, d.party_id AS party_id, null AS amount
}
RETURN DISTINCT channel, party_id, amount ORDER BY channel, party_id
