"""What a call of the annotation backend may end in."""

from __future__ import annotations

from typing import Any

__all__ = [
    "AuthenticationError",
    "AuthorizationError",
    "ClientConnectionError",
    "ClientError",
    "ClientResponseIncompleteError",
    "ClientTimeoutError",
    "HTTPError",
    "NotFoundError",
    "RateLimitError",
    "ServerError",
    "StreamError",
    "StreamLimitExceededError",
    "ValidationError",
    "WebSocketError",
    "raise_for_status",
]


class ClientError(Exception):
    """Base of all. ``status_code`` is that of the answer, None without one; ``detail`` is its body or a reason."""

    def __init__(self, status_code: int | None = None, detail: Any = None) -> None:
        super().__init__(f"{status_code}: {detail}" if status_code is not None else str(detail or ""))
        self.status_code = status_code
        self.detail = detail

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (type(self), self.status_code, self.detail)


class ClientConnectionError(ClientError):
    """The server cannot be reached."""

    def __init__(self, detail: Any = None) -> None:
        super().__init__(None, detail)


class ClientResponseIncompleteError(ClientConnectionError):
    """The answer broke off."""


class ClientTimeoutError(ClientError):
    """The server took too long."""

    def __init__(self, detail: Any = None) -> None:
        super().__init__(408, detail)


class HTTPError(ClientError):
    """The server answered with an error."""


class AuthenticationError(HTTPError):
    """401: the credentials are missing or wrong."""

    def __init__(self, detail: Any = None) -> None:
        super().__init__(401, detail)


class AuthorizationError(HTTPError):
    """403: the credentials do not allow it."""

    def __init__(self, detail: Any = None) -> None:
        super().__init__(403, detail)


class NotFoundError(HTTPError):
    """404: there is no such thing."""

    def __init__(self, detail: Any = None) -> None:
        super().__init__(404, detail)


class ValidationError(HTTPError):
    """400 or 422: the server does not take the request as it is."""

    def __init__(self, status_code: int = 400, detail: Any = None) -> None:
        super().__init__(status_code, detail)


class RateLimitError(HTTPError):
    """429: too many requests."""

    def __init__(self, detail: Any = None) -> None:
        super().__init__(429, detail)


class ServerError(HTTPError):
    """5xx: the server failed."""

    def __init__(self, status_code: int = 500, detail: Any = None) -> None:
        super().__init__(status_code, detail)


class StreamError(ClientError):
    """A stream of events failed."""


class StreamLimitExceededError(StreamError):
    """A stream sent more than is taken."""


class WebSocketError(StreamError):
    """A socket failed."""


_BY_STATUS: dict[int, type[ClientError]] = {
    401: AuthenticationError,
    403: AuthorizationError,
    404: NotFoundError,
    429: RateLimitError,
}


def raise_for_status(status_code: int, detail: Any = None) -> None:
    """Raise the error of a status from 400; nothing happens below."""
    if status_code in _BY_STATUS:
        raise _again(_BY_STATUS[status_code], status_code, detail)
    if status_code in {400, 422}:
        raise ValidationError(status_code, detail)
    if status_code >= 500:
        raise ServerError(status_code, detail)
    if status_code >= 400:
        raise HTTPError(status_code, detail)


def _again(cls: type[ClientError], status_code: int | None, detail: Any) -> ClientError:
    """An error of that class whatever its constructor takes."""
    error = cls.__new__(cls)
    ClientError.__init__(error, status_code, detail)
    return error
