//! family = "guarantees"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Largest guarantors", zh = "最大担保人"}
//! explanation = {en = "Parties by the drawn amounts that their guarantees cover, beside their net assets; each debt once a guarantor, by currency.", zh = "按所担保余额排序的担保人及其净资产；每笔债务对每个担保人只计一次。"}
//! [parameters.top]
//! type = "count"
//! en = "Rows at most"
//! zh = "最多行数"
//! example = 20
//! default = 20
//! [columns]
//! guarantor_id = {en = "Guarantor", zh = "担保人"}
//! name = {en = "Name", zh = "名称"}
//! obligors = {en = "Obligors", zh = "被担保人数"}
//! given = {en = "Given", zh = "已提供担保"}
//! currency = {en = "Currency", zh = "币种"}
//! equity = {en = "Equity", zh = "净资产"}
CALL () {
  MATCH (o)-[:GUARANTEES]->()-[:COVERS]->(f) RETURN o, f
  UNION
  MATCH (o)-[:GUARANTEES]->()-[:COVERS_DEBTS_OF]->()-[:OBLIGOR_OF]->(f) RETURN o, f
}
WITH o, f.currency AS currency, count(DISTINCT f.obligor_id) AS obligors, sum(f.drawn) AS given
ORDER BY given DESC, o.party_id, currency LIMIT $top
RETURN o.party_id AS guarantor_id, o.name AS name, obligors, given / 100.0 AS given, currency, o.equity / 100.0 AS equity
ORDER BY given DESC, guarantor_id, currency
