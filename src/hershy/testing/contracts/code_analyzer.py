"""What every CodeAnalyzer must do. Subclass CodeAnalyzerContract and override its fixture."""

import asyncio
from contextlib import suppress

import pytest

from hershy.sandbox.domain.risk import Verdict
from hershy.sandbox.ports.code_analyzer import CodeAnalyzer

HARMLESS = "import math\n\nprint(math.pi)\n"
RISKY = "print(1)\nexec('print(2)')\n"


@pytest.mark.asyncio
class CodeAnalyzerContract:
    """Override the fixture ``analyzer``: closed after the test."""

    async def test_harmless_code_is_accepted(self, analyzer: CodeAnalyzer) -> None:
        """With no points."""
        report = await analyzer.analyze({"main.py": HARMLESS})
        assert report.unreadable == ""
        assert report.score == 0
        assert report.verdict() is Verdict.ACCEPTED

    async def test_risky_code_is_refused_with_a_reason(self, analyzer: CodeAnalyzer) -> None:
        """The reason names rule, file and line."""
        report = await analyzer.analyze({"main.py": RISKY})
        assert report.verdict() is Verdict.REFUSED
        assert ("dynamic-code", "main.py", 2) in [(it.rule, it.file, it.line) for it in report.reasons]

    async def test_every_python_file_is_looked_at(self, analyzer: CodeAnalyzer) -> None:
        """Reasons are in order of path and line; what is not Python by its name is not read as such."""
        files = {"main.py": "import lib.a\n" + RISKY, "lib/a.py": RISKY, "data.txt": "exec((("}
        report = await analyzer.analyze(files)
        places = [(it.file, it.line) for it in report.reasons]
        assert places == sorted(places)
        assert {file for file, _ in places} == {"lib/a.py", "main.py"}

    async def test_a_program_imports_its_own_files(self, analyzer: CodeAnalyzer) -> None:
        """Without points; the same import is unlisted where there is no such file."""
        main = "import helper\nhelper.help_me()\n"
        assert (await analyzer.analyze({"main.py": main, "helper.py": "def help_me(): return 1\n"})).score == 0
        assert [it.rule for it in (await analyzer.analyze({"main.py": main})).reasons] == ["unlisted-import"]

    @pytest.mark.parametrize("source", ["def f(:\n", "x = 1\0\n", "'\ud800'\n", "(" * 5_000, "a" + ".b" * 20_000])
    async def test_what_is_not_python_is_unreadable(self, analyzer: CodeAnalyzer, source: str) -> None:
        """Never an error; the report names the file, and the analyzer works on."""
        report = await analyzer.analyze({"main.py": source})
        assert "main.py, line 1" in report.unreadable
        assert (await analyzer.analyze({"main.py": HARMLESS})).unreadable == ""

    async def test_too_much_text_is_unreadable(self, analyzer: CodeAnalyzer) -> None:
        """A mebibyte is the limit, for all files together."""
        report = await analyzer.analyze({"main.py": "#" * 700_000, "b.txt": "ü" * 200_000})
        assert "larger" in report.unreadable

    async def test_the_report_is_bounded(self, analyzer: CodeAnalyzer) -> None:
        """However much there is to say."""
        report = await analyzer.analyze({"main.py": "exec('x')\nimport unheard_of\n" * 5_000})
        assert report.verdict() is Verdict.REFUSED
        assert len(report.reasons) <= 200
        assert len(report.lint) <= 100

    async def test_reports_are_deterministic(self, analyzer: CodeAnalyzer) -> None:
        """The same files, the same report."""
        files = {"main.py": RISKY, "b.py": "import os, socket\nos.system('x')\n"}
        assert await analyzer.analyze(files) == await analyzer.analyze(dict(reversed(files.items())))

    async def test_analyses_at_a_time(self, analyzer: CodeAnalyzer) -> None:
        """More of them than there may be workers; none gets another's report."""
        sources = [f"x = {number}\n" + "\n" * number + "exec('x')\n" for number in range(8)]
        reports = await asyncio.gather(*(analyzer.analyze({"main.py": source}) for source in sources))
        lines = [next(it.line for it in report.reasons if it.rule == "dynamic-code") for report in reports]
        assert lines == [number + 2 for number in range(8)]

    async def test_a_cancelled_analysis_harms_no_other(self, analyzer: CodeAnalyzer) -> None:
        """The next one gets its own report."""
        cancelled = asyncio.ensure_future(analyzer.analyze({"main.py": RISKY * 1_000}))
        await asyncio.sleep(0)
        cancelled.cancel()
        with suppress(asyncio.CancelledError):
            await cancelled
        assert (await analyzer.analyze({"main.py": HARMLESS})).score == 0

    async def test_closing_twice(self, analyzer: CodeAnalyzer) -> None:
        """The second time nothing happens."""
        await analyzer.analyze({"main.py": HARMLESS})
        await analyzer.aclose()
        await analyzer.aclose()
