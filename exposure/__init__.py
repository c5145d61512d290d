"""What the book means: pure functions over a Snapshot and a rule pack. No database, no web, no clock."""
