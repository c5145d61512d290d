//! family = "contagion"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "What was known of a party", zh = "主体历史"}
//! explanation = {en = "Every row about a party that is or was known: in force, dormant, or replaced, with the versions in which it was.", zh = "曾经或现在已知的该主体各行：在册、休眠或已被替代，及其版本区间。"}
//! [parameters.party]
//! type = "id"
//! en = "Party"
//! zh = "主体"
//! example = "C-XIWAN-01"
//! [columns]
//! state = {en = "State", zh = "状态"}
//! name = {en = "Name", zh = "名称"}
//! from_version = {en = "From version", zh = "起始版本"}
//! to_version = {en = "To version", zh = "终止版本"}
//! valid_from = {en = "Valid from", zh = "生效日"}
//! valid_to = {en = "Valid to", zh = "失效日"}
CALL () {
  MATCH (p:Party {party_id: $party}) RETURN 'in force' AS state, p
  UNION ALL
  MATCH (p:Dormant {table: 'parties'}) WHERE p.party_id = $party RETURN 'dormant' AS state, p
  UNION ALL
  MATCH (p:Past {table: 'parties'}) WHERE p.party_id = $party RETURN 'past' AS state, p
}
RETURN state, p.name AS name, p.from_version AS from_version, p.to_version AS to_version, p.valid_from AS valid_from,
       p.valid_to AS valid_to
ORDER BY from_version, state
