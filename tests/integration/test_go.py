"""docs/go.md to the letter, with a real Go toolchain (Debian's) in a builder image made here."""

import io
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import docker
import httpx
import pytest

from .host_process import HostProcess, serving

PAGE = Path(__file__).parents[2] / "docs" / "go.md"
USER = "gopher"
BUILDER_IMAGE = "hershy-test-go:local"
COMPILES_S = 10
"""The program alone takes 1 s, with the standard library 20 s."""
DOCKERFILE = "FROM {base}\nADD go.tar /\n"


def blocks() -> dict[str, str]:
    """The page's files by their names."""
    found = re.findall(r"^`([\w.]+)`[^\n]*:\n\n```\w*\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return dict(found)


@pytest.fixture(scope="module")
def go_image(engine: docker.DockerClient, python_image: str) -> Iterator[str]:
    """Debian's Go, which is installed if it is missing, on the local base image."""
    if shutil.which("go") is None:
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "golang-go"]
        subprocess.run(install, check=True, capture_output=True, timeout=600)
    root = Path(subprocess.run(["go", "env", "GOROOT"], check=True, capture_output=True, text=True).stdout.strip())
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w", dereference=True) as archive:
        for part in ("VERSION", "bin", "src", "pkg/include", "pkg/tool", "pkg/linux_amd64"):
            if (root / part).exists():
                archive.add(root / part, f"usr/local/go/{part}")
        link = tarfile.TarInfo("usr/local/bin/go")
        link.type, link.linkname = tarfile.SYMTYPE, "/usr/local/go/bin/go"
        archive.addfile(link)
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for name, content in (
            ("Dockerfile", DOCKERFILE.format(base=python_image).encode()),
            ("go.tar", layer.getvalue()),
        ):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    context.seek(0)
    engine.images.build(fileobj=context, custom_context=True, tag=BUILDER_IMAGE, rm=True)
    yield BUILDER_IMAGE
    engine.images.remove(BUILDER_IMAGE, force=True)


@pytest.fixture(params=["runc", "runsc"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HostProcess]:
    with serving(str(request.param), tmp_path / "storage") as host:
        try:
            yield host
        finally:
            host.run("rm", "--user", USER)


def deployed(host: HostProcess, folder: Path, go_image: str) -> tuple[str, str]:
    """The program's id and URL, once it is Ready."""
    done = host.run("deploy", str(folder), "--user", USER, "--wait", "--json", "--build-arg", f"GO={go_image}")
    program = done.document
    return program["program_id"], program["proxy_url"]


def test_the_page(host: HostProcess, go_image: str, tmp_path: Path) -> None:
    """Its program becomes Ready, counts in /state, and ends when told; a change compiles no more than itself."""
    folder = tmp_path / "visits"
    folder.mkdir()
    files = blocks()
    assert set(files) == {"go.mod", "main.go", "Dockerfile"}
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / ".dockerignore").write_text("Dockerfile\n")
    program_id, url = deployed(host, folder, go_image)
    answer = httpx.get(url)
    assert (answer.json()["state"], answer.json()["visits"] >= 2) == ("Ready", True)
    host.run("restart", program_id)
    host.wait_for(program_id, "Ready")
    assert httpx.get(url).json()["visits"] > answer.json()["visits"]
    host.run("stop", program_id)
    host.wait_for(program_id, "Stopped")
    assert host.run("logs", program_id).out.rstrip().endswith("ends")

    (folder / "main.go").write_text(files["main.go"].replace('"visits": visits', '"visitors": visits'))
    changed_id, url = deployed(host, folder, go_image)
    assert "visitors" in httpx.get(url).json()
    log = (host.storage / changed_id / "logs" / "build.log").read_text()
    step = next(line for line in log.splitlines() if "go build std" in line).split()[0]
    assert f"{step} CACHED" in log
    compiled = re.search(r"go build -o /program \.\n(?:.*\n)*?#\d+ DONE ([\d.]+)s", log)
    assert compiled is not None, log
    assert float(compiled[1]) < COMPILES_S, log
