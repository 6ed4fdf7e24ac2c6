"""A hostile program: it tries to get out of its container, and says what came of each try.

Shipped as data and run inside containers, so it imports nothing but the standard library, and itself by relative names.
"""
