"""The words that the desk understands, and their answers."""

from collections.abc import Callable
from dataclasses import dataclass

from . import reports
from .desk import Desk
from .tables import one_line, table


@dataclass(frozen=True, slots=True)
class Command:
    name: str
    short: str
    purpose: str
    carry_out: Callable[[Desk], str]


def answer(desk: Desk, text: str) -> str:
    """Carry a command out and return what is to be said; case and surrounding space don't matter."""
    word = text.strip().lower()
    command = BY_WORD.get(word)
    if command is None:
        return f"unknown command: {one_line(text)!r}; 'help' lists the commands"
    return command.carry_out(desk)


def _help(desk: Desk) -> str:
    rows = [(command.name, command.short, command.purpose) for command in COMMANDS]
    return table("COMMANDS", ["command", "short", "what it does"], rows, left=3)


def _pause(desk: Desk) -> str:
    if desk.paused:
        return "trading is paused already"
    desk.paused = True
    return "trading is paused; prices are still followed, 'resume' goes on"


def _resume(desk: Desk) -> str:
    if not desk.paused:
        return "trading is active already"
    desk.paused = False
    return "trading goes on"


def _rebalance(desk: Desk) -> str:
    if unknown := desk.unknown():
        return f"not rebalanced: no current price of {' and '.join(unknown)}"
    made = desk.rebalance()
    if not made:
        return "rebalanced: nothing to do, every holding is close to its target"
    return "\n".join([f"rebalanced by {len(made)} trades", *map(reports.trade_line, made)])


COMMANDS = (
    Command("help", "h", "this list", _help),
    Command("status", "s", "trading or paused, market time, value, prices", reports.status),
    Command("stats", "st", "trades, fees, profit, drawdown", reports.statistics),
    Command("detailed", "d", "stats, by reason and symbol, and the indicators", reports.detailed),
    Command("portfolio", "p", "cash and holdings at the last prices", reports.portfolio),
    Command("trades", "t", "the last 10 trades", lambda desk: reports.trades(desk, 10)),
    Command("trades20", "t20", "the last 20 trades", lambda desk: reports.trades(desk, 20)),
    Command("trades50", "t50", "the last 50 trades", lambda desk: reports.trades(desk, 50)),
    Command("pause", "pa", "stop trading, go on listening", _pause),
    Command("resume", "re", "trade again", _resume),
    Command("rebalance", "r", "bring every holding to its target now", _rebalance),
    Command("prices", "pr", "the last prices, the connection and its messages", reports.prices),
)

BY_WORD = {word: command for command in COMMANDS for word in (command.name, command.short)}
