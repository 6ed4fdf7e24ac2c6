"""Working twins of every port, for tests and for ``runtime = "memory"``; public, unlike what begins with ``_``."""
