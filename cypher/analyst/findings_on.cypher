//! family = "exposure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Findings on a party", zh = "主体相关发现"}
//! explanation = {en = "Findings about a party and its facilities, as last written back.", zh = "与某主体及其授信有关的发现（最近一次写回）。"}
//! [parameters.party]
//! type = "id"
//! en = "Party"
//! zh = "主体"
//! example = "C-SHUTING-01"
//! [columns]
//! code = {en = "Code", zh = "代码"}
//! severity = {en = "Severity", zh = "严重程度"}
//! amount = {en = "Amount", zh = "金额"}
//! text_en = {en = "Text in English", zh = "英文说明"}
//! text_zh = {en = "Text in Chinese", zh = "中文说明"}
MATCH (b:Book {name: 'book'})
MATCH (p:Party {party_id: $party})
CALL (b, p) {
  MATCH (p)<-[:ABOUT]-(n:Finding {run: b.run}) RETURN n
  UNION
  MATCH (p)-[:OBLIGOR_OF]->(:Facility)<-[:ABOUT]-(n:Finding {run: b.run}) RETURN n
}
RETURN n.code AS code, n.severity AS severity, n.amount / 100.0 AS amount, n.text_en AS text_en, n.text_zh AS text_zh
ORDER BY severity, code, text_en
