"""Limits (限额): what regulation and the bank itself allow to owe, tested on every client, group and lender."""
