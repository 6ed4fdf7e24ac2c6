"""Where things lie below the storage root."""

from dataclasses import dataclass
from pathlib import Path

from hershy.core.ids import ProgramID
from hershy.programs.ports.storage import LogKind

FOLDERS = ("src", "meta", "state", "compose", "logs", "runtime")


@dataclass(frozen=True, slots=True)
class ProgramFolders:
    """``{root}/{program_id}/{src,meta,state,compose,logs,runtime}/``."""

    top: Path

    @classmethod
    def of(cls, root: Path, program_id: ProgramID) -> "ProgramFolders":
        return cls(root / str(program_id))

    @property
    def src(self) -> Path:
        return self.top / "src"

    @property
    def state(self) -> Path:
        return self.top / "state"

    @property
    def build_args(self) -> Path:
        return self.top / "meta" / "build_args.json"

    @property
    def compose(self) -> Path:
        return self.top / "compose" / "compose.yaml"

    @property
    def logs(self) -> Path:
        return self.top / "logs"

    def log(self, kind: LogKind) -> Path:
        return self.logs / f"{kind}.log"
