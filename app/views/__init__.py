"""Views: one page a file. A view asks, words what it was told and draws it; it computes nothing."""
