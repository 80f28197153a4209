"""What a call of the annotation backend may end in, and the exit code of a run that ends with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exportkit.errors import ExportkitError

__all__ = [
    "AnswerTooLarge",
    "AuthenticationError",
    "AuthorizationError",
    "CertificateRefused",
    "ClientConnectionError",
    "ClientError",
    "ClientResponseIncompleteError",
    "ClientTimeoutError",
    "GpuUnavailableError",
    "HTTPError",
    "HostileAnswer",
    "HostilePaging",
    "NotFoundError",
    "RateLimitError",
    "ServerError",
    "StreamError",
    "StreamLimitExceededError",
    "ValidationError",
    "WebSocketError",
    "error_of",
    "raise_for_status",
]


class ClientError(ExportkitError):
    """Base of all. ``status_code`` is that of the answer, None without one; ``detail`` says what happened.

    ``body`` is the parsed answer, where it was JSON. ``retry_after`` is what the server asked to wait, in seconds.
    ``was_sent`` is false only where the request certainly never reached the server.
    """

    exit_code = 5

    def __init__(self, status_code: int | None = None, detail: Any = None) -> None:
        super().__init__(f"{status_code}: {detail}" if status_code is not None else str(detail or ""))
        self.status_code = status_code
        self.detail = detail
        self.body: Any = None
        self.retry_after: float | None = None
        self.was_sent = True

    @property
    def is_temporary(self) -> bool:
        """Whether the same request may succeed later."""
        return self.exit_code == 5

    @property
    def is_about_the_backend(self) -> bool:
        """Whether any other request would fare no better, so that no single record is to blame.

        It is away, busy or broken, or it does not let this caller in.
        """
        return self.is_temporary or self.exit_code == 6

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (type(self), self.status_code, self.detail, self.body, self.retry_after, self.was_sent)


class ClientConnectionError(ClientError):
    """The server cannot be reached."""

    def __init__(self, detail: Any = None) -> None:
        super().__init__(None, detail)


class ClientResponseIncompleteError(ClientConnectionError):
    """The answer broke off, or is not the document that was asked for."""


class ClientTimeoutError(ClientError):
    """The server took too long."""

    def __init__(self, detail: Any = None) -> None:
        super().__init__(408, detail)


class HTTPError(ClientError):
    """The server answered with an error."""

    exit_code = 2


class AuthenticationError(HTTPError):
    """401: the credentials are missing or wrong."""

    exit_code = 6

    def __init__(self, detail: Any = None) -> None:
        super().__init__(401, detail)


class AuthorizationError(HTTPError):
    """403: the credentials do not allow it."""

    exit_code = 6

    def __init__(self, detail: Any = None) -> None:
        super().__init__(403, detail)


class NotFoundError(HTTPError):
    """404: there is no such thing, or it belongs to somebody else."""

    def __init__(self, detail: Any = None) -> None:
        super().__init__(404, detail)


class ValidationError(HTTPError):
    """400 or 422: the server does not take the request as it is."""

    def __init__(self, status_code: int = 400, detail: Any = None) -> None:
        super().__init__(status_code, detail)


class RateLimitError(HTTPError):
    """429: too many requests."""

    exit_code = 5

    def __init__(self, detail: Any = None) -> None:
        super().__init__(429, detail)


class ServerError(HTTPError):
    """5xx: the server failed."""

    exit_code = 5

    def __init__(self, status_code: int = 500, detail: Any = None) -> None:
        super().__init__(status_code, detail)


class GpuUnavailableError(ServerError):
    """503: no device is free for what was asked."""


class StreamError(ClientError):
    """A stream of events failed; it never says anything about the job behind it."""


class StreamLimitExceededError(StreamError):
    """A stream sent more than is taken."""


class WebSocketError(StreamError):
    """A socket failed."""


class CertificateRefused(ClientError):
    """The server's certificate is not trusted; nothing was sent."""

    exit_code = 2
    is_about_the_backend = True


class HostileAnswer(ClientError):
    """An answer that breaks the contract in a way that no repetition mends; nothing of it is used."""

    exit_code = 4

    def __init__(self, detail: Any = None) -> None:
        super().__init__(None, detail)


class HostilePaging(HostileAnswer):
    """A list leads elsewhere, in a circle, or backwards."""


class AnswerTooLarge(HostileAnswer):
    """An answer is longer, or nests deeper, than is taken."""


_BY_STATUS: dict[int, type[ClientError]] = {
    400: ValidationError,
    401: AuthenticationError,
    403: AuthorizationError,
    404: NotFoundError,
    408: ClientTimeoutError,
    422: ValidationError,
    429: RateLimitError,
}


def error_of(status_code: int, detail: Any = None, body: Any = None) -> ClientError:
    """The error of a status from 400."""
    usual: type[ClientError] = ServerError if status_code >= 500 else HTTPError
    if status_code == 503 and isinstance(body, Mapping) and body.get("error_type") == "gpu_unavailable":
        usual = GpuUnavailableError
    return _again(_BY_STATUS.get(status_code, usual), status_code, detail, body)


def raise_for_status(status_code: int, detail: Any = None) -> None:
    """Raise the error of a status from 400; nothing happens below."""
    if status_code >= 400:
        raise error_of(status_code, detail)


def _again(
    cls: type[ClientError],
    status_code: int | None,
    detail: Any,
    body: Any = None,
    retry_after: float | None = None,
    was_sent: bool = True,
) -> ClientError:
    """An error of that class whatever its constructor takes."""
    error = cls.__new__(cls)
    ClientError.__init__(error, status_code, detail)
    error.body = body
    error.retry_after = retry_after
    error.was_sent = was_sent
    return error
