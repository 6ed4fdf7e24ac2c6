"""pytest plugin: in-memory twins as fixtures, loaded by pytest through its entry point."""
