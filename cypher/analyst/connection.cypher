//! family = "contagion"
//! roles = ["group_risk_manager", "group_approver", "group_analyst", "auditor"]
//! title = {en = "How two parties are connected", zh = "两主体的关联路径"}
//! explanation = {en = "The shortest way of up to 12 ties between two parties over stakes, control, kin, dependence, claims, facilities and guarantees, in whatever direction.", zh = "两主体之间至多 12 步、经股权、控制、亲属、依存、债权、授信与担保的最短路径，不分方向。"}
//! [parameters.first]
//! type = "id"
//! en = "First party"
//! zh = "主体一"
//! example = "C-DUANQIAO-01"
//! [parameters.second]
//! type = "id"
//! en = "Second party"
//! zh = "主体二"
//! example = "C-DUANQIAO-03"
//! [columns]
//! steps = {en = "Steps", zh = "步数"}
//! path = {en = "Way", zh = "路径"}
MATCH (a:Party {party_id: $first})
MATCH (b:Party {party_id: $second}) WHERE b <> a
MATCH way = shortestPath((a)-[:OWNS|CONTROLS|KIN_OF|DEPENDS_ON|OWES|OBLIGOR_OF|COVERS|COVERS_DEBTS_OF|GUARANTEES*..12]-(b))
RETURN length(way) AS steps, [n IN nodes(way) | coalesce(n.party_id, n.facility_id, n.guarantee_id)] AS path
