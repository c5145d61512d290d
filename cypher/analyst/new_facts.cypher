//! family = "contagion"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "What a version brought", zh = "版本新增"}
//! explanation = {en = "Number of facts in force by table that a version newer than the given one brought.", zh = "晚于给定版本的在册事实数量，按数据表。"}
//! [parameters.version]
//! type = "count"
//! en = "Book version"
//! zh = "数据版本"
//! example = 0
//! default = 0
//! [columns]
//! table = {en = "Table", zh = "数据表"}
//! facts = {en = "Facts", zh = "事实数"}
CALL () {
  MATCH (n:Party) WHERE n.from_version > $version RETURN 'parties' AS table, count(n) AS facts
  UNION
  MATCH (n:Facility) WHERE n.from_version > $version RETURN 'facilities' AS table, count(n) AS facts
  UNION
  MATCH ()-[n:OWNS]->() WHERE n.from_version > $version RETURN 'ownership' AS table, count(n) AS facts
  UNION
  MATCH (n:Guarantee) WHERE n.from_version > $version RETURN 'guarantees' AS table, count(n) AS facts
  UNION
  MATCH (n:Collateral) WHERE n.from_version > $version RETURN 'collateral' AS table, count(n) AS facts
}
RETURN table, facts ORDER BY table
