"""The Docker runtime with gVisor between programs and the machine's kernel."""
