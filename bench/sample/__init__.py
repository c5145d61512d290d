"""What the sample banking group is made of: one module a subject, one function a story."""
