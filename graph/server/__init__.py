"""The local Neo4j (``neo4j:local``): fetched from a lock file, run on loopback, gone with its parent or by ``down``."""
