"""What the operator lets builds do: what they may fetch, and how much of the machine they may take.

A build runs code of strangers before there is a container to hold it, and has the engine fetch for it. So what a
Dockerfile may name is decided before anything is written or run.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hershy.core.field_types import require_types
from hershy.core.resources import MIB
from hershy.errors import InvalidValue

from .dockerfile import Dockerfile
from .expansion import require_small
from .image_names import ANY, AllowedImages, ImageName, could_be_id
from .labels import require_own_labels
from .sources import Fetched, Source, sources_of
from .spec import MAX_BUILD_ARGS, BuildSpec

MAX_DOCKERFILE_BYTES = MIB
MAX_STAGES = 100
MAX_SOURCES = 1000
MAX_FILES = 10_000
MAX_BUILD_ARG_BYTES = 64 * 1024
MAX_IGNORE_WORK = 100_000_000
"""Bytes of ``.dockerignore`` times bytes of all paths: every pattern is tried on every path."""
TAR_BLOCK_BYTES = 512

OFFICIAL_FRONTEND = "docker/dockerfile"
"""What many Dockerfiles name in their first line: whoever runs BuildKit trusts its authors already."""

_RESERVED_ARG = "BUILDKIT_"
PROXY_ARGS = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY")
"""Builders give these to every step, in either case, and leave them out of what a cached step is found by."""
OWN_IMAGES = "docker.io/library/hersh-program-"
_IGNORE_FILE = ".dockerignore"
_URL = re.compile(r"(?:https?|git)://([a-z0-9.-]+(?::\d{1,5})?)(?:/[^\s\\@]*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BuildPolicy:
    """One policy for all builds of a Host.

    ``allowed_registries`` says which images builds may use (see AllowedImages), ``allowed_add_hosts`` from which
    ``host`` or ``host:port`` ``ADD`` may fetch; ``*`` in either is everything, an empty list nothing. A frontend
    (``# syntax=``) must be named by an entry other than ``*``: its code runs as a part of the builder.
    ``memory_bytes``, ``cpus`` and ``pids`` bound the steps of all builds that run at one time, together; None is no
    bound. ``max_image_bytes`` is the image's size with its base. ``proxy`` (a URL, or empty for none) and ``no_proxy``
    (names, separated by commas) are what the steps of every build find in their environment. ``allow_link_local``:
    whether steps that have a network reach link-local addresses, where clouds give out their machines' credentials.
    """

    allow_network: bool = True
    allow_link_local: bool = False
    allowed_registries: tuple[str, ...] = (ANY, OFFICIAL_FRONTEND)
    allowed_add_hosts: tuple[str, ...] = ()
    memory_bytes: int | None = None
    cpus: float | None = None
    pids: int | None = None
    max_context_bytes: int = 64 * MIB
    max_image_bytes: int = 8 * 1024 * MIB
    proxy: str = ""
    no_proxy: str = ""

    def __post_init__(self) -> None:
        require_types("build policy", self)
        for name in ("memory_bytes", "cpus", "pids", "max_context_bytes", "max_image_bytes"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InvalidValue(f"build policy: {name} must be positive, not {value!r:.80}")
        if self.proxy and not re.fullmatch(r"https?://[^\s/]+/?", self.proxy):
            raise InvalidValue("build policy: proxy must be a URL such as http://proxy.example:3128")
        AllowedImages(self.allowed_registries)  # raises for an entry that means nothing

    @property
    def allowed_images(self) -> AllowedImages:
        return AllowedImages(self.allowed_registries)

    @property
    def proxy_args(self) -> Mapping[str, str]:
        """The operator's proxy as build arguments, which builders know without ``ARG``."""
        if not self.proxy:
            return {}
        values = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), self.proxy) | {"NO_PROXY": self.no_proxy}
        return {cased: value for name, value in values.items() if value for cased in (name, name.lower())}

    @property
    def limits_steps(self) -> bool:
        return any(it is not None for it in (self.memory_bytes, self.cpus, self.pids))

    def require(self, spec: BuildSpec) -> None:
        """Raise InvalidValue, with the line and what would be allowed, unless ``spec`` may be built."""
        _require_bounded(spec)
        size = context_bytes(spec)
        if size > self.max_context_bytes:
            raise InvalidValue(f"src_files: a build context of {size} bytes; at most {self.max_context_bytes}")
        _require_no_reserved_args(spec.build_args)
        dockerfile = Dockerfile.parse(spec.dockerfile)
        if sum(it.word == "FROM" for it in dockerfile.instructions) > MAX_STAGES:
            raise InvalidValue(f"dockerfile: more than {MAX_STAGES} stages")
        require_own_labels(dockerfile)
        require_small(dockerfile, max(map(len, spec.build_args.values()), default=0))
        images = AllowedImages(self.allowed_registries)
        for number, source in enumerate(sources_of(dockerfile, spec.build_args)):
            if number == MAX_SOURCES:
                raise _refusal(source, f"more than {MAX_SOURCES} images and files to fetch")
            self._require_source(source, images)

    def require_no_ids(self, spec: BuildSpec) -> None:
        """Raise InvalidValue for an image named by what could be an id, where the builder looks for ids too."""
        for source in sources_of(Dockerfile.parse(spec.dockerfile), spec.build_args):
            if source.kind is Fetched.IMAGE and could_be_id(source.name or ""):
                raise _refusal(source, "this could be the id of anybody's image", "write the name with a tag")

    def _require_source(self, source: Source, images: AllowedImages) -> None:
        match source.kind:
            case Fetched.FILE:
                self._require_file(source)
            case Fetched.IMAGE:
                _require_image(source, images)
            case Fetched.FRONTEND:
                _require_frontend(source, images)

    def _require_file(self, source: Source) -> None:
        if ANY in self.allowed_add_hosts:
            return
        if source.name is None:
            raise _refusal(
                source,
                "what this would fetch cannot be told before the build",
                "begin a file's name with './', or use COPY",
            )
        url = _URL.fullmatch(source.name)
        if url is None or url[1].lower() not in {host.lower() for host in self.allowed_add_hosts}:
            allowed = f"only from {', '.join(self.allowed_add_hosts)}" if self.allowed_add_hosts else "from no host"
            raise _refusal(
                source,
                f"builds here may ADD {allowed}",
                "bring the file along, or ask the operator (allowed_add_hosts)",
            )


