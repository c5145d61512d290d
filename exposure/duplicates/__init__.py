"""Duplicate credit (重复授信): what is financed, pledged or counted more than once."""
