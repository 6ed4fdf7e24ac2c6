"""Money and quantities as decimals: dollars to the cent, coins to the eighth place."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

CENT = Decimal("0.01")
SMALLEST_QUANTITY = Decimal("0.00000001")


def dollars(amount: Decimal) -> Decimal:
    """To the nearest cent, half a cent to the even one."""
    return amount.quantize(CENT, ROUND_HALF_EVEN)


def quantity(amount: Decimal) -> Decimal:
    """Down to what can be traded: never more than can be paid for, nor more than is held."""
    return amount.quantize(SMALLEST_QUANTITY, ROUND_DOWN)
