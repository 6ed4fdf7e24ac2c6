"""Builder and runtime on a Docker Engine."""
