//! family = "structure"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Stakes on a loop", zh = "环状持股"}
//! explanation = {en = "Every stake that lies on a loop of stakes, with the length of the shortest such loop; one shortest way a stake, no enumeration of paths.", zh = "位于持股环上的每笔股权及其最短环长；每笔仅求一条最短路径，不穷举路径。"}
//! [parameters.top]
//! type = "count"
//! en = "Rows at most"
//! zh = "最多行数"
//! example = 200
//! default = 200
//! [columns]
//! owner_id = {en = "Owner", zh = "股东"}
//! owned_id = {en = "Owned", zh = "被投资企业"}
//! steps = {en = "Steps", zh = "步数"}
MATCH (a)-[:OWNS]->(b) WHERE a <> b
WITH collect([a, b]) AS ties
WITH ties, [t IN ties | t[0]] AS owners, [t IN ties | t[1]] AS owned
// again and again without the stakes of parties that nobody owns or that own nobody: these lie on no loop
WITH reduce(s = [ties, owners, owned], round IN range(1, 40) |
  [[t IN s[0] WHERE t[0] IN s[2] AND t[1] IN s[1]], [t IN s[0] | t[0]], [t IN s[0] | t[1]]])[0] AS ties
UNWIND ties AS t
WITH t[0] AS a, t[1] AS b, count(*) AS stakes
MATCH way = ANY SHORTEST (b)-[:OWNS]->+(a)
RETURN a.party_id AS owner_id, b.party_id AS owned_id, length(way) + 1 AS steps
ORDER BY steps, owner_id, owned_id LIMIT $top
