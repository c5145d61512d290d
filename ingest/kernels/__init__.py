"""The compiled loops of the ingest package: cells to whole numbers, keys, check digits, lines of a file."""
