"""The desk: what pages ask, answered from a kept report and its snapshot, both mapped into memory.

A page asks a named question (``desk.questions``) through ``app.access``, which knows who may. The engine does not run
here; what a part of the book's readers may know is decided by which report a desk is opened on (``app.scope``).
"""
