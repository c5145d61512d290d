//! family = "guarantees"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Debts that a party stands behind over others", zh = "担保链"}
//! explanation = {en = "Every party whose debts a guarantor stands behind, directly or over the guarantees of those it guarantees, over six guarantees at most: guarantees of facilities and of all debts of a party.", zh = "担保人直接或经被担保人的担保所牵连的全部主体，至多六层担保，含对单笔授信的担保与最高额担保。"}
//! [parameters.party]
//! type = "id"
//! en = "Party"
//! zh = "主体"
//! example = "C-DUANQIAO-03"
//! [columns]
//! party_id = {en = "Party", zh = "主体"}
//! name = {en = "Name", zh = "名称"}
//! depth = {en = "Steps away", zh = "层级"}
MATCH (root:Party {party_id: $party})
WITH root, reduce(levels = [[root]], step IN range(1, 6) | levels + [COLLECT {
  UNWIND levels[-1] AS a
  CALL (a) {
    MATCH (a)-[:GUARANTEES]->(:Guarantee)-[:COVERS_DEBTS_OF]->(b:Party) RETURN b
    UNION
    MATCH (a)-[:GUARANTEES]->(:Guarantee)-[:COVERS]->(:Facility)<-[:OBLIGOR_OF]-(b:Party) RETURN b
  }
  RETURN DISTINCT b
}]) AS levels
UNWIND range(1, 6) AS step
UNWIND levels[step] AS c
WITH root, c, min(step) AS depth WHERE c <> root
RETURN c.party_id AS party_id, c.name AS name, depth ORDER BY depth, party_id
