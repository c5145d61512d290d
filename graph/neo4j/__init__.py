"""Stores in Neo4j: ``neo4j://…``, ``bolt://…``, and ``neo4j:local``, the one that Konzern runs by itself."""
