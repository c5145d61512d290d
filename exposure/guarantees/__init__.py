"""Guarantees (担保): what stands behind whom, in chains and circles, and what it is worth."""
