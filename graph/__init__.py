"""What exists: the book of parties and ties, and where it is kept."""
