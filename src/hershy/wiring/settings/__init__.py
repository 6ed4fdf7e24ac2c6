"""Settings of a Host and of sandboxes: from code, the environment (``HERSHY_…``), a TOML file, or their defaults."""

from .groups import MEMORY
from .model import Setting, Settings

__all__ = ["MEMORY", "Setting", "Settings"]
