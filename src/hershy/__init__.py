"""hershy runs other people's long-lived programs safely."""
