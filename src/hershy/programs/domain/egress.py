"""What of the network a program may reach by itself."""

from enum import StrEnum


class Egress(StrEnum):
    """``OPEN``: everything its machine reaches, other programs excepted. ``NONE``: nothing at all.

    Either way the program is reached from outside, at its publish port and through the Host's proxy.
    """

    OPEN = "open"
    NONE = "none"

    def within(self, most: "Egress") -> "Egress":
        """This, or what the operator gives at most where that is less."""
        return self if most is Egress.OPEN else most
