"""A Host that is killed at a chosen moment of a program's life, and what the next Host makes of it."""
