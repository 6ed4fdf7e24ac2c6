"""What a Dockerfile may fetch is told before anything is written: however it is put, nothing slips by."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hershy.builds.image_names import AllowedImages, ImageName
from hershy.builds.policy import BuildPolicy
from hershy.builds.spec import BuildSpec
from hershy.errors import ConfigurationError, InvalidValue

LISTED = ("docker.io/library", "localhost:5000", "ghcr.io/acme", "quay.io/one:1")
STRICT = BuildPolicy(allowed_registries=LISTED, allowed_add_hosts=("files.example", "files.example:8443"))


def refusal(dockerfile: str, policy: BuildPolicy = STRICT, **build_args: str) -> str:
    try:
        policy.require(BuildSpec(dockerfile, {}, build_args))
    except InvalidValue as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "dockerfile",
    [
        "FROM evil.example/x",
        "from evil/x",
        "FROM --platform=linux/amd64 evil/x AS base",
        "\ufeffFROM evil/x",
        "FROM \\\n  # a comment\n\n  evil/x",
        "# escape=`\nFROM `\nevil/x",
        "# escape=`\nFROM python\nRUN dir c:\\\nFROM evil/x",
        "ARG B=evil/x\nFROM $B",
        'ARG A=evil\nARG B="${A}/x"\nFROM ${B}',
        "ARG A\nFROM ${A:-evil/x}",
        "ARG A=1\nFROM ${A:+evil/x}",
        "ARG A=python B='evil/x'\nFROM $B",
        "FROM python\nRUN cat <<EOF\nFROM python\nEOF\nFROM evil/x",
        "FROM python\nRUN cat <<-'EOF'\n\tx\n\tEOF\nFROM evil/x",
        "FROM python\nRUN cat <<A <<B\nA\nB\nFROM evil/x",
        'FROM python\nRUN ["cat", "<<EOF"]\nFROM evil/x\nEOF',
        'FROM python\nRUN echo "a <<EOF"\nFROM evil/x',
        "FROM python\nRUN echo << EOF\nFROM evil/x",
        "FROM python\nRUN cat <<EOF\nx \\\nEOF\nFROM evil/x",
        "FROM python\nCOPY --chown=1 --from=evil/x / /",
        "FROM python AS a\nCOPY --from=b / /\nFROM python AS b\nFROM evil/x AS c",
        "FROM python\nRUN --mount=type=cache,target=/c --mount=target=/m,From=evil/x true",
        "FROM python\nONBUILD COPY --from=evil/x / /",
        "FROM quay.io/one:2",
        "FROM ghcr.io/acme.evil/x",
        "FROM ghcr.io/acmeevil",
        "FROM localhost:50001/x",
        "FROM hersh-program-build-0123456789ab",
        "FROM docker.io/library/hersh-program-build-0123456789ab:latest",
        "FROM python\nADD http://evil.example/x /",
        "FROM python\nADD HTTPS://evil.example/x /",
        'FROM python\nADD ["a", "http://evil.example/x", "/"]',
        "FROM python\nADD a git@evil.example:x/y.git /",
        "FROM python\nADD github.com/evil/x.git /",
        "FROM python\nADD https://files.example@evil.example/ /",
        "FROM python\nADD https://files.example.evil.example/ /",
        "FROM python\nADD https://files.example:80/ /",
        'FROM python\nADD "http://files.example/x" /',
        "FROM python\nADD ht\\tp://evil.example/x /",
        "FROM python\nADD $URL /",
        "FROM python\nONBUILD ADD http://evil.example/x /",
        "FROM",
    ],
)
def test_what_is_not_allowed_is_refused(dockerfile: str) -> None:
    """In whatever form a builder would take it; the refusal names the line."""
    assert "dockerfile, line " in refusal(dockerfile)


@pytest.mark.parametrize(
    "dockerfile",
    [
        "FROM scratch",
        "FROM python:3.12-slim",
        "FROM Docker.io/library/python",
        "FROM index.docker.io/python",
        "FROM localhost:5000/a/b:c@sha256:" + "0" * 64,
        "FROM ghcr.io/acme",
        "FROM ghcr.io/acme/app:1",
        "FROM quay.io/one:1@sha256:" + "0" * 64,
        "FROM python AS Base\nFROM base\nCOPY --from=BASE / /\nCOPY --from=0 / /",
        "ARG V=3.12\nARG B=python:${V}-slim\nFROM ${B}",
        "FROM python\nRUN cat <<EOF > x\nFROM evil/x\nADD http://evil.example /\nEOF\nCMD x",
        "FROM python\n# FROM evil/x\nRUN echo FROM evil/x \\\n  FROM evil/x",
        "FROM python\nADD https://files.example/x https://FILES.example:8443/y /",
        "FROM python\nADD ./$X a.tar /$Y\nCOPY $X /",
        "FROM python\nRUN --mount=type=bind,target=/m --mount=type=tmpfs,target=/t curl http://evil.example",
        "FROM python\nENV A=1 PATH=/x:$PATH\nENV PATH=/y:$PATH\nENV PATH=/z:$PATH",
        "#!/usr/bin/env x\n# just words\nFROM python\nRUN echo $((1<<2)) <<<x",
    ],
)
def test_what_is_allowed_passes(dockerfile: str) -> None:
    """Stages, comments and texts are no images; lists are of registries, folders and names."""
    assert refusal(dockerfile) == ""


@pytest.mark.parametrize(
    "head",
    [
        "# syntax=evil/x",
        "#syntax = evil/x",
        "# escape=\\\n# SYNTAX=evil/x",
        "# check=skip=all\n# syntax=evil/x",
        "#!/bin/x\n# syntax=evil/x",
        "// syntax=evil/x",
        "\ufeff# syntax=evil/x",
        '{"syntax": "evil/x"}',
        ' {"a": 1, "syntax": "evil/x"}',
        "# syntax=../x",
    ],
)
@pytest.mark.parametrize("policy", [BuildPolicy(), STRICT])
def test_frontends_are_named_or_refused(head: str, policy: BuildPolicy) -> None:
    """A frontend's code runs as a part of the builder: ``*`` does not allow it."""
    assert "frontend" in refusal(f"{head}\nFROM python", policy) or "not the name" in refusal(head, policy)


