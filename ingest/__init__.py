"""How facts get in: read, check, resolve, write."""
