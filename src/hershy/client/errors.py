"""What the client raises, as one tree below HershyError.

ClientError
├── ApiError                     the Host refused; carries ``status``, ``error`` and ``message``
│   ├── BadRequestError          400: a value is invalid; nothing has changed
│   ├── NotAllowedError
│   │   ├── UnauthorizedError    401: no token, or one that is unknown, expired or revoked
│   │   └── ForbiddenError       403: this token does not reach so far
│   ├── NotFoundError            404: no such program, or it is not running
│   ├── ConflictError            409: not possible in the program's present state
│   ├── TooLargeError            413: the sources are larger than the Host accepts
│   ├── LimitReachedError        429: a quota or rate
│   └── UnavailableError         502, 503, 504: the program or the engine does not answer
├── ServerUnreachable            no Host answers at the URL
│   └── ServerTimeout            … within the deadline
├── UnexpectedAnswer             what answers at the URL does not speak the Host API
├── ProgramEnded                 the program waited for came to rest in another state
└── WaitTimeout (TimeoutError)   it did not reach the state in time; it goes on
"""

from hershy.errors import HershyError


class ClientError(HershyError):
    """Root of everything the client raises."""


class ApiError(ClientError):
    """The Host's refusal. ``error`` is the HTTP reason phrase, ``message`` says what is wrong."""

    def __init__(self, status: int, error: str, message: str) -> None:
        self.status = status
        self.error = error
        self.message = message
        super().__init__(message or f"{status} {error}")


class BadRequestError(ApiError):
    """400: a value is missing or invalid. Nothing has changed."""


class NotAllowedError(ApiError):
    """401 or 403: the Host does not let this caller do that."""


class UnauthorizedError(NotAllowedError):
    """401: the Host asks for a token, or does not know the one it was sent."""


class ForbiddenError(NotAllowedError):
    """403: this caller may not do that."""


class NotFoundError(ApiError):
    """404: no such program, or it is not running."""


class ConflictError(ApiError):
    """409: not possible in the program's present state. Nothing has changed."""


class TooLargeError(ApiError):
    """413: the request is larger than the Host accepts."""


class LimitReachedError(ApiError):
    """429: a quota or rate is used up."""


class UnavailableError(ApiError):
    """502, 503 or 504: the program or the engine does not answer; the same request may succeed later."""


class ServerUnreachable(ClientError):
    """No Host answers at ``url``. ``was_asked`` False: there was no connection, so that nothing has been asked."""

    def __init__(self, url: str, reason: str, *, was_asked: bool = True) -> None:
        self.url = url
        self.was_asked = was_asked
        super().__init__(
            f"no Host answers at {url} ({reason}); "
            "start one with 'hershy serve', or name another with --url or HERSHY_URL"
        )


class ServerTimeout(ServerUnreachable):
    """The Host accepted the request and did not answer within the deadline; it may still carry it out."""


class UnexpectedAnswer(ClientError):
    """Something answers at the URL that does not speak the Host API."""


class ProgramEnded(ClientError):
    """A program came to rest (``state`` is Stopped or Error) and can no longer reach what was waited for."""

    def __init__(self, program_id: str, state: str, error_msg: str) -> None:
        self.program_id = program_id
        self.state = state
        self.error_msg = error_msg
        super().__init__(f"program {program_id} is {state}" + (f": {error_msg}" if error_msg else ""))


class WaitTimeout(ClientError, TimeoutError):
    """The program did not reach the state in time. It goes on; waiting again is possible."""

    def __init__(self, program_id: str, wanted: str, seconds: float) -> None:
        self.program_id = program_id
        super().__init__(f"program {program_id} did not become {wanted} within {seconds:g} s; it goes on")


_BY_STATUS: dict[int, type[ApiError]] = {
    400: BadRequestError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    413: TooLargeError,
    429: LimitReachedError,
    502: UnavailableError,
    503: UnavailableError,
    504: UnavailableError,
}


def api_error(status: int, error: str, message: str) -> ApiError:
    """The most specific ApiError for a status."""
    return _BY_STATUS.get(status, ApiError)(status, error, message)