def test_a_frontend_that_is_named() -> None:
    """An entry of its own allows it, and not another."""
    policy = BuildPolicy(allowed_registries=("*", "docker/dockerfile"))
    assert refusal("# syntax=docker/dockerfile:1\nFROM any.example/x", policy) == ""
    assert refusal("# syntax=docker/dockerfile-upstream\nFROM any.example/x", policy)


@pytest.mark.parametrize(
    "dockerfile",
    [
        "FROM $UNDECLARED",
        "ARG TARGETARCH\nFROM python-$TARGETARCH",
        "ARG A=x\nFROM ${A#x}python",
        'FROM "python"',
        "FROM python\nCOPY --from=$X / /",
        'FROM python\nCOPY --from="python" / /',
        "FROM python\nRUN echo \\\\\nFROM python",
        "FROM python\nRUN cat <<CMD\nCMD",
        "FROM python\nRUN cat <<#\n#\nCMD x",
        "FROM python\nRUN cat <<EOF",
        "FROM python\nRUN echo ' <<EOF\nEOF",
        "FROM python\nRUN echo ${A:-' <<EOF'}\nEOF",
        "# foo=bar\n# escape=`\nFROM python",
        "#!/x\n# escape=`\nFROM python",
        " # escape=`\nFROM python",
    ],
)
def test_what_cannot_be_told_is_refused(dockerfile: str) -> None:
    """Where builders differ, or know more than the Dockerfile says, hershy does not guess."""
    assert "dockerfile, line " in refusal(dockerfile)


def test_build_arguments_count_as_builders_count_them() -> None:
    """They override defaults, only of what is declared; those that steer the builder are reserved."""
    dockerfile = "ARG BASE=python\nFROM ${BASE}"
    assert refusal(dockerfile, BASE="node") == ""
    assert "evil/y" in refusal("ARG BASE=evil/x\nFROM ${BASE}", BASE="evil/y")
    assert "cannot be told" in refusal("FROM ${BASE}", BASE="python")
    assert "evil/x" in refusal(dockerfile, BASE="evil/x")
    for name in ("BUILDKIT_SYNTAX", "BUILDKIT_CACHE_MOUNT_NS", "buildkit_x"):
        assert "reserved" in refusal(dockerfile, **{name: "x"})


@pytest.mark.parametrize(
    "line",
    [
        "LABEL hershy.publish-port=notanumber",
        "label a=b \\\n  hershy.owner=x",
        'LABEL "hershy.owner"=x',
        "LABEL her'shy'.owner=x",
        "LABEL her\\shy.owner=x",
        "LABEL hershy.owner x",
        "LABEL a='it\\' hershy.owner=x",
        "ENV H=hershy\nLABEL $H.owner=x",
        "LABEL hersh${NONE}y.owner=x",
        "ONBUILD LABEL hershy.owner=x",
    ],
)
def test_hershys_own_labels_are_refused(line: str) -> None:
    """The classic builder's steps are containers with them; in no writing do they come from a Dockerfile."""
    assert "LABEL" in refusal(f"FROM python\n{line}")


