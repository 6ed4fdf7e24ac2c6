"""The corpus: programs that hide are refused, harmless ones are accepted; precision and recall are printed."""

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


def test_precision_and_recall(capsys: pytest.CaptureFixture[str]) -> None:
    """Of what is refused, all hides; and all that hides is refused."""
    hits = sum(report_of(file).verdict() is Verdict.REFUSED for file in EVASIONS)
    alarms = sum(report_of(file).verdict() is Verdict.REFUSED for file in HARMLESS)
    precision, recall = hits / (hits + alarms), hits / len(EVASIONS)
    with capsys.disabled():
        print(
            f"\nrisk score | evasions {hits}/{len(EVASIONS)} refused | harmless {len(HARMLESS) - alarms}"
            f"/{len(HARMLESS)} accepted | precision {precision:.3f} | recall {recall:.3f}"
        )
    assert (precision, recall) == (1.0, 1.0)
