"""The analyzers of code: the contract on both, and what only a worker process has to bear."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from hershy.errors import Unavailable
from hershy.sandbox.domain.risk import LintFinding
from hershy.testing.contracts.code_analyzer import HARMLESS, RISKY, CodeAnalyzerContract
from hershy_adapters.analysis import _frames
from hershy_adapters.analysis.code_analyzer import IsolatedCodeAnalyzer
from hershy_adapters.memory.code_analyzer import InMemoryCodeAnalyzer

DEADLINE_S = 10
WARM_MS = 30
READY = b'import sys; a = b\'{"reasons": [], "lint": [], "unreadable": ""}\'\n'
ANSWER = "sys.stdout.buffer.write(len(a).to_bytes(4, 'big') + a); sys.stdout.flush()\n"
READ = "sys.stdin.buffer.read(int.from_bytes(sys.stdin.buffer.read(4), 'big'))\n"


def worker_that(does: str) -> tuple[str, ...]:
    """A worker that is ready, reads one question, and then ``does``."""
    return (sys.executable, "-I", "-c", READY.decode() + READ + ANSWER + READ + does)


def workers_of(parent: int) -> list[int]:
    """The processes that ``parent`` has started and that live."""
    tasks = Path(f"/proc/{parent}/task").glob("*/children")
    children = [int(pid) for task in tasks for pid in task.read_text().split()]
    return [pid for pid in children if is_alive(pid) and b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


class TestInMemoryCodeAnalyzer(CodeAnalyzerContract):
    @pytest.fixture
    def analyzer(self) -> InMemoryCodeAnalyzer:
        return InMemoryCodeAnalyzer()


@pytest_asyncio.fixture
async def isolated() -> AsyncIterator[IsolatedCodeAnalyzer]:
    analyzer = IsolatedCodeAnalyzer()
    yield analyzer
    await analyzer.aclose()


class TestIsolatedCodeAnalyzer(CodeAnalyzerContract):
    @pytest.fixture
    def analyzer(self, isolated: IsolatedCodeAnalyzer) -> IsolatedCodeAnalyzer:
        return isolated


async def test_bandit_is_heard_beside(isolated: IsolatedCodeAnalyzer) -> None:
    """Its findings name the program's own file, give no points, and a comment silences none of them."""
    source = "exec('x')  # nosec\n"
    report = await isolated.analyze({"main.py": "print(1)\n", "../lib/b.py": source})
    finding = LintFinding("bandit", "B102", "medium", "high", "Use of exec detected.", "../lib/b.py", 1)
    assert list(report.lint) == [finding]
    assert report.reasons == (await InMemoryCodeAnalyzer().analyze({"../lib/b.py": source})).reasons


async def test_workers_are_kept_and_no_more_than_two() -> None:
    """One after the other is one process; many at a time are two; closed, there is none."""
    analyzer = IsolatedCodeAnalyzer()
    await analyzer.analyze({"main.py": HARMLESS})
    first = workers_of(os.getpid())
    await analyzer.analyze({"main.py": HARMLESS})
    assert workers_of(os.getpid()) == first
    assert len(first) == 1
    await asyncio.gather(*(analyzer.analyze({"main.py": HARMLESS}) for _ in range(6)))
    assert len(workers_of(os.getpid())) == 2
    await analyzer.aclose()
    assert workers_of(os.getpid()) == []


async def test_a_dead_worker_is_replaced(isolated: IsolatedCodeAnalyzer) -> None:
    """Killed while it is idle, nobody notices."""
    await isolated.analyze({"main.py": HARMLESS})
    (worker,) = workers_of(os.getpid())
    os.kill(worker, signal.SIGKILL)
    with suppress(ChildProcessError):  # the event loop may have been told of its end first
        os.waitid(os.P_PID, worker, os.WEXITED | os.WNOWAIT)
    assert (await isolated.analyze({"main.py": RISKY})).score >= 30


async def test_a_worker_that_hangs_is_killed() -> None:
    """The report says that the code takes too long."""
    analyzer = IsolatedCodeAnalyzer(timedelta(milliseconds=100), worker_that("sys.stdin.read()  # worker"))
    report = await analyzer.analyze({"main.py": HARMLESS})
    assert "takes too long" in report.unreadable
    assert workers_of(os.getpid()) == []
    await analyzer.aclose()