def context_bytes(spec: BuildSpec) -> int:
    """The least that the context takes as sent: every file has a header, and fills whole blocks."""
    sizes = [len(text.encode()) for text in (spec.dockerfile, *spec.src_files.values())]
    return sum(TAR_BLOCK_BYTES * (1 + -(-size // TAR_BLOCK_BYTES)) for size in sizes)


def _require_bounded(spec: BuildSpec) -> None:
    if len(spec.dockerfile.encode()) > MAX_DOCKERFILE_BYTES:
        raise InvalidValue(f"dockerfile: more than {MAX_DOCKERFILE_BYTES} bytes")
    if len(spec.src_files) > MAX_FILES:
        raise InvalidValue(f"src_files: {len(spec.src_files)} files; at most {MAX_FILES}")
    ignored = len(spec.src_files.get(_IGNORE_FILE, "").encode())
    if ignored * sum(map(len, spec.src_files)) > MAX_IGNORE_WORK:
        raise InvalidValue(
            f"src_files: {_IGNORE_FILE} is too long for so many files", remedy="shorten it or send fewer"
        )


def _require_no_reserved_args(build_args: Mapping[str, str]) -> None:
    if len(build_args) > MAX_BUILD_ARGS or sum(map(len, [*build_args, *build_args.values()])) > MAX_BUILD_ARG_BYTES:
        raise InvalidValue(f"build_args: at most {MAX_BUILD_ARGS}, and {MAX_BUILD_ARG_BYTES} characters in all")
    for name in build_args:
        if name.upper().startswith(_RESERVED_ARG):
            raise InvalidValue(
                f"build_args: {name!r:.80} would steer the builder itself; names with {_RESERVED_ARG} are reserved"
            )
        if name.upper() in PROXY_ARGS:
            raise InvalidValue(
                f"build_args: {name!r} is reserved: what a step fetches would be kept for everybody's builds",
                remedy="a proxy for builds is the operator's setting (build_proxy)",
            )


def _require_image(source: Source, images: AllowedImages) -> None:
    if source.name is None:
        raise _refusal(source, "which image this is cannot be told before the build", "write its name out")
    name = _parsed(source)
    if name.repository.startswith(OWN_IMAGES):
        raise _refusal(source, "the images of programs are not for other programs to read")
    if not images.allows(name):
        raise _refusal(
            source, f"builds here may use only {_listed(images)} (the operator's setting allowed_registries)"
        )


def _require_frontend(source: Source, images: AllowedImages) -> None:
    name = source.name or ""
    if not re.fullmatch(r"[\w./:@-]+", name) or not images.names(_parsed(source)):
        raise _refusal(
            source,
            "a frontend's code would run as a part of the builder",
            "leave the line out (the built-in syntax knows "
            "here-documents and mounts), or ask the operator to name it in allowed_registries",
        )


def _parsed(source: Source) -> ImageName:
    try:
        return ImageName.parse(source.name or "")
    except InvalidValue as error:
        raise _refusal(source, error.explanation, error.remedy) from error


def _listed(images: AllowedImages) -> str:
    return ", ".join(images.entries) or "scratch"


def _refusal(source: Source, why: str, remedy: str = "") -> InvalidValue:
    meant = f" ({source.name:.200})" if source.name and source.name not in source.written else ""
    return InvalidValue(f"dockerfile, line {source.line}: {source.written[:200]!r}{meant}: {why}", remedy=remedy)