@pytest.mark.parametrize(
    "line",
    [
        'LABEL description="uses hershy.io and costs $5" version=$VERSION',
        "LABEL maintainer hershy.example $USER",
        "LABEL org.opencontainers.image.title='the hershy. thing'",
        "RUN echo LABEL hershy.owner=x",
    ],
)
def test_other_labels_are_not(line: str) -> None:
    """A name is what stands before the sign; values may say anything."""
    assert refusal(f"FROM python\n{line}") == ""


@pytest.mark.parametrize("name", ["http_proxy", "HTTPS_PROXY", "Ftp_Proxy", "all_proxy", "NO_PROXY"])
def test_a_proxy_is_the_operators(name: str) -> None:
    """No caller brings one, in any case: the steps it has answered would be taken from the cache by everybody."""
    assert "build_proxy" in refusal("FROM python", BuildPolicy(), **{name: "http://evil:1"})
    assert refusal("FROM python", BuildPolicy(proxy="http://proxy:3128"), MY_PROXY="x") == ""


def test_the_operators_proxy() -> None:
    """It is given to steps in both cases; without one nothing is given; what is no URL is refused, unseen."""
    assert BuildPolicy().proxy_args == {}
    given = BuildPolicy(proxy="http://proxy:3128", no_proxy="a,b").proxy_args
    assert given["http_proxy"] == given["HTTPS_PROXY"] == "http://proxy:3128"
    assert given["no_proxy"] == given["NO_PROXY"] == "a,b"
    with pytest.raises(InvalidValue) as refused:
        BuildPolicy(proxy="user:secret@proxy")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "dockerfile",
    [
        "FROM x\n" + "RUN true\n" * 1000,
        "FROM x\n" * 101,
        "FROM x\n#" + "x" * 1024 * 1024,
        "FROM x\nENV A=0123456789\n" + "ENV A=$A$A\n" * 30,
        "FROM x\nENV A=0123456789\n" + 'ENV "A"=$A$A\n' * 30,
        "ARG A=0123456789\n" + "ARG A=$A$A\n" * 30 + "FROM x",
        "FROM x\nENV A=" + "x" * 60_000 + "\nCOPY <<EOF /x\n" + "$A" * 1000 + "\nEOF",
        "FROM x\nENV A=" + "x" * 500_000 + "\n" + "RUN true\n" * 900,
    ],
)
def test_what_would_swell_in_the_engine_is_refused(dockerfile: str) -> None:
    """Instructions, stages, text and what variables make of it are bounded."""
    assert refusal(dockerfile, BuildPolicy())


@pytest.mark.parametrize(
    "lines",
    [
        'SHELL ["/bin/bash", "-c"]\nRUN ver=1.84.0; dir=boost_${ver//./_}; curl $dir ${dir} ${dir/a/b}',
        "RUN for f in *; do mv $f ${f/-/_}; done",
        "COPY <<'EOF' /x\n" + "${A//x/y} " * 2000 + "\nEOF",
        "COPY <<EOF /x\n${A//./_} $B\nEOF",
        "\n".join(f"ENV PATH=/opt/{n}/bin:$PATH LD_LIBRARY_PATH=/opt/{n}/lib:$LD_LIBRARY_PATH" for n in range(40)),
        "\n".join(f"ENV PATH /opt/{n}/bin:$PATH" for n in range(40)),
        'RUN read -r a b <<< "${V%%-*}"',
        "RUN echo $((1 << ${#V})) $((1<<${#V}))",
        "RUN echo it's ${V#*-} <<< x",
        "RUN echo ${V//./_} ; cat <<EOF\n${V//./_} $V ${#V}\nEOF",
        "RUN cat <<EOF\n" + "${A//x/y} " * 2000 + "\nEOF",
        "ENV UNDER=${PYTHON_VERSION//./_} PLAIN=${PYTHON_VERSION%.*} OTHER=${PYTHON_VERSION/a/b}",
        "ARG V=1.2.3\nARG W=${V%.*}\nENV X=$W Y=${W//./-} Z=${X:-none}",
        "ONBUILD ENV PATH=/x:$PATH\nONBUILD RUN echo ${A//x/y}",
        "HEALTHCHECK CMD test ${A//x/y} = ${B/a/b}\nCMD echo ${A//x/y}",
        "ENV A=" + "x" * 2000 + "\n" + "RUN " + "$A" * 5000,
    ],
)
def test_what_a_shell_expands_is_the_shells(lines: str) -> None:
    """Variables that no builder replaces, or that stay small, are nobody's concern."""
    assert refusal(f"FROM python\n{lines}\nCMD x", BuildPolicy()) == ""


