"""A trading simulator: what it decides is pure, what it hears is a port."""
