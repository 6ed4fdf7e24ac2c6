"""What both handles of a program show of it."""

from hershy.programs.domain.state import ProgramState
from hershy.wire import ProgramInfo


class ProgramView:
    """``info``, and ``state`` and ``url`` with it, are as of the latest look: the handle's making, and every method
    that changes the program or waits for it."""

    def __init__(self, info: ProgramInfo) -> None:
        self.info = info

    @property
    def id(self) -> str:
        return self.info.program_id

    @property
    def state(self) -> ProgramState | str:
        return self.info.state

    @property
    def url(self) -> str:
        """Where the program is found from the Host's machine, while it is Ready."""
        return self.info.proxy_url or ""

    def __repr__(self) -> str:
        return f"<program {self.id}, {self.state}>"