@pytest.mark.parametrize(
    "dockerfile",
    [
        "FROM x AS s0\nENV A=0123456789\nONBUILD ENV A=$A$A\n"
        + "".join(f"FROM s{n} AS s{n + 1}\nONBUILD ENV A=$A$A\n" for n in range(8)),
        "FROM x AS s0\nENV A=0123456789\n" + "ONBUILD ENV A=$A$A\n" * 20 + "FROM s0",
        "FROM x AS s0\n" + f"ONBUILD LABEL a={'x' * 50_000}\n" + "FROM s0\n" * 99,
        "FROM x\nENV A=" + "x" * 60_000 + "\nENV B=${A//x/$A}",
        "FROM x\nENV A=" + "x" * 60_000 + "\nENV B=${A//x/" + "y" * 100 + "}",
        "FROM x\nENV A=" + "x" * 60_000 + "\nONBUILD COPY <<EOF /x\n" + "$A" * 1000 + "\nEOF",
    ],
)
def test_what_swells_by_repetition_or_replacement_is_refused(dockerfile: str) -> None:
    """What a stage holds back is carried out in every stage upon it; a replacement may stand for every character."""
    assert "grow too large" in refusal(dockerfile, BuildPolicy())


@pytest.mark.parametrize(
    "line",
    [
        "# a=x" + " " * 900_000 + "y\nFROM python",
        "ENV " + "a" * 900_000,
        "ARG " + "a" * 900_000,
        "ARG " + "A=1 " * 200_000,
        "COPY " + "--a " * 200_000,
        "ADD " + "@" * 900_000 + " /",
        "ADD " + "http://x " * 100_000,
        "RUN --mount=" + "from=python," * 70_000,
        "RUN " + "<<A " * 200_000,
        "RUN <<" + "${A" * 300_000,
        "RUN [" + "[" * 900_000,
        "FROM " + "a-" * 400_000,
        "LABEL " + "$" * 900_000,
        "RUN x \\\n" * 150_000,
        "\n" * 900_000,
    ],
)
def test_reading_takes_time_in_proportion(line: str) -> None:
    """A Dockerfile as long as may be is decided within a second or two, whatever it holds."""
    began = time.process_time()
    refusal(f"ARG A=1\n{line}\nFROM python\n{line}")
    refusal(line)
    assert time.process_time() - began < 3


def test_context_is_bounded() -> None:
    """By size as it is sent, number of files, and the work that .dockerignore makes."""
    many = {f"f{number}": "" for number in range(10_001)}
    for files in (many, {".dockerignore": "*\n" * 5000, **dict(list(many.items())[:9000])}):
        with pytest.raises(InvalidValue, match="src_files"):
            BuildPolicy().require(BuildSpec("FROM x", files))
    with pytest.raises(InvalidValue, match="3072 bytes; at most 3071"):
        BuildPolicy(max_context_bytes=3071).require(BuildSpec("FROM x", {"a": "", "b": "x" * 513}))
    BuildPolicy(max_context_bytes=3072).require(BuildSpec("FROM x", {"a": "", "b": "x" * 513}))


@pytest.mark.parametrize("entry", ["", "/", "a b", "x/UPPER", "ghcr.io/a//b", "http://ghcr.io", "x:y:z"])
def test_entries_that_mean_nothing(entry: str) -> None:
    """The operator hears of them before the first build."""
    with pytest.raises(ConfigurationError, match="allowed_registries"):
        BuildPolicy(allowed_registries=(entry,))


@pytest.mark.parametrize(("entry", "name"), [("reg:5000/", "reg:5000/x"), ("my.reg", "my.reg/x"), ("a-b", "a-b:1")])
def test_entries(entry: str, name: str) -> None:
    """A slash at the end, a dot, or neither."""
    assert AllowedImages((entry,)).names(ImageName.parse(name))
    assert not AllowedImages((entry,)).names(ImageName.parse(f"x{name}"))


NOISE = st.lists(
    st.sampled_from(
        ["RUN x", "# x", "", "RUN a \\\n b", "RUN <<E\nFROM python\nE", "COPY . /", "ENV A=b", "LABEL x='y'"]
    )
)


@given(NOISE, NOISE, st.sampled_from(["FROM", "from", " FROM", "\tFrOm"]), st.sampled_from([" ", "\t", " \\\n"]))
def test_a_forbidden_image_is_found_wherever_it_stands(
    before: list[str], after: list[str], word: str, gap: str
) -> None:
    """Between whatever other instructions, in whatever spelling."""
    dockerfile = "\n".join(["FROM python", *before, f"{word}{gap}evil/x", *after])
    assert "evil/x" in refusal(dockerfile)


@given(st.text(st.sampled_from("FROM ARGCOPYUN\n\\`'\"$<{}=-#/:,.e \t\r\ufeffé"), max_size=200))
def test_any_text_is_decided(text: str) -> None:
    """Accepted or refused as an invalid value, never another error."""
    refusal(f"FROM python\n{text}")
    if text.strip():
        refusal(text)
