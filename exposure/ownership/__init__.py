"""Ownership (股权): integrated shares, registers of holders, and what follows from them."""
