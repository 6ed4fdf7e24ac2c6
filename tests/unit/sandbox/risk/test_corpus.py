"""The corpus that the rules were made with: programs that hide are refused, harmless ones are accepted."""

from pathlib import Path

import pytest

from hershy.sandbox.domain.risk import DEFAULT_THRESHOLD, RiskReport, Verdict
from hershy.sandbox.risk.analysis import analyze

CORPUS = Path(__file__).parents[3] / "corpus"
EVASIONS = sorted((CORPUS / "evasions").glob("*.py"))
HARMLESS = sorted((CORPUS / "harmless").glob("*.py"))


def report_of(file: Path) -> RiskReport:
    return analyze({"main.py": file.read_text(encoding="utf-8")})


def told(report: RiskReport) -> str:
    return report.unreadable or "\n".join(
        f"{it.rule} {it.points} line {it.line}: {it.message}" for it in report.reasons
    )


def test_there_are_enough() -> None:
    """Sixty of each at least, and each says in its first lines what it does, if it hides."""
    assert len(EVASIONS) >= 60
    assert len(HARMLESS) >= 60
    assert all(file.read_text(encoding="utf-8").startswith("# ") for file in EVASIONS)


@pytest.mark.parametrize("file", EVASIONS, ids=lambda file: file.stem)
def test_code_that_hides_is_refused(file: Path) -> None:
    """Above the default threshold, and for reasons that name lines of it."""
    report = report_of(file)
    assert report.unreadable == ""
    assert report.score > DEFAULT_THRESHOLD, told(report)
    assert all(it.line >= 1 for it in report.reasons)


@pytest.mark.parametrize("file", HARMLESS, ids=lambda file: file.stem)
def test_harmless_code_is_accepted(file: Path) -> None:
    """At the default threshold."""
    report = report_of(file)
    assert report.unreadable == ""
    assert report.verdict() is Verdict.ACCEPTED, told(report)


def test_the_corpus_it_was_made_with_is_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """Of these programs the verdict is right. It says nothing of others: these are what the rules were fitted to."""
    hits = sum(report_of(file).verdict() is Verdict.REFUSED for file in EVASIONS)
    alarms = sum(report_of(file).verdict() is Verdict.REFUSED for file in HARMLESS)
    with capsys.disabled():
        print(
            f"\nrisk score, on what it was made with | evasions {hits}/{len(EVASIONS)} refused | harmless "
            f"{len(HARMLESS) - alarms}/{len(HARMLESS)} accepted"
        )
    assert (hits, alarms) == (len(EVASIONS), 0)
