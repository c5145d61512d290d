"""Early warnings (预警): what is late, what got worse, what changed and what is old."""
