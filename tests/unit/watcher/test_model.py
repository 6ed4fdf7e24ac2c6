"""Arbitrary signal sequences against a small model of the rules."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hershy.watcher import (
    Context,
    Failure,
    KillWatcher,
    Message,
    NotRunning,
    StopWatcher,
    Update,
    Watched,
    WatcherConfig,
)
from hershy.watcher.testing import Driven, drive

from .programs import Channel, watcher_of

FLOWS = ("flow-a", "flow-b")
CALL = "call"
INSTANT_S = 1 / 512
"""In which the call is asked again. A sum of such fractions is exact."""
LIGHT, HEAVY = (15, 30), (5, 10, 20)
ERRORS = {"stop": StopWatcher(), "kill": KillWatcher(), "fail": ValueError("as told")}

Seen = tuple[str, str | None, tuple[str, ...], dict[str, Any]]


@dataclass
class Model:
    """What should happen: at most one execution under way, ended by ``end``; nothing else takes time but waits."""

    executions: list[Seen] = field(default_factory=list)
    messages: deque[str] = field(default_factory=deque)
    changes: dict[str, list[Any]] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=lambda: dict.fromkeys(FLOWS, 0) | {CALL: ()})
    state: str = "InitRun"
    is_executing: bool = True
    has_succeeded: bool = False
    is_stopping: bool = False
    failures: int = 0
    waits_s: float | None = None

    def __post_init__(self) -> None:
        self.executions.append(("watcher", None, (), dict(self.values)))

    @property
    def is_over(self) -> bool:
        return self.state in ("Stopped", "Killed", "Crashed")

    @property
    def accepts(self) -> bool:
        return not self.is_stopping and not self.is_over

    def send(self, content: str) -> None:
        self.messages.append(content)
        self.go_on()

    def change(self, name: str, item: Any) -> None:
        if self.accepts:
            waiting = self.changes.setdefault(name, [])
            if name in FLOWS:
                waiting.clear()
            waiting.append(item)
            self.go_on()

    def stop(self) -> None:
        self.is_stopping = True
        self.waits_s = None
        self.go_on()

    def pass_time(self, seconds: float) -> None:
        while self.waits_s is not None:
            if seconds < self.waits_s:
                self.waits_s -= seconds
                return
            seconds -= self.waits_s
            self.waits_s = None
            if self.state != "WaitRecover":
                self.state = "Ready"
            if not self.has_succeeded or self.state == "WaitRecover":
                self.run("watcher", None, ())
            self.go_on()
            return

    def end(self, outcome: str) -> None:
        self.is_executing = False
        if outcome == "return":
            self.failures, self.has_succeeded = 0, True
            self.state = "Stopping" if self.state == "Stopping" else "Ready"
        elif outcome == "stop":
            self.state = "Stopped"
        elif outcome == "kill":
            self.state = "Killed"
        else:
            self.failures += 1
            if self.state != "Stopping":
                self.fail()
        self.go_on()

    def fail(self) -> None:
        if self.failures >= 6:
            self.state = "Crashed"
            return
        if self.failures < 3:
            self.waits_s = LIGHT[self.failures - 1]
        else:
            self.state, self.waits_s = "WaitRecover", HEAVY[self.failures - 3]
        if self.is_stopping:
            self.waits_s = None

    def run(self, kind: str, content: str | None, names: tuple[str, ...]) -> None:
        self.is_executing = True
        if self.state != "Stopping":
            self.state = "Running" if self.has_succeeded else "InitRun"
        self.executions.append((kind, content, names, dict(self.values)))

    def go_on(self) -> None:
        if self.is_executing or self.is_over or self.waits_s is not None:
            return
        if self.is_stopping:
            self.state = "Stopping"
        if self.messages:
            self.run("user", self.messages.popleft(), ())
        elif self.changes:
            names = tuple(self.changes)
            for name in names:
                self.take_up(name)
            self.changes = {}
            self.run("var", None, names)
        elif self.is_stopping:
            self.state = "Stopped"

    def take_up(self, name: str) -> None:
        for item in self.changes[name]:
            if name == CALL:
                self.values[name] = (*self.values[name], item)
            elif item is not None:
                self.values[name] = item


class Program:
    """Each execution waits to be told how to end."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.flows = {name: Channel() for name in FLOWS}
        self.answers = asyncio.Queue[Any]()
        self.outcomes = asyncio.Queue[str]()

    async def __call__(self, ctx: Context, message: Message | None) -> None:
        watched: list[Watched[Any]] = [ctx.watch_flow(name, self.flows[name].items, initial=0) for name in FLOWS]
        watched.append(ctx.watch_call(CALL, self.answers.get, every=INSTANT_S / 2, initial=()))
        trigger = ctx.trigger
        kind = "user" if trigger.is_user else "watcher" if trigger.is_watcher else "var"
        assert {it.name for it in watched if it.triggered} == set(trigger.var_names)
        content = message.content if message else None
        self.seen.append((kind, content, trigger.var_names, {it.name: it.value for it in watched}))
        outcome = await self.outcomes.get()
        if outcome != "return":
            raise ERRORS[outcome]

    def change(self, name: str, item: Any) -> None:
        if name == CALL:
            self.answers.put_nowait(Update(lambda before: (*before, item)))
        else:
            self.flows[name].put(Failure(ValueError("in the flow")) if item is None else item)


