"""The build context as a tar archive, made in memory from strings.

Owner, mode and time of every entry are fixed, so that the same sources give the same archive and the engine's
layer cache finds them.
"""

import io
import tarfile
from collections.abc import Iterator

from hershy.builds.spec import DOCKERFILE, BuildSpec
from hershy.builds.dockerignore import DOCKERIGNORE, included

FIXED_MTIME_S = 315_532_800
"""1980-01-01: the earliest time that zip archives, which builds like to make of sources, can hold."""
FILE_MODE = 0o644
SCRIPT_MODE = 0o755
FOLDER_MODE = 0o755


def pack_context(spec: BuildSpec) -> bytes:
    """The Dockerfile and every source file that ``.dockerignore`` does not exclude, folders first.

    Raises BuildError for a ``.dockerignore`` that cannot be honoured.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        _add_file(archive, DOCKERFILE, spec.dockerfile)
        folders: set[str] = set()
        for path in included(sorted(spec.src_files), spec.src_files.get(DOCKERIGNORE, "")):
            for folder in _folders_of(path):
                if folder not in folders:
                    folders.add(folder)
                    archive.addfile(_entry(folder, FOLDER_MODE, tarfile.DIRTYPE))
            _add_file(archive, path, spec.src_files[path])
    return buffer.getvalue()


def _folders_of(path: str) -> Iterator[str]:
    parts = path.split("/")[:-1]
    for depth in range(len(parts)):
        yield "/".join(parts[: depth + 1])


def _add_file(archive: tarfile.TarFile, path: str, text: str) -> None:
    data = text.encode()
    entry = _entry(path, SCRIPT_MODE if data.startswith(b"#!") else FILE_MODE, tarfile.REGTYPE)
    entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data))


def _entry(path: str, mode: int, kind: bytes) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.type, entry.mode, entry.mtime = kind, mode, FIXED_MTIME_S
    return entry
