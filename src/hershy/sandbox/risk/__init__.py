"""A static look at untrusted Python: what it imports, reaches for and hides, in points (``analysis.analyze``)."""
