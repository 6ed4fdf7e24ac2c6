"""What the in-memory builder makes of a Dockerfile, instruction by instruction.

``RUN`` understands ``echo``, ``sleep``, ``exit`` and ``false``, joined by ``&&`` or ``;``, with ``$NAME`` from
``ARG`` and ``ENV``; every other command succeeds without output.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from string import Template

from hershy.builds.dockerfile import INSTRUCTIONS, Dockerfile, Instruction
from hershy.builds.dockerignore import PathPattern
from hershy.errors import BuildError

_SECONDS = re.compile(r"\d{1,9}(\.\d+)?")


def steps_of(dockerfile: str) -> Sequence[Instruction]:
    """The instructions of a Dockerfile that the policy has read, in order.

    Raises BuildError for what a real builder does not accept either.
    """
    steps = Dockerfile.parse(dockerfile).instructions
    has_stage = False
    for step in steps:
        has_stage = has_stage or step.word == "FROM"
        if step.word not in INSTRUCTIONS:
            raise BuildError(f"dockerfile parse error on line {step.line}: unknown instruction: {step.word}")
        if not has_stage and step.word != "ARG":
            raise BuildError(f"no build stage in current context: {step.word} on line {step.line} comes before FROM")
        if not step.rest:
            raise BuildError(f"dockerfile parse error on line {step.line}: {step.word} requires at least one argument")
    if not has_stage:
        raise BuildError("the Dockerfile has no FROM, so there is nothing to build")
    return steps


def announced(step: Instruction) -> str:
    """The instruction on one line, as builders print it before they carry it out."""
    flags = (f"--{name}" if value is None else f"--{name}={value}" for name, value in step.flags)
    return " ".join([step.word, *flags, *step.rest.split()])


@dataclass(slots=True)
class BuildStage:
    """The state of a build between two steps; ``context`` lists the paths of the build context."""

    context: Sequence[str]
    build_args: Mapping[str, str]
    variables: dict[str, str] = field(default_factory=dict)

    def perform(self, step: Instruction) -> Iterator[str | timedelta]:
        """Yield output lines, and how long the step waits in between. Raises BuildError when the step fails."""
        arguments = step.rest if step.exec_form is None else " ".join(step.exec_form)
        match step.word:
            case "ARG":
                name, _, default = arguments.partition("=")
                self.variables[name] = self.build_args.get(name, _unquoted(default))
            case "ENV":
                self._set_variables(arguments)
            case "COPY" | "ADD" if "from" not in dict(step.flags):
                self._require_sources(step.word, arguments)
            case "RUN":
                yield from self._run(arguments)

    def _set_variables(self, arguments: str) -> None:
        if "=" not in arguments.split(None, 1)[0]:
            name, _, value = arguments.partition(" ")
            self.variables[name] = value.strip()
            return
        for word in _words(arguments):
            name, _, value = word.partition("=")
            self.variables[name] = Template(value).safe_substitute(self.variables)

    def _require_sources(self, word: str, arguments: str) -> None:
        for source in _words(arguments)[:-1]:
            source = Template(source).safe_substitute(self.variables)
            if "$" in source or "<<" in source or ":" in source or not source.strip("./"):
                continue  # here-documents, URLs, what cannot be known here, and the context as a whole
            pattern = PathPattern(source)
            if not any(pattern.matches(path) for path in self.context):
                raise BuildError(
                    f"{word} failed: file not found in build context or excluded by .dockerignore: {source}"
                )

    def _run(self, command_line: str) -> Iterator[str | timedelta]:
        for command in re.split(r"&&|;", command_line):
            match _words(Template(command).safe_substitute(self.variables)):
                case ["echo", *words] if ">" not in words:
                    yield " ".join(words)
                case ["sleep", seconds] if _SECONDS.fullmatch(seconds):
                    yield timedelta(seconds=float(seconds))
                case ["exit", code] if code.isdecimal():
                    if int(code):
                        raise _failed(command_line, int(code))
                    return
                case ["false"]:
                    raise _failed(command_line, 1)


def _failed(command_line: str, code: int) -> BuildError:
    return BuildError(f'process "/bin/sh -c {command_line}" did not complete successfully: exit code: {code}')


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # an open quote: a shell's syntax beyond this twin
        return text.split()


def _unquoted(text: str) -> str:
    return " ".join(_words(text))