@pytest.mark.parametrize(
    "does",
    [
        "",
        "sys.stdout.write('x')",
        "a = b'{'\n" + ANSWER,
        'a = b\'{"reasons": [[1]], "lint": [], "unreadable": ""}\'\n' + ANSWER,
        "a = b'[' * 100_000\n" + ANSWER,
        "sys.stdout.buffer.write(b'\\xff' * 10); sys.stdout.flush(); sys.stdin.read()",
    ],
    ids=["ends", "half a length", "no JSON", "no report", "nested", "too long"],
)
async def test_a_worker_that_fails_makes_the_report_unreadable(does: str) -> None:
    """It may have been taken over by what it has read: nothing it answers is trusted to be a report."""
    analyzer = IsolatedCodeAnalyzer(argv=worker_that(does + "  # worker"))
    assert "reader has failed" in (await analyzer.analyze({"main.py": HARMLESS})).unreadable
    await analyzer.aclose()


async def test_cancelling_kills_the_busy_worker(tmp_path: Path) -> None:
    """And frees its turn."""
    asked = tmp_path / "asked"
    os.mkfifo(asked)
    analyzer = IsolatedCodeAnalyzer(argv=worker_that(f"open({str(asked)!r}, 'w').close(); sys.stdin.read()  # worker"))
    for _ in range(3):
        task = asyncio.ensure_future(analyzer.analyze({"main.py": HARMLESS}))
        await asyncio.to_thread(asked.read_bytes)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert workers_of(os.getpid()) == []
    await analyzer.aclose()


async def test_without_a_worker_there_is_an_error() -> None:
    """A process that cannot be started, that ends at once, and an analyzer that is closed."""
    for argv in (("/nonexistent/setpriv",), (sys.executable, "-I", "-c", "")):
        analyzer = IsolatedCodeAnalyzer(argv=argv)
        with pytest.raises(Unavailable):
            await analyzer.analyze({"main.py": HARMLESS})
        await analyzer.aclose()
    with pytest.raises(Unavailable, match="closed"):
        await analyzer.analyze({"main.py": HARMLESS})


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_the_host(number: int) -> None:
    """Also when the Host has no time to clean up."""
    source = (
        "import asyncio\n"
        "from hershy_adapters.analysis.code_analyzer import IsolatedCodeAnalyzer\n"
        "async def main():\n"
        "    await IsolatedCodeAnalyzer().analyze({})\n"
        "    print('ready', flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    host = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    assert host.stdout is not None
    assert host.stdout.readline() == "ready\n"
    (worker,) = workers_of(host.pid)
    host.send_signal(number)
    host.wait(DEADLINE_S)
    host.stdout.close()
    deadline = time.monotonic() + DEADLINE_S
    while is_alive(worker):
        assert time.monotonic() < deadline, "the worker lives on"


def test_a_worker_loads_nothing_of_the_host() -> None:
    """Only the errors, the analysis, and bandit."""
    source = (
        "import sys\n"
        "import hershy_adapters.analysis.worker as worker\n"
        "worker._lint.load()\n"
        "print(*sorted({it.split('.')[0] for it in sys.modules} & {'aiodocker', 'pydantic', 'sqlalchemy'}))\n"
        "print(*sorted({'.'.join(it.split('.')[:2]) for it in sys.modules if it.startswith('hershy.')}))\n"
    )
    printed = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout
    assert printed.splitlines() == ["", "hershy.errors hershy.sandbox"]


async def test_a_warm_analysis_is_fast(isolated: IsolatedCodeAnalyzer, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a program of fifty lines, bandit included; the quickest counts, for others use the machine too."""
    source = "".join(f"def f{n}(a, b):\n    c = a + b * {n}\n    return [c, str(c), len('x')]\n" for n in range(17))
    await isolated.analyze({"main.py": source})
    took = []
    for _ in range(21):
        begin = time.perf_counter()
        await isolated.analyze({"main.py": source})
        took.append((time.perf_counter() - begin) * 1_000)
    with capsys.disabled():
        print(f"\nanalysis of 51 lines: least {min(took):.1f} ms, median {sorted(took)[10]:.1f} ms")
    assert min(took) < WARM_MS


def test_what_is_said_is_read_back() -> None:
    """Questions and answers are framed by their length."""
    frame = _frames.framed({"main.py": "ü\ud800"})
    assert int.from_bytes(frame[:4], "big") == len(frame) - 4
