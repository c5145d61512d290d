"""The embedded store ``book:PATH``: append-only versions of the facts in Parquet, in one folder.

``konzern-store.json`` says the format; ``versions/`` has one small file a version, ``data/`` the rows that they
refer to, ``journal.jsonl`` the journal, ``lease.json`` who writes. ``runs/``, ``snapshots/`` and ``reports/`` are
derived and may be removed.
"""
