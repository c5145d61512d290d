"""Contagion (传染): what the failure of some costs others, by whom and through which tie."""
