"""A program's folders with its sources and build arguments in them."""

import json

from hershy.builds.spec import DOCKERFILE, BuildSpec

from ._layout import FOLDERS, ProgramFolders


def write_folders(folders: ProgramFolders, spec: BuildSpec) -> None:
    """Fill ``folders.top``, which exists and is empty."""
    for folder in FOLDERS:
        (folders.top / folder).mkdir()
    for path, text in {**spec.src_files, DOCKERFILE: spec.dockerfile}.items():
        target = folders.src / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
    folders.build_args.write_text(json.dumps(dict(spec.build_args)), encoding="utf-8")


def read_spec(folders: ProgramFolders) -> BuildSpec:
    """Raises FileNotFoundError for folders that don't exist."""
    build_args = json.loads(folders.build_args.read_text(encoding="utf-8"))
    files = {
        path.relative_to(folders.src).as_posix(): path.read_bytes().decode()
        for path in sorted(folders.src.rglob("*"))
        if path.is_file()
    }
    return BuildSpec(files.pop(DOCKERFILE), files, build_args)
