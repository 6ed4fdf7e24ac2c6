"""LocalRuntime: a runtime whose containers share the ports of one machine, this Host's."""

from abc import abstractmethod
from collections.abc import Set

from hershy.core.endpoint import Endpoint
from hershy.core.ids import ContainerID, PublishPort

from .runtime import Runtime


class LocalRuntime(Runtime):
    """Publishes each container's 8080 on ``127.0.0.1:{publish_port}``, a port that the Host leases to its program.

    A ContainerSpec without one is refused with InvalidValue.
    """

    @abstractmethod
    async def start(self, container_id: ContainerID) -> Endpoint:
        """As ``Runtime.start``; the endpoint is that of the publish port.

        Raises PortHeld, too, when a stranger holds it. Then as well the container remains as it was.
        """

    @abstractmethod
    async def is_port_free(self, port: PublishPort) -> bool:
        """Whether nobody on this machine listens on the port now, and no container, whoever's, publishes it.

        A hint, for a program that is registered: others may take it before ``start``. Takes milliseconds.
        """

    @abstractmethod
    async def published_ports(self) -> Set[PublishPort]:
        """The publish ports that running containers hold, whoever owns them. A hint where to look for a free one.

        Other processes hold ports too: only ``start`` tells for sure.
        """
