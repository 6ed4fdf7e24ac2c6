"""The contract of Builder, as tests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio

from hershy.builds.builder import Builder, BuildRequest
from hershy.builds.policy import BuildPolicy
from hershy.builds.spec import BuildSpec
from hershy.core.ids import BuildID
from hershy.errors import BuildError, DeadlineExceeded, EngineUnavailable

MakeSpec = Callable[..., BuildSpec]

PATIENCE_S = 60.0
"""How long, in real time, a test waits for what must come; a twin in virtual time needs milliseconds."""
SHORT = timedelta(seconds=3)
"""A timeout that a build of ``ENDLESS`` has well begun in and is far from done."""
ENDLESS = "RUN sleep 300"
# A builder prints its instructions too. Written so, the word appears whole only when the step has run.
SAY_STARTED = 'RUN echo "sta""rted"'


class Colliding(BuildSpec):
    """A specification that shares its BuildID with all others of its class, as a minute's search would find two."""

    @property
    def build_id(self) -> BuildID:
        return BuildID("build-0c0111d1d000")


class Lines(list[str]):
    """Takes a build's output and lets a test wait for a line."""

    def __init__(self) -> None:
        super().__init__()
        self._grown = asyncio.Event()

    def __call__(self, line: str) -> None:
        self.append(line)
        self._grown.set()

    def count_of(self, text: str) -> int:
        return sum(text in line for line in self)

    async def until(self, text: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not self.count_of(text):
                self._grown.clear()
                await self._grown.wait()


@pytest.mark.asyncio
class BuilderContract:
    """Subclass it and give it three fixtures.

    ``builder``: the adapter under test, closed afterwards; asynchronous if it needs the event loop.
    ``unreachable_builder``: the adapter with an engine that does not answer, likewise.
    ``base_image``: what the suite's Dockerfiles start from; it has a shell with ``echo`` and ``sleep``.
    """

    @pytest_asyncio.fixture
    async def make_spec(self, builder: Builder, base_image: str) -> AsyncIterator[MakeSpec]:
        """Makes a spec that was never built, of instructions after FROM; its image is removed in the end."""
        made: list[BuildSpec] = []

        def make(
            *instructions: str,
            files: Mapping[str, str] | None = None,
            build_args: Mapping[str, str] | None = None,
        ) -> BuildSpec:
            # A variable, unlike a label, keeps every builder from taking a step from its cache.
            head = [f"FROM {base_image}", f"ENV HERSHY_CONTRACT={uuid4().hex}"]
            made.append(BuildSpec("\n".join([*head, *instructions]), files or {}, build_args or {}))
            return made[-1]

        yield make
        for spec in made:
            await builder.remove(spec.build_id)

    async def test_build_makes_image(self, builder: Builder, make_spec: MakeSpec) -> None:
        """Before a build the image is not found; afterwards it is, under the id that was returned."""
        spec = make_spec("RUN echo hello")
        assert await builder.find(spec.build_id) is None
        image_id = await builder.build(BuildRequest(spec), Lines())
        assert await builder.find(spec.build_id) == image_id

    async def test_existing_image(self, builder: Builder, make_spec: MakeSpec) -> None:
        """An image that exists is returned as it is, with one line of output that says so."""
        spec, again = make_spec("RUN echo hello"), Lines()
        image_id = await builder.build(BuildRequest(spec), Lines())
        assert await builder.build(BuildRequest(spec), again) == image_id
        assert len(again) == 1
        assert str(spec.build_id) in again[0]

    async def test_one_build_id_of_two_specs(self, builder: Builder, make_spec: MakeSpec) -> None:
        """Of two specifications with one BuildID only the first has an image, while it is built and afterwards."""
        spec, lines = make_spec(SAY_STARTED, "RUN sleep 1"), Lines()
        other = Colliding(spec.dockerfile + "\nRUN echo other")
        building = asyncio.create_task(builder.build(BuildRequest(Colliding(spec.dockerfile)), lines))
        await lines.until("started")
        with pytest.raises(BuildError, match="other sources"):
            await builder.build(BuildRequest(other), Lines())
        image_id = await building
        with pytest.raises(BuildError, match="other sources"):
            await builder.build(BuildRequest(other), Lines())
        assert await builder.find(other.build_id) == image_id
        await builder.remove(other.build_id)

    async def test_output(self, builder: Builder, make_spec: MakeSpec) -> None:
        """Every step's output comes in order, one call for each line, without line ends."""
        lines = Lines()
        await builder.build(BuildRequest(make_spec('RUN echo "fi""rst"', 'RUN echo "se""cond"')), lines)
        said = [word for line in lines for word in ("first", "second") if line.endswith(word)]
        assert said == ["first", "second"]
        assert not any(end in line for line in lines for end in "\r\n")

    async def test_output_while_building(self, builder: Builder, make_spec: MakeSpec) -> None:
        """A line comes when it is printed, not when the build is over."""
        lines = Lines()
        building = asyncio.create_task(builder.build(BuildRequest(make_spec(SAY_STARTED, "RUN sleep 1")), lines))
        await lines.until("started")
        assert not building.done()
        await building

    async def test_failing_step(self, builder: Builder, make_spec: MakeSpec) -> None:
        """A failing step raises BuildError with that step's output, not another's, and leaves no image."""
        spec = make_spec('RUN echo "bef""ore"', 'RUN echo "bro""ken" && exit 3')
        with pytest.raises(BuildError) as caught:
            await builder.build(BuildRequest(spec), Lines())
        tail = caught.value.tail
        assert any("broken" in line for line in tail)
        assert not any("before" in line for line in tail)
        assert len(tail) <= 30
        assert "3" in str(caught.value)
        assert await builder.find(spec.build_id) is None

    async def test_tail_is_bounded(self, builder: Builder, make_spec: MakeSpec) -> None:
        """Of a step that printed more than 30 lines the tail holds the last ones."""
        talk = " && ".join(f'echo "li""ne{number}-"' for number in range(60))
        with pytest.raises(BuildError) as caught:
            await builder.build(BuildRequest(make_spec(f"RUN {talk} && false")), Lines())
        assert len(caught.value.tail) <= 30
        assert any("line59-" in line for line in caught.value.tail)

    @pytest.mark.parametrize(
        "instruction",
        [
            "COPY --from=elsewhere.invalid/image / /",
            "ADD http://127.0.0.1:9/x /",
            "ONBUILD ADD http://127.0.0.1:9/x /",
            "FROM elsewhere.invalid/image",
        ],
    )
    async def test_forbidden_source(
        self, builder: Builder, make_spec: MakeSpec, base_image: str, instruction: str
    ) -> None:
        """What the policy does not allow to be fetched is refused, naming it, before a step has run."""
        spec, lines = make_spec("RUN echo hello", instruction), Lines()
        policy = BuildPolicy(allowed_registries=(base_image,))
        with pytest.raises(BuildError, match=r"elsewhere\.invalid|127\.0\.0\.1"):
            await builder.build(BuildRequest(spec, policy=policy), lines)
        assert not lines
        assert await builder.find(spec.build_id) is None

    async def test_allowed_source(self, builder: Builder, make_spec: MakeSpec, base_image: str) -> None:
        """An image on the list is used, by whatever way the Dockerfile names it."""
        spec = make_spec("ARG X", f"FROM {base_image} AS last", "COPY --from=0 /bin/sh /first")
        await builder.build(BuildRequest(spec, policy=BuildPolicy(allowed_registries=(base_image,))), Lines())
        assert await builder.find(spec.build_id) is not None

    async def test_large_image(self, builder: Builder, make_spec: MakeSpec) -> None:
        """An image larger than the policy allows is a BuildError that tells the limit, and is not kept."""
        spec = make_spec("RUN echo hello")
        with pytest.raises(BuildError, match="at most 17"):
            await builder.build(BuildRequest(spec, policy=BuildPolicy(max_image_bytes=17)), Lines())
        assert await builder.find(spec.build_id) is None

    async def test_large_context(self, builder: Builder, make_spec: MakeSpec) -> None:
        """A context larger than the policy allows is a BuildError that tells the limit."""
        spec = make_spec("RUN echo hello", files={"a": "x" * 5000})
        with pytest.raises(BuildError, match="at most 5000"):
            await builder.build(BuildRequest(spec, policy=BuildPolicy(max_context_bytes=5000)), Lines())

    async def test_dockerfile_that_is_none(self, builder: Builder, make_spec: MakeSpec) -> None:
        """An instruction that does not exist raises BuildError that names it."""
        with pytest.raises(BuildError, match="FROBNICATE"):
            await builder.build(BuildRequest(make_spec("FROBNICATE now")), Lines())

    async def test_failure_is_not_kept(self, builder: Builder, make_spec: MakeSpec) -> None:
        """After a failure the same request is built again, from its first line."""
        request = BuildRequest(make_spec('RUN echo "bro""ken" && false'))
        for lines in (Lines(), Lines()):
            with pytest.raises(BuildError):
                await builder.build(request, lines)
            assert lines.count_of("broken")

    async def test_context(self, builder: Builder, make_spec: MakeSpec) -> None:
        """The context holds the Dockerfile and the sources by their paths, whatever .dockerignore says of it."""
        files = {
            "app/deep/main.txt": "main",
            "notes.txt": "notes",
            "keep/this.txt": "this",
            ".dockerignore": "# all but a few\nkeep/*\n!keep/this.txt\n",
        }
        spec = make_spec(
            "COPY app/deep/main.txt notes.txt /copied/",
            "COPY app /copied-app/",
            "COPY keep/this.txt Dockerfile /copied/",
            files=files,
        )
        await builder.build(BuildRequest(spec), Lines())
        assert await builder.find(spec.build_id) is not None

    @pytest.mark.parametrize("excluded", ["secret.txt", "a/b/c.log", "build/out/x.txt"])
    async def test_dockerignore(self, builder: Builder, make_spec: MakeSpec, excluded: str) -> None:
        """What .dockerignore excludes is not in the context."""
        files = {excluded: "x", "kept.txt": "x", ".dockerignore": "secret.txt\n**/*.log\nbuild/\n"}
        spec = make_spec("COPY kept.txt /", f"COPY {excluded} /", files=files)
        with pytest.raises(BuildError):
            await builder.build(BuildRequest(spec), Lines())

    async def test_build_args(self, builder: Builder, make_spec: MakeSpec) -> None:
        """Build arguments reach the steps, and override what the Dockerfile gives them."""
        lines = Lines()
        spec = make_spec("ARG WHO=nobody", 'RUN echo "hel""lo $WHO"', build_args={"WHO": "Ada Lovelace"})
        await builder.build(BuildRequest(spec), lines)
        assert lines.count_of("hello Ada Lovelace") == 1

    async def test_shared_build(self, builder: Builder, make_spec: MakeSpec) -> None:
        """Callers at the same time share one build: the same lines and the same image for each."""
        request, outputs = BuildRequest(make_spec(SAY_STARTED)), [Lines() for _ in range(3)]
        image_ids = await asyncio.gather(*(builder.build(request, lines) for lines in outputs))
        assert len(set(image_ids)) == 1
        assert outputs[0] == outputs[1] == outputs[2]
        assert outputs[0].count_of("started")

    async def test_shared_failure(self, builder: Builder, make_spec: MakeSpec) -> None:
        """A failure too is shared by all callers."""
        request = BuildRequest(make_spec("RUN false"))
        results = await asyncio.gather(*(builder.build(request, Lines()) for _ in range(3)), return_exceptions=True)
        assert [type(result) for result in results] == [BuildError] * 3

    async def test_late_caller(self, builder: Builder, make_spec: MakeSpec) -> None:
        """A caller that comes later gets the lines so far first, then the rest."""
        request, first, late = BuildRequest(make_spec(SAY_STARTED, "RUN sleep 1")), Lines(), Lines()
        early = asyncio.create_task(builder.build(request, first))
        await first.until("started")
        assert await builder.build(request, late) == await early
        assert late == first

    async def test_builds_are_independent(self, builder: Builder, make_spec: MakeSpec) -> None:
        """A build does not wait for another one."""
        lines = Lines()
        slow = asyncio.create_task(builder.build(BuildRequest(make_spec(SAY_STARTED, ENDLESS)), lines))
        await lines.until("started")
        await builder.build(BuildRequest(make_spec("RUN echo quick")), Lines())
        assert not slow.done()
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow

    async def test_cancel_one_of_two(self, builder: Builder, make_spec: MakeSpec) -> None:
        """When one caller is cancelled the build goes on for the other."""
        request, leaving, staying = BuildRequest(make_spec(SAY_STARTED, "RUN sleep 1")), Lines(), Lines()
        leaver = asyncio.create_task(builder.build(request, leaving))
        await leaving.until("started")
        stayer = asyncio.create_task(builder.build(request, staying))
        await staying.until("started")
        leaver.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaver
        heard = len(leaving)
        assert await stayer == await builder.find(request.spec.build_id)
        assert len(leaving) == heard

    async def test_cancel_last(self, builder: Builder, make_spec: MakeSpec) -> None:
        """When the last caller is cancelled the build ends: no image, nor does one come later."""
        spec, lines = make_spec(SAY_STARTED, "RUN sleep 1"), Lines()
        building = asyncio.create_task(builder.build(BuildRequest(spec), lines))
        await lines.until("started")
        building.cancel()
        with pytest.raises(asyncio.CancelledError):
            await building
        assert await builder.find(spec.build_id) is None
        # Another build that takes longer than the rest of this one would have taken.
        await builder.build(BuildRequest(make_spec("RUN sleep 2")), Lines())
        assert await builder.find(spec.build_id) is None

    async def test_build_during_cancellation(self, builder: Builder, make_spec: MakeSpec) -> None:
        """Who asks while a build is being ended gets a new one, not the end of the old."""
        request, lines = BuildRequest(make_spec(SAY_STARTED, "RUN sleep 1")), Lines()
        cancelled = asyncio.create_task(builder.build(request, lines))
        await lines.until("started")
        cancelled.cancel()
        await asyncio.sleep(0)
        image_id = await builder.build(request, Lines())
        assert cancelled.cancelled()
        assert image_id == await builder.find(request.spec.build_id)

    async def test_deadline(self, builder: Builder, make_spec: MakeSpec) -> None:
        """A build that takes too long raises DeadlineExceeded and leaves no image."""
        spec, lines = make_spec(SAY_STARTED, ENDLESS), Lines()
        with pytest.raises(DeadlineExceeded):
            await builder.build(BuildRequest(spec, timeout=SHORT), lines)
        assert lines.count_of("started")
        assert await builder.find(spec.build_id) is None

    async def test_deadline_is_the_callers(self, builder: Builder, make_spec: MakeSpec) -> None:
        """One caller's deadline does not end the build that another one waits for."""
        spec, lines = make_spec(SAY_STARTED, "RUN sleep 5"), Lines()
        patient = asyncio.create_task(builder.build(BuildRequest(spec), lines))
        await lines.until("started")
        with pytest.raises(DeadlineExceeded):
            await builder.build(BuildRequest(spec, timeout=timedelta(seconds=1)), Lines())
        assert await patient == await builder.find(spec.build_id)

    async def test_remove(self, builder: Builder, make_spec: MakeSpec) -> None:
        """A removed image is not found; removing it again is no error; it can be built anew."""
        spec = make_spec("RUN echo hello")
        await builder.build(BuildRequest(spec), Lines())
        await builder.remove(spec.build_id)
        assert await builder.find(spec.build_id) is None
        await builder.remove(spec.build_id)
        await builder.build(BuildRequest(spec), Lines())
        assert await builder.find(spec.build_id) is not None

    async def test_engine_down(self, unreachable_builder: Builder) -> None:
        """Without an engine every call raises EngineUnavailable, and the diagnosis says what is required."""
        spec = BuildSpec("FROM scratch")
        with pytest.raises(EngineUnavailable):
            await unreachable_builder.build(BuildRequest(spec), Lines())
        with pytest.raises(EngineUnavailable):
            await unreachable_builder.find(spec.build_id)
        with pytest.raises(EngineUnavailable):
            await unreachable_builder.remove(spec.build_id)
        with pytest.raises(EngineUnavailable):
            await unreachable_builder.trim_cache(2**50, timedelta(days=3650))
        missing = [finding for finding in await unreachable_builder.diagnose() if not finding.ok]
        assert any(finding.required for finding in missing)
        assert all(finding.remedy for finding in missing)

    async def test_diagnose(self, builder: Builder) -> None:
        """With its engine there, the adapter finds everything that it requires."""
        assert all(finding.ok for finding in await builder.diagnose() if finding.required)

    async def test_a_cache_within_its_bounds_is_left(self, builder: Builder, make_spec: MakeSpec) -> None:
        """As are images. Bounds that anything is beyond would take from whoever else uses the engine."""
        spec = make_spec("RUN echo hello")
        image_id = await builder.build(BuildRequest(spec), Lines())
        assert await builder.trim_cache(2**50, timedelta(days=3650)) == 0
        assert await builder.find(spec.build_id) == image_id

    async def test_find_unknown(self, builder: Builder) -> None:
        """A BuildID that was never built has no image."""
        assert await builder.find(BuildID(f"build-{uuid4().hex[:12]}")) is None

    async def test_aclose(self, builder: Builder, make_spec: MakeSpec) -> None:
        """Closing ends what is being built, with BuildError for its callers; closing twice is no error."""
        lines = Lines()
        building = asyncio.create_task(builder.build(BuildRequest(make_spec(SAY_STARTED, ENDLESS)), lines))
        await lines.until("started")
        await builder.aclose()
        await builder.aclose()
        with pytest.raises(BuildError, match="closed"):
            await building
