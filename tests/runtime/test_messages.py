"""Messages by code, in English and in Korean (SDK behaviour §7)."""

from __future__ import annotations

import logging
import re

import pytest

from exportkit.runtime import (
    CommonLogMessageCode,
    ExportLogMessageCode,
    LocalizedMessage,
    LogLevel,
    LogMessageCode,
    register_log_messages,
    resolve_log_message,
)

PLACEHOLDERS = {
    "EXPORT_FETCH_IN_PROGRESS": {"count"},
    "EXPORT_RESULTS_FETCHED": {"count"},
    "EXPORT_CONVERTING": {"count"},
    "EXPORT_CONVERTED": {"count"},
    "EXPORT_SAVING_FILES": {"count"},
    "EXPORT_FILES_SAVED": {"count"},
    "EXPORT_DELEGATED_TO_SERVER": {"count"},
    "EXPORT_DELEGATED_COMPLETED": {"count"},
    "EXPORT_COMPLETED": {"count"},
    "EXPORT_FILES_SAVED_WITH_FAILURES": {"success", "failed"},
    "EXPORT_COMPLETED_WITH_FAILURES": {"exported", "failed"},
    "EXPORT_COMPLETED_WITH_MISSING_PAGES": {"exported", "pages"},
    "EXPORT_FAILED_STEP": {"failed_step"},
}
WARNINGS = {"PARTIAL_UNSUPPORTED", "BATCH_PARTIAL"}
ERRORS = {
    "LARGE_DATA", "PLUGIN", "PLUGIN_ENVIRONMENT", "STATUS_SYNC", "AGENT_PERMISSION", "SERVER_CONNECTION",
    "CONNECTION_LOST", "FILE_INFO_MISSING", "SDK_ENVIRONMENT", "V2_NOT_WIRED", "DOWNLOAD_INTERRUPTED", "READ_TIMEOUT",
    "RESPONSE_INCOMPLETE", "RESPONSE_ENDED", "CHUNK_RETRIES_EXHAUSTED", "TRANSIENT", "ADMIN_CONTACT", "FILE_NOT_FOUND",
    "FILE_ALREADY_EXISTS", "DATA_FORMAT", "NETWORK", "STORAGE_UNSUPPORTED", "STEP", "BAD_REQUEST", "RATE_LIMITED",
}  # fmt: skip


class MyCode(LogMessageCode):
    HELLO = ("HELLO", LogLevel.WARNING)
    BARE = ("BARE", LogLevel.INFO)


@pytest.mark.parametrize("code", [*ExportLogMessageCode, *CommonLogMessageCode])
def test_every_code_speaks_english_and_korean_with_its_placeholders(code: LogMessageCode) -> None:
    english, level = resolve_log_message(code, "en")
    korean, same = resolve_log_message(code, "ko")
    assert level is same is code.level
    assert re.search("[가-힣]", korean)
    assert not re.search("[가-힣]", english)
    wanted = PLACEHOLDERS.get(code.value, set())
    assert set(re.findall(r"{(\w+)}", english)) == wanted
    assert set(re.findall(r"{(\w+)}", korean)) == wanted


def test_the_levels_of_failures_are_as_listed() -> None:
    failures = {
        code.value.removeprefix("EXPORT_FAILED_"): code.level
        for code in ExportLogMessageCode
        if code.value.startswith("EXPORT_FAILED_")
    }
    assert failures == dict.fromkeys(ERRORS, LogLevel.ERROR) | dict.fromkeys(WARNINGS, LogLevel.WARNING)
    assert ExportLogMessageCode.EXPORT_COMPLETED.level is LogLevel.SUCCESS
    assert len(ExportLogMessageCode) == 45


def test_a_code_is_text_and_its_value_is_its_name() -> None:
    code = ExportLogMessageCode.EXPORT_COMPLETED
    assert code == "EXPORT_COMPLETED"
    assert all(code.value == code.name for code in ExportLogMessageCode)
    assert ExportLogMessageCode("EXPORT_STEP" if False else "EXPORT_FAILED_STEP").level is LogLevel.ERROR


def test_a_missing_value_leaves_the_placeholder_visible() -> None:
    text, _ = resolve_log_message(ExportLogMessageCode.EXPORT_COMPLETED_WITH_FAILURES, "en", exported=3)
    assert "3 items exported, {failed} failed" in text


def test_plugins_register_texts_of_their_own() -> None:
    register_log_messages({MyCode.HELLO: {"en": "Hello {who}", "ko": "안녕 {who}"}})
    assert resolve_log_message(MyCode.HELLO, "ko-KR", who="x") == ("안녕 x", LogLevel.WARNING)
    assert resolve_log_message(MyCode.HELLO, "fr", who="x")[0] == "Hello x"
    assert resolve_log_message(MyCode.HELLO, who="x")[0] == "Hello x"
    register_log_messages({MyCode.HELLO: "Plain"})
    assert resolve_log_message(MyCode.HELLO)[0] == "Plain"


def test_a_code_without_a_text_speaks_by_its_name() -> None:
    assert resolve_log_message(MyCode.BARE) == ("BARE", LogLevel.INFO)


def test_what_is_no_text_is_left_out_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        register_log_messages({MyCode.BARE: {"en": 7, "ko": "네"}})  # type: ignore[dict-item]
        register_log_messages({MyCode.BARE: 7})  # type: ignore[dict-item]
    assert len(caplog.records) == 2
    assert resolve_log_message(MyCode.BARE, "en")[0] == "네"


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("{n} of {m}", "3 of {m}"),
        ("{n:03d} {{literal}}", "003 {literal}"),
        ("{n.__class__}", "{n.__class__}"),
        ("{other!r:>5}", "{other!r:>5}"),
        ("open { brace {n}", "open { brace {n}"),
    ],
)
def test_templates_reach_values_only_by_name(template: str, shown: str) -> None:
    assert LocalizedMessage(en=template).format("en", n=3) == shown
