"""For tests without Docker: twins of a whole Host, fault doubles, a pytest plugin; contract suites for adapters.

``twins.open_twins`` outside pytest, the fixture ``hershy_twins`` in it; ``contracts`` and ``faults`` have one module
for each port.
"""