OPERATIONS = st.one_of(
    st.tuples(st.just("send"), st.text("abc", min_size=1, max_size=3)),
    st.tuples(st.just("change"), st.sampled_from(FLOWS), st.one_of(st.none(), st.integers(1, 9))),
    st.tuples(st.just("change"), st.just(CALL), st.integers(1, 9)),
    st.tuples(st.just("end"), st.sampled_from(["return", "return", "return", "fail", "fail", "stop", "kill"])),
    st.tuples(st.just("advance"), st.sampled_from([1.0, 5.0, 15.0, 40.0])),
    st.tuples(st.just("stop")),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(OPERATIONS, max_size=30))
def test_the_engine_does_what_the_model_says(operations: list[tuple[Any, ...]]) -> None:
    """The same executions in the same order, with the same values, and the same state, after each operation."""
    asyncio.run(compare(operations))


async def compare(operations: list[tuple[Any, ...]]) -> None:
    program, model = Program(), Model()
    cleanups: list[object] = []
    watcher = watcher_of(program, WatcherConfig(timeout=timedelta(days=1)))

    @watcher.cleanup
    async def close(ctx: Context) -> None:
        cleanups.append(ctx)

    async with drive(watcher) as driven:
        stops: list[asyncio.Task[None]] = []
        for operation in operations:
            await carry_out(operation, driven, program, model, stops)
            await driven.advance(INSTANT_S)
            model.pass_time(INSTANT_S)
            assert program.seen == model.executions
            assert driven.state == model.state
        while not model.is_over:
            if model.is_executing:
                program.outcomes.put_nowait("return")
                model.end("return")
            else:
                model.stop()
            if model.is_stopping and not stops:
                stops.append(asyncio.create_task(driven.watcher.stop()))
            await driven.settle()
        await asyncio.gather(*stops)
        assert program.seen == model.executions
        assert len(cleanups) == (driven.state != "Killed")


async def carry_out(
    operation: tuple[Any, ...], driven: Driven, program: Program, model: Model, stops: list[asyncio.Task[None]]
) -> None:
    match operation:
        case ("send", content):
            try:
                await driven.watcher.send(content)
            except NotRunning:
                assert not model.accepts
            else:
                model.send(content)
        case ("change", name, item):
            program.change(name, item)
            await driven.advance(INSTANT_S)
            model.change(name, item)
            model.pass_time(INSTANT_S)
        case ("end", outcome) if model.is_executing:
            program.outcomes.put_nowait(outcome)
            model.end(outcome)
        case ("advance", seconds) if not model.is_executing and not model.is_stopping:
            await driven.advance(seconds)
            model.pass_time(seconds)
        case ("stop",) if not model.is_over:
            stops.append(asyncio.create_task(driven.watcher.stop()))
            model.stop()
        case _:
            pass
