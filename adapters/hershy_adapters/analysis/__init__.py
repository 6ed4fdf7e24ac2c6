"""Looks at code in processes of its own, whatever it does to them."""
