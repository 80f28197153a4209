"""Which message a user gets for an exception: by the exceptions themselves first, by their words second."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec
import pydantic

from exportkit.errors import BundleRefused, words_of
from exportkit.runtime import ExportLogMessageCode as Code

__all__ = ["classify_export_error", "extract_failed_step"]

_FAILED_STEP: Final = re.compile(r"Step '([^']+)' failed:")
_ENVELOPE: Final = {
    "invalid_ids": Code.EXPORT_FAILED_BAD_REQUEST,
    "partial_failure": Code.EXPORT_FAILED_BATCH_PARTIAL,
    "rate_limited": Code.EXPORT_FAILED_RATE_LIMITED,
    "provider_unsupported": Code.EXPORT_FAILED_STORAGE_UNSUPPORTED,
}


def _named(*names: str) -> Callable[[BaseException], bool]:
    """Whether an exception is of a class of one of these names, for classes that live in other rooms."""
    wanted = frozenset(names)
    return lambda error: any(kind.__name__ in wanted for kind in type(error).__mro__)


def _of(*kinds: type[BaseException]) -> Callable[[BaseException], bool]:
    return lambda error: isinstance(error, kinds)


def _status(*codes: int) -> Callable[[BaseException], bool]:
    return lambda error: getattr(error, "status_code", getattr(error, "status", None)) in codes


_BROKE_OFF: Final = r"download (?:was )?interrupted|broke off"
#: In this order: whether an exception is meant, words that mean the same, the code.
_RULES: Final[tuple[tuple[tuple[Callable[[BaseException], bool], ...], str, Code], ...]] = (
    (
        (),
        r"provider_unsupported|unsupported storage|storage\b.*\b(?:unsupported|not supported|has the provider)",
        Code.EXPORT_FAILED_STORAGE_UNSUPPORTED,
    ),
    (
        (_of(PermissionError), _named("AuthorizationError", "AuthenticationError"), _status(401, 403)),
        r"permission denied|not permitted|forbidden",
        Code.EXPORT_FAILED_AGENT_PERMISSION,
    ),
    ((), r"status sync|sync(?:hroni[sz]ing)? (?:the )?status", Code.EXPORT_FAILED_STATUS_SYNC),
    (
        (_named("DownloadInterrupted"),),
        _BROKE_OFF,
        Code.EXPORT_FAILED_DOWNLOAD_INTERRUPTED,
    ),
    (
        (_of(http.client.IncompleteRead), _named("ClientResponseIncompleteError")),
        r"response (?:is |was )?incomplete|incompleteread",
        Code.EXPORT_FAILED_RESPONSE_INCOMPLETE,
    ),
    ((), r"response ended", Code.EXPORT_FAILED_RESPONSE_ENDED),
    (
        (_of(TimeoutError), _named("ClientTimeoutError", "ReadTimeout", "ReadTimeoutError")),
        r"read timed out|read time-?out",
        Code.EXPORT_FAILED_LARGE_DATA,
    ),
    (
        (_of(http.client.RemoteDisconnected, ConnectionResetError, ConnectionAbortedError, BrokenPipeError),),
        r"remote (?:end )?closed|connection (?:was )?(?:reset|aborted)",
        Code.EXPORT_FAILED_CONNECTION_LOST,
    ),
    (
        (_of(ConnectionError), _named("ClientConnectionError", "ServerError"), _status(503)),
        r"max retries exceeded|retries exceeded|service unavailable|\b503\b",
        Code.EXPORT_FAILED_SERVER_CONNECTION,
    ),
    ((), r"file info(?:rmation)? (?:is )?(?:null|missing)", Code.EXPORT_FAILED_FILE_INFO_MISSING),
    (
        (_of(json.JSONDecodeError, msgspec.DecodeError, UnicodeError, BundleRefused),),
        r"data format",
        Code.EXPORT_FAILED_DATA_FORMAT,
    ),
    ((_of(FileNotFoundError),), r"filenotfounderror|no such file", Code.EXPORT_FAILED_FILE_NOT_FOUND),
    ((_of(FileExistsError),), r"fileexistserror|file exists", Code.EXPORT_FAILED_FILE_ALREADY_EXISTS),
    (
        (lambda error: isinstance(error, ImportError) and not _is_ours(error),),
        r"no module named",
        Code.EXPORT_FAILED_PLUGIN_ENVIRONMENT,
    ),
    (
        (lambda error: isinstance(error, ImportError) and _is_ours(error),),
        r"no module named '(?:exportkit|synapse_sdk)",
        Code.EXPORT_FAILED_SDK_ENVIRONMENT,
    ),
    ((_of(pydantic.ValidationError),), r"validation error", Code.EXPORT_FAILED_ADMIN_CONTACT),
    ((_named("HTTPError", "ClientError"),), r"httperror|http error", Code.EXPORT_FAILED_NETWORK),
    ((), r"temporarily|transient|try again", Code.EXPORT_FAILED_TRANSIENT),
    ((_of(KeyError),), r"^keyerror:", Code.EXPORT_FAILED_ADMIN_CONTACT),
)


def classify_export_error(exc: BaseException | None = None, message: str | None = None) -> Code | None:
    """The code of an exception with its causes and contexts, or of a text; None where nothing is known."""
    chain = list(_chain(exc))
    for error in chain:
        code = _ENVELOPE.get(_envelope_code(error))
        if code is not None:
            return code
    for kinds, _, code in _RULES:
        if any(meant(error) for error in chain for meant in kinds):
            return code
    lines = [f"{type(error).__name__}: {words_of(error)}" for error in chain] + ([message] if message else [])
    for words, code in _ENVELOPE.items():
        if any(re.search(rf"\b{words}\b", line) for line in lines):
            return code
    for _, words, code in _RULES:
        if any(re.search(words, line, re.IGNORECASE) for line in lines):
            return code
    return None


def extract_failed_step(exc: BaseException | None = None, message: str | None = None) -> str | None:
    """The name in ``Step '<name>' failed:`` of an exception, of what caused it, or of a text."""
    for text in [*(words_of(error) for error in _chain(exc)), message or ""]:
        found = _FAILED_STEP.search(text)
        if found:
            return found[1]
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The exception and what it came from, each once, also where they refer to each other in a circle."""
    seen: set[int] = set()
    ahead = [error]
    while ahead:
        current = ahead.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        ahead += [current.__cause__, None if current.__suppress_context__ else current.__context__]


def _envelope_code(error: BaseException) -> str:
    """The backend's own word for what went wrong, where the exception carries its answer."""
    for holder in (error, getattr(error, "detail", None), getattr(error, "body", None)):
        value = holder.get("error", holder) if isinstance(holder, Mapping) else holder
        code: Any = value.get("code") if isinstance(value, Mapping) else getattr(value, "code", None)
        if isinstance(code, str):
            return code
    return ""


def _is_ours(error: BaseException) -> bool:
    return str(getattr(error, "name", "") or "").startswith(("exportkit", "synapse_sdk"))
