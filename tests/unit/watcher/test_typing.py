"""What the type checker sees of a program."""

from pathlib import Path

from mypy import api

ROOT = Path(__file__).parents[3]


def test_the_type_of_initial_is_the_type_of_value() -> None:
    """Under mypy --strict, for values, updates, skips and failures, async and plain."""
    program = str(Path(__file__).with_name("typed_program.py"))
    options = ["--strict", "--no-error-summary", "--config-file", str(ROOT / "pyproject.toml")]
    output, errors, _ = api.run([*options, "--follow-imports=silent", program])
    assert (output, errors) == ("", "")
