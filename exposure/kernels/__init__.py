"""The compiled loops of the engine, and nothing else; each file holds one algorithm."""
