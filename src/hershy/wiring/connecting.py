"""``connect``: a client of a Host that runs already."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hershy.client import Client


def connect(url: str | None = None, *, token: str | None = None) -> "Client":
    """A blocking client of a running Host: close it, or use it in ``with``. Nothing is sent yet.

    ``url`` defaults to HERSHY_URL, then ``http://127.0.0.1:9000``; ``token`` to HERSHY_TOKEN. Raises ValueError.
    """
    from hershy.client import Client  # with its HTTP library, which nothing else here needs

    return Client(url, token=token)
