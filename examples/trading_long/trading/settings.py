"""What the environment says: which market, how fast, and where the books are."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from .binance import DEFAULT_URL, BinanceMarket
from .generated import GeneratedMarket
from .market import Market, Quote, Sleep
from .recorded import RecordedMarket

MARKETS = ("generated", "recorded", "binance")


@dataclass(frozen=True, slots=True)
class Settings:
    """``speed`` is how many seconds of market time pass in one; the live market knows only 1.

    ``duration_s``: after so many seconds the program ends by itself; 0 for never.
    Every market has books of its own: their times and prices have nothing to do with each other's.
    """

    market: str = "generated"
    seed: int = 1
    speed: float = 1.0
    recording: Path = Path(__file__).parents[1] / "recording.csv"
    binance_url: str = DEFAULT_URL
    books: Path = Path("/state/books-generated.json")
    duration_s: float = 0.0


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Raises ValueError, naming the variable, for a value that cannot be."""
    default = Settings()
    market = environment.get("MARKET", default.market)
    if market not in MARKETS:
        raise ValueError(f"MARKET is one of {', '.join(MARKETS)}, not {market!r}")
    speed = _number("SPEED", environment.get("SPEED", "1"))
    if market == "binance" and speed != 1:
        raise ValueError("SPEED: time passes at its own speed on the live market; leave it out")
    binance_url = environment.get("BINANCE_URL", default.binance_url)
    if not binance_url.startswith(("ws://", "wss://")):
        raise ValueError(f"BINANCE_URL begins with ws:// or wss://, not {binance_url!r}")
    try:
        seed = int(environment.get("SEED", default.seed))
    except ValueError as error:
        raise ValueError(f"SEED is a whole number, not {environment['SEED']!r}") from error
    return Settings(
        market=market,
        seed=seed,
        speed=speed,
        recording=Path(environment.get("RECORDING", default.recording)),
        binance_url=binance_url,
        books=Path(environment.get("BOOKS", f"/state/books-{market}.json")),
        duration_s=_number("DURATION", environment["DURATION"]) if "DURATION" in environment else 0.0,
    )


def open_market(settings: Settings, last_quotes: Mapping[str, Quote], sleep: Sleep) -> Market:
    """The market of the settings; all but the live one go on after ``last_quotes``."""
    if settings.market == "binance":
        return BinanceMarket(url=settings.binance_url, sleep=sleep)
    if settings.market == "recorded":
        return RecordedMarket(settings.recording, speed=settings.speed, sleep=sleep, resume=last_quotes)
    return GeneratedMarket(seed=settings.seed, speed=settings.speed, sleep=sleep, resume=last_quotes)


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not (isfinite(number) and number > 0):
        raise ValueError(f"{name} is a positive number, not {text!r}")
    return number
