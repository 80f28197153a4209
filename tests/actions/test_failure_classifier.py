"""Exceptions come to a code by what they are, and by their words only then."""

from __future__ import annotations

import http.client
import json

import pytest
from pydantic import BaseModel

from exportkit.actions import classify_export_error, extract_failed_step
from exportkit.errors import StepFailed
from exportkit.runtime import ExportLogMessageCode


class Answered(Exception):
    def __init__(self, code: str) -> None:
        super().__init__("the backend said no")
        self.detail = {"error": {"code": code}}


class AuthorizationError(Exception):
    """As a client raises it."""


class HTTPError(Exception):
    """As a client raises it."""


def failed(cause: BaseException) -> StepFailed:
    error = StepFailed("save_files", str(cause))
    error.__cause__ = cause
    return error


def invalid() -> Exception:
    class Model(BaseModel):
        a: int

    try:
        Model(a="x")  # type: ignore[arg-type]
    except ValueError as error:
        return error
    raise AssertionError


def no_json() -> Exception:
    try:
        json.loads("{")
    except ValueError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Answered("invalid_ids"), "BAD_REQUEST"),
        (Answered("partial_failure"), "BATCH_PARTIAL"),
        (Answered("rate_limited"), "RATE_LIMITED"),
        (ValueError("The storage 3 has the provider 'ftp'; exports are written to: local."), "STORAGE_UNSUPPORTED"),
        (PermissionError("no"), "AGENT_PERMISSION"),
        (AuthorizationError("403"), "AGENT_PERMISSION"),
        (RuntimeError("cannot sync the status"), "STATUS_SYNC"),
        (OSError("the download was interrupted"), "DOWNLOAD_INTERRUPTED"),
        (http.client.IncompleteRead(b""), "RESPONSE_INCOMPLETE"),
        (RuntimeError("Response ended prematurely"), "RESPONSE_ENDED"),
        (TimeoutError(), "LARGE_DATA"),
        (RuntimeError("HTTPConnectionPool: Read timed out."), "LARGE_DATA"),
        (ConnectionResetError(), "CONNECTION_LOST"),
        (http.client.RemoteDisconnected(""), "CONNECTION_LOST"),
        (ConnectionRefusedError(), "SERVER_CONNECTION"),
        (RuntimeError("Max retries exceeded with url"), "SERVER_CONNECTION"),
        (ValueError("file information missing (url or file_name_original)"), "FILE_INFO_MISSING"),
        (no_json(), "DATA_FORMAT"),
        (FileNotFoundError("x"), "FILE_NOT_FOUND"),
        (FileExistsError("x"), "FILE_ALREADY_EXISTS"),
        (ModuleNotFoundError("No module named 'numpy'", name="numpy"), "PLUGIN_ENVIRONMENT"),
        (ModuleNotFoundError("No module named 'synapse_sdk.x'", name="synapse_sdk.x"), "SDK_ENVIRONMENT"),
        (invalid(), "ADMIN_CONTACT"),
        (HTTPError("418"), "NETWORK"),
        (RuntimeError("temporarily out of order"), "TRANSIENT"),
        (KeyError("id"), "ADMIN_CONTACT"),
    ],
)
def test_an_exception_is_found_by_what_it_is_also_below_a_step(error: Exception, code: str) -> None:
    expected = ExportLogMessageCode[f"EXPORT_FAILED_{code}"]
    assert classify_export_error(error) is expected
    assert classify_export_error(failed(error)) is expected


def test_what_an_exception_is_counts_before_the_words_of_another() -> None:
    assert classify_export_error(failed(KeyError("read timed out"))) is ExportLogMessageCode.EXPORT_FAILED_ADMIN_CONTACT


def test_an_exception_that_says_nothing_has_no_code() -> None:
    assert classify_export_error(RuntimeError("odd")) is None
    assert classify_export_error() is None


def test_an_exception_whose_own_text_raises_has_no_code_and_hides_no_other() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise LookupError("no text")

    outer = failed(ValueError("no space left on device"))
    outer.__cause__ = Mute()
    assert classify_export_error(Mute()) is None
    assert extract_failed_step(outer) == "save_files"


def test_causes_in_a_circle_come_to_an_end() -> None:
    first, second = RuntimeError("a"), RuntimeError("b")
    first.__cause__, second.__cause__ = second, first
    assert classify_export_error(first) is None


def test_the_step_is_read_from_the_words() -> None:
    assert extract_failed_step(failed(KeyError("x"))) == "save_files"
    assert extract_failed_step(message="Step 'a b' failed: why") == "a b"
    assert extract_failed_step(RuntimeError("no")) is None
