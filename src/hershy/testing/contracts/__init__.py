"""The contract suites: one module for each port, to subclass in the tests of its adapters."""
