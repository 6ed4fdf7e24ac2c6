"""Fault doubles: adapters that fail, dawdle or never get ready, to see how a Host bears it."""
