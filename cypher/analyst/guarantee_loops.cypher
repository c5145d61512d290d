//! family = "guarantees"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "Guarantors on a circle", zh = "担保圈"}
//! explanation = {en = "Guarantors whose promise comes back to them over others' guarantees, with the fewest guarantees of such a circle: guarantees of facilities and of all debts of a party. Circles of up to 5 guarantees; longer ones are the engine's matter (konzern guarantees).", zh = "担保经他人担保回到自身的主体及最少担保步数，含对单笔授信的担保与最高额担保；限 5 步以内的担保圈，更长的由引擎计算（konzern guarantees）。"}
//! [parameters.top]
//! type = "count"
//! en = "Rows at most"
//! zh = "最多行数"
//! example = 100
//! default = 100
//! [columns]
//! guarantor_id = {en = "Guarantor", zh = "担保人"}
//! obligor_id = {en = "Obligor", zh = "债务人"}
//! steps = {en = "Steps", zh = "步数"}
CALL () {
  MATCH (a)-[:GUARANTEES]->()-[:COVERS_DEBTS_OF]->(b) RETURN a, b
  UNION
  MATCH (a)-[:GUARANTEES]->()-[:COVERS]->()<-[:OBLIGOR_OF]-(b) RETURN a, b
}
WITH a, b WHERE a <> b
WITH collect([a, b]) AS ties
WITH ties, [t IN ties | t[0]] AS givers, [t IN ties | t[1]] AS takers
// again and again without those for whom nobody stands or who stand for nobody: these lie on no circle
WITH reduce(s = [ties, givers, takers], round IN range(1, 12) |
  [[t IN s[0] WHERE t[0] IN s[2] AND t[1] IN s[1]], [t IN s[0] | t[0]], [t IN s[0] | t[1]]])[0] AS ties
WITH ties, [t IN ties | [t[0], t[1], 1]] AS ways
// ways of up to two guarantees, then of up to four: two ways that meet are one
CALL (ways) {
  UNWIND ways AS w
  UNWIND [[w[0], null, [w[1], w[2]]], [w[1], [w[0], w[2]], null]] AS e
  WITH e[0] AS middle, collect(e[1]) AS before, collect(e[2]) AS after
  UNWIND before + [[middle, 0]] AS x
  UNWIND after + [[middle, 0]] AS y
  WITH x[0] AS a, y[0] AS b, min(x[1] + y[1]) AS steps WHERE a <> b AND steps > 0
  RETURN collect([a, b, steps]) AS longer
}
WITH ties, longer AS ways
CALL (ways) {
  UNWIND ways AS w
  UNWIND [[w[0], null, [w[1], w[2]]], [w[1], [w[0], w[2]], null]] AS e
  WITH e[0] AS middle, collect(e[1]) AS before, collect(e[2]) AS after
  UNWIND before + [[middle, 0]] AS x
  UNWIND after + [[middle, 0]] AS y
  WITH x[0] AS a, y[0] AS b, min(x[1] + y[1]) AS steps WHERE a <> b AND steps > 0
  RETURN collect([a, b, steps]) AS longer
}
UNWIND [t IN ties | [t[1], t[0], null]] + longer AS w
WITH w[1] AS a, w[0] AS b, count(*) - count(w[2]) AS tied, min(w[2]) AS back WHERE tied > 0 AND back > 0
RETURN a.party_id AS guarantor_id, b.party_id AS obligor_id, back + 1 AS steps
ORDER BY steps, guarantor_id, obligor_id LIMIT $top
