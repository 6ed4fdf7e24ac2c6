"""Arbitrary orders of events against a small model of the world: the invariants of the design hold throughout."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hershy.core.exits import ExitReason
from hershy.core.ids import ContainerID, PublishPort
from hershy.errors import IllegalTransition
from hershy.programs.domain import effects as do
from hershy.programs.domain import events as on
from hershy.programs.domain.effects import Effect
from hershy.programs.domain.events import Event
from hershy.programs.domain.health import HealthCheck
from hershy.programs.domain.program import DesiredState, ProgramOptions
from hershy.programs.domain.reducer import TABLE, reduce
from hershy.programs.domain.restart import RestartMode, RestartPolicy
from hershy.programs.domain.state import TRANSITIONAL
from hershy.programs.domain.state import ProgramState as S

from .programs import IMAGE, NOW, PORT, REQUESTS, program, results

MODES = st.sampled_from(RestartMode)


class ProgramMachine(RuleBasedStateMachine):
    """Effects are carried out against a model: how many containers exist, and whether a build runs."""

    def __init__(self) -> None:
        super().__init__()
        self.program = program(options=ProgramOptions(restart_policy=RestartPolicy(max_restarts=3)))
        self.now: datetime = NOW
        self.pending: list[tuple[int, Effect | on.Result]] = []
        self.containers: set[ContainerID] = set()
        self.made = 0
        self.gone = False

    def apply(self, event: Event) -> None:
        before = self.program
        try:
            step = reduce(before, event, self.now)
        except IllegalTransition:
            assert self.program is before
            return
        if step.dropped:
            assert step.program is before
            assert step.effects == ()
            return
        if step.is_gone:
            self.gone = True
            return
        if not isinstance(event, on.Result | on.LeftoverFound) or step.interrupts:
            assert step.program.epoch > before.epoch or isinstance(event, on.Result)
        assert step.program.state in TABLE[before.state, type(event)].targets
        if step.interrupts:
            assert step.program.epoch == before.epoch + 1
            self.pending.clear()
        self.program = step.program
        self.pending += [(self.program.epoch, effect) for effect in step.effects]
        if step.then is not None:
            assert step.then.epoch == self.program.epoch
            self.pending.append((self.program.epoch, step.then))

    @rule(event=st.sampled_from(REQUESTS))
    @precondition(lambda self: not self.gone)
    def request(self, event: Event) -> None:
        self.apply(event)

    @rule(age=st.integers(0, 3), index=st.integers(0, len(results(0)) - 1))
    @precondition(lambda self: not self.gone)
    def stray_result_of_a_cancelled_effect(self, age: int, index: int) -> None:
        if age > 0:
            before = self.program
            self.apply(results(before.epoch - age)[index])
            assert self.program is before

    @rule(mode=MODES, health_check=st.sampled_from([None, HealthCheck()]))
    @precondition(lambda self: self.program.state is S.CREATED)
    def choose_options(self, mode: RestartMode, health_check: HealthCheck | None) -> None:
        policy = RestartPolicy(mode, max_restarts=3)
        self.program = replace(self.program, options=ProgramOptions(restart_policy=policy, health_check=health_check))

    @rule(seconds=st.integers(0, 400))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    @precondition(lambda self: self.program.state in TRANSITIONAL and not self.program.is_being_deleted)
    def deadline_passes(self) -> None:
        self.apply(on.DeadlinePassed(self.program.epoch, "too long"))

    @rule()
    @precondition(lambda self: self.program.state in (S.RUNNING, S.READY) and not self.program.is_being_deleted)
    def state_outgrows_its_limit(self) -> None:
        self.apply(on.StateLimitPassed(self.program.epoch, "too much"))

    @rule()
    @precondition(lambda self: self.program.is_at_rest and not self.gone)
    def the_sweep_finds_a_leftover(self) -> None:
        self.apply(on.LeftoverFound(self.program.epoch))

    @rule(is_running=st.booleans(), was_started=st.booleans(), engine_lost_it=st.booleans())
    @precondition(lambda self: not self.gone)
    def host_is_killed_and_restarted(self, is_running: bool, was_started: bool, engine_lost_it: bool) -> None:
        self.pending.clear()
        if engine_lost_it:
            self.containers.clear()
        found = None
        for container in self.containers:
            reason = ExitReason.from_status(1) if was_started and not is_running else None
            found = on.FoundContainer(container, is_running, PORT.endpoint if is_running else None, PORT, reason)
        if found is not None or self.program.state.is_active or self.program.is_being_deleted:
            self.apply(on.HostRestarted(self.program.epoch, found))

    @rule(data=st.data())
    @precondition(lambda self: self.pending and not self.gone)
    def carry_out_next_effect(self, data: st.DataObject) -> None:
        epoch, effect = self.pending.pop(0)
        succeeds = data.draw(st.booleans())
        match effect:
            case do.BuildImage():
                self.apply(on.BuildSucceeded(epoch, IMAGE) if succeeds else on.BuildFailed(epoch, "no"))
            case on.StopCompleted() | on.CreationBegun():
                self.apply(effect)
            case do.StartContainer():
                if data.draw(st.integers(0, 5)) == 0:
                    self.apply(on.ImageMissing(epoch))
                    return
                self.containers.clear()  # leftovers are removed before a container is made
                self.made += 1
                container = ContainerID(f"c{self.made}")
                self.containers.add(container)
                if data.draw(st.integers(0, 3)) == 0:
                    self.containers.clear()
                    self.apply(on.PortExchanged(epoch, PublishPort(19001 + self.made % 10_000), effect.attempt + 1))
                else:
                    self.apply(
                        on.ContainerStarted(epoch, container, PORT.endpoint)
                        if succeeds
                        else on.StartFailed(epoch, "no")
                    )
            case do.ProbeReadiness():
                self.apply(on.ReadinessReached(epoch) if succeeds else on.ReadinessDeadlinePassed(epoch, "no"))
            case do.WatchExit():
                if data.draw(st.booleans()):
                    self.apply(on.Exited(epoch, ExitReason.from_status(0 if succeeds else 1)))
            case do.WatchHealth(is_healthy):
                self.apply(on.HealthCheckFailed(epoch, "no") if is_healthy else on.HealthRestored(epoch))
            case do.StopContainer():
                if succeeds:
                    self.containers.clear()
                self.apply(on.StopCompleted(epoch) if succeeds else on.StopFailed(epoch, "no"))
            case do.RemoveContainer():
                self.containers.clear()
            case do.DeleteProgram():
                if succeeds:
                    self.containers.clear()
                    self.apply(on.DeletionCompleted(epoch))
                else:
                    self.apply(on.DeletionFailed(epoch, "no"))

    @invariant()
    def at_most_one_container(self) -> None:
        assert len(self.containers) <= 1

    @invariant()
    def a_settled_resting_program_has_no_container(self) -> None:
        if not self.pending and not self.program.state.is_active:
            assert not self.containers

    @invariant()
    def only_a_program_that_runs_knows_its_container(self) -> None:
        if self.program.state in (S.RUNNING, S.READY):
            assert self.program.container_id in self.containers
        if not self.program.state.is_active:
            assert self.program.container_id is None

    @invariant()
    def a_failed_program_says_why(self) -> None:
        assert (self.program.state is not S.ERROR) or self.program.error_msg

    @invariant()
    def an_active_program_always_has_work_or_a_watch_ahead(self) -> None:
        if self.program.state in (S.BUILDING, S.BUILT, S.STARTING, S.STOPPING) and not self.gone:
            assert self.pending, f"{self.program.state} would last for ever"

    @invariant()
    def a_resting_program_wants_nothing(self) -> None:
        if not self.program.state.is_active and not self.gone:
            assert self.program.desired is not DesiredState.RUNNING


ProgramMachine.TestCase.settings = settings(max_examples=300, stateful_step_count=60, deadline=None)
TestProgramMachine = ProgramMachine.TestCase
