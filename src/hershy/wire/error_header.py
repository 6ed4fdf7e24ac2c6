"""Which error a refusal is, in a header: the body has the fields of the wire contract and no more.

The value is a JSON object in ASCII: ``type``, the error's name in ``hershy.errors``, and of ``KNOWN`` what it knows.
"""

import json
from collections.abc import Mapping

ERROR_HEADER = "Hershy-Error"
KNOWN = ("program_id", "state", "event")
_MOST = 4096


def error_header(type_name: str, fields: Mapping[str, str]) -> str:
    """The header's value."""
    return json.dumps({"type": type_name, **{name: fields[name] for name in KNOWN if name in fields}})


def read_error_header(text: str | None) -> Mapping[str, str]:
    """``type`` and the fields; empty where there is no such header, or it is not ours."""
    if text is None or len(text) > _MOST:
        return {}
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(told, dict):
        return {}
    return {name: told[name] for name in ("type", *KNOWN) if isinstance(told.get(name), str)}
