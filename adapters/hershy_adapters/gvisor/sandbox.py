"""GVisorSandbox: untrusted code whose system calls are answered by gVisor, never by the machine's kernel."""

from typing import ClassVar

from hershy.core.adapter import AdapterContext
from hershy_adapters.docker.runtime import DockerRuntime
from hershy_adapters.docker.sandbox import DockerSandbox

from .runtime import GVisorRuntime


class GVisorSandbox(DockerSandbox):
    """Refuses to run where the engine does not know gVisor; the engine's answer is the check."""

    runtime_class: ClassVar[type[DockerRuntime]] = GVisorRuntime


def create(context: AdapterContext) -> GVisorSandbox:
    return GVisorSandbox.of(context)
