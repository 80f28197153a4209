"""What every logger promises (SDK behaviour §6)."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from exportkit.runtime import BaseLogger, LogLevel, NoOpLogger, ProgressData, redacted
from exportkit.runtime.progress import ProgressBoard


class Notebook(BaseLogger):
    """Keeps what it is given."""

    def __init__(self, trouble: Exception | None = None) -> None:
        super().__init__()
        self.entries: list[tuple[str, dict[str, Any], str | None, LogLevel | None]] = []
        self.trouble = trouble
        self.finishes = 0

    def _log_impl(
        self, event: str, data: dict[str, Any], file: str | None, step: str | None, level: LogLevel | None = None
    ) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.entries.append((event, data, step, level))

    def _on_progress(self, progress: ProgressData, step: str | None) -> None:
        if self.trouble is not None:
            raise self.trouble

    def _on_finish(self) -> None:
        self.finishes += 1


def test_an_entry_belongs_to_the_current_step_unless_one_is_named() -> None:
    logger = Notebook()
    logger.set_step("save", order=2)
    logger.log(LogLevel.INFO, "a", {})
    logger.log(LogLevel.INFO, "b", {}, step="other")
    assert [(event, step) for event, _, step, _ in logger.entries] == [("a", "save"), ("b", "other")]
    assert (logger.get_step(), logger.get_step_order()) == ("save", 2)
    logger.set_step(None, order=2)
    assert (logger.get_step(), logger.get_step_order()) == (None, None)


def test_the_data_of_an_entry_are_copied() -> None:
    logger = Notebook()
    data: dict[str, Any] = {"n": 1, "deep": {"list": [1]}}
    logger.log(LogLevel.INFO, "a", data)
    data["n"] = 2
    data["deep"]["list"].append(2)
    assert logger.entries[0][1] == {"n": 1, "deep": {"list": [1]}}


@pytest.mark.parametrize(("level", "data"), [("info", {}), (None, {}), (LogLevel.INFO, "text"), (LogLevel.INFO, None)])
def test_a_wrong_level_or_wrong_data_raise(level: Any, data: Any) -> None:
    with pytest.raises(TypeError):
        Notebook().log(level, "a", data)


def test_words_become_messages_and_debug_stays_hidden() -> None:
    logger = Notebook()
    logger.info("i")
    logger.warning("w")
    logger.error("e")
    logger.critical("c")
    logger.debug("d")
    logger.log_message("m", context="success")
    assert [(event, data["content"], level) for event, data, _, level in logger.entries] == [
        ("message", "i", LogLevel.INFO),
        ("message", "w", LogLevel.WARNING),
        ("message", "e", LogLevel.ERROR),
        ("message", "c", LogLevel.CRITICAL),
        ("debug", "d", LogLevel.DEBUG),
        ("message", "m", LogLevel.SUCCESS),
    ]


@pytest.mark.parametrize(("current", "total"), [(0, 0), (1, -1), (-1, 10), (11, 10)])
def test_numbers_that_are_no_progress_raise_at_the_plugin(current: int, total: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        Notebook().set_progress(current, total)


def test_percent_is_rounded_and_the_rest_is_foreseen() -> None:
    now = [100.0]
    board = ProgressBoard(lambda: now[0])
    assert board.update(0, 3, "a") == ProgressData(0.0, None, 0.0)
    now[0] = 110.0
    assert board.update(1, 3, "a") == ProgressData(33.33, 20.0, 10.0)
    board.update(0, 3, "a")
    now[0] = 112.0
    assert board.update(1, 3, "a") == ProgressData(33.33, 4.0, 2.0)


def test_our_own_progress_tolerates_growth_and_never_raises() -> None:
    logger = Notebook()
    logger.report_progress(5, 4, "a")
    logger.report_progress(-3, 4, "b")
    logger.report_progress(0, 0, "c")
    assert logger.get_progress("a") == ProgressData(100.0, 0.0, logger.get_progress("a").elapsed_time)  # type: ignore[union-attr]
    assert logger.get_progress("b").percent == 0.0  # type: ignore[union-attr]
    assert logger.get_progress("c") is None
    logger.report_progress(None, "x", "d")  # type: ignore[arg-type]
    logger.finish()
    logger.report_progress(1, 2, "a")


def test_a_total_that_grows_does_not_take_the_whole_back() -> None:
    logger = Notebook()
    logger.open_workflow({"fetch": 50.0, "save": 50.0}, {"fetch": 0, "save": 1})
    logger.report_progress(100, 100, "fetch")
    logger.report_progress(101, 200, "fetch")
    record = logger.get_progress_record(time_elapsed=3)
    assert record is not None
    assert record["current_progress"]["overall"] == 50.0
    assert record["current_progress"]["time_elapsed"] == 3


def test_the_record_has_the_shape_of_the_wire() -> None:
    logger = NoOpLogger()
    assert logger.get_progress_record() is None
    logger.open_workflow({"initialize": 2.0, "fetch_results": 5.0}, {"initialize": 0, "fetch_results": 1})
    logger.set_progress(100, 100, "initialize")
    logger.set_progress(0, 10, "fetch_results")
    assert logger.get_progress_record() == {
        "record": {
            "steps": {
                "initialize": {"proportion": 2, "order": 0, "percent": 100.0, "time_remaining": 0.0},
                "fetch_results": {"proportion": 5, "order": 1, "percent": 0.0, "time_remaining": None},
            }
        },
        "current_progress": {
            "overall": 2.0,
            "step": "fetch_results",
            "percent": 0.0,
            "time_remaining": None,
            "order": 1,
        },
    }


def test_without_steps_the_whole_follows_what_the_plugin_reports() -> None:
    logger = NoOpLogger()
    logger.set_progress(1, 4, "dataset_conversion")
    record = logger.get_progress_record()
    assert record is not None
    assert record["current_progress"]["overall"] == 25.0


def test_proportions_are_set_before_progress_and_win_over_the_orchestrator() -> None:
    logger = NoOpLogger()
    logger.set_step_proportions({"a": 10, "b": 90})
    logger.open_workflow({"x": 100.0}, {"x": 0})
    assert logger.step_proportions == {"a": 10, "b": 90}
    logger.set_progress(1, 2, "a")
    with pytest.raises(RuntimeError, match="before"):
        logger.set_step_proportions({"c": 100})


def test_a_failed_step_is_told() -> None:
    logger = NoOpLogger()
    logger.set_progress(1, 2, "a")
    logger.set_progress_failed("a")
    progress = logger.get_progress("a")
    assert progress is not None
    assert (progress.percent, progress.status) == (0.0, "failed")


def test_metrics_merge_and_need_a_step() -> None:
    logger = NoOpLogger()
    with pytest.raises(ValueError, match="step"):
        logger.set_metrics({"success": 1})
    with pytest.raises(TypeError):
        logger.set_metrics("success", "a")  # type: ignore[arg-type]
    logger.set_metrics({"success": 1}, "a")
    logger.set_step("a")
    logger.set_metrics({"failed": 2})
    assert logger.get_metrics() == {"a": {"success": 1, "failed": 2}}
    logger.get_metrics("a")["success"] = 9
    assert logger.get_metrics("a") == {"success": 1, "failed": 2}


def test_nothing_can_be_logged_after_the_end_and_the_end_comes_once() -> None:
    logger = Notebook()
    logger.finish()
    logger.finish()
    assert logger.finishes == 1
    with pytest.raises(RuntimeError):
        logger.info("x")
    with pytest.raises(RuntimeError):
        logger.set_progress(1, 2)
    with pytest.raises(RuntimeError):
        logger.set_metrics({}, "a")


def test_a_sink_that_raises_fails_nobody_and_is_counted() -> None:
    logger = Notebook(trouble=ConnectionError("down"))
    logger.info("a")
    logger.set_progress(1, 2)
    assert logger.lost_entries == 2


def test_data_that_hold_themselves_fail_nobody_and_are_counted() -> None:
    logger = Notebook()
    data: dict[str, Any] = {}
    data["self"] = data
    logger.log(LogLevel.INFO, "e", data)
    assert logger.lost_entries == 1


def test_secrets_in_addresses_reach_no_sink() -> None:
    logger = Notebook()
    logger.error(
        "GET https://user:pw@store.example/a.json?X-Amz-Signature=canary&x=1 failed (Authorization: Token canary12345)"
    )
    logger.log(
        LogLevel.INFO,
        "e",
        {"data_file_info": '{"url": "https://x.example/f?sig=canary"}', "l": [{"u": "s3://b/k?sig=canary"}]},
    )
    assert "canary" not in repr(logger.entries)
    assert "pw" not in repr(logger.entries)
    assert "https://store.example/a.json?… failed" in logger.entries[0][1]["content"]
    assert logger.entries[1][1]["data_file_info"] == '{"url": "https://x.example/f?…"}'


def test_threads_share_a_logger() -> None:
    logger = Notebook()

    def work(name: str) -> None:
        for number in range(200):
            logger.report_progress(number, 200, name)
            logger.set_metrics({name: number}, "data_file")

    threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert logger.get_metrics("data_file") == {f"t{number}": 199 for number in range(4)}
    assert logger.lost_entries == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET https://s/it's.jpg?sig=canary failed", "GET https://s/it's.jpg?… failed"),
        (r'{"a": "{\"url\": \"https://s/a?sig=canary\"}"}', r'{"a": "{\"url\": \"https://s/a?…\"}"}'),
        ("https://s/a?x=\\y&sig=canary", "https://s/a?…"),
        ("see https://s/a and b?", "see https://s/a and b?"),
        ("HTTPS://u:canary@s:8/a", "HTTPS://s:8/a"),
        ("bearer canary-canary", "bearer …"),
        ('{"Authorization": "Token canary99"}', '{"Authorization": "Token …"}'),
        ("Synapse-Access-Token: Token canary99", "Synapse-Access-Token: Token …"),
        ("SYNAPSE-Tenant=canary99", "SYNAPSE-Tenant=…"),
        ("SYNAPSE_PLUGIN_RUN_USER_TOKEN=canary99 set", "SYNAPSE_PLUGIN_RUN_USER_TOKEN=… set"),
        ("got syn_canary99canary99", "got syn_…"),
        ("synapse_sdk.plugins failed", "synapse_sdk.plugins failed"),
        ("what? why?", "what? why?"),
    ],
)
def test_an_address_keeps_what_is_no_secret(text: str, shown: str) -> None:
    assert redacted(text) == shown


def test_a_secret_under_its_name_reaches_no_sink() -> None:
    logger = Notebook()
    env = {"SYNAPSE_ACCESS_TOKEN": "canary", "Authorization": "canary", "password": "canary", "SYNAPSE_HOST": "h"}
    logger.log(LogLevel.INFO, "e", {"env": env, "token": "word", "access_token": None})
    assert "canary" not in repr(logger.entries)
    assert logger.entries[0][1]["env"]["SYNAPSE_HOST"] == "h"
    assert logger.entries[0][1]["token"] == "word"
    assert logger.entries[0][1]["access_token"] is None


def test_hostile_texts_are_cleaned_in_no_time() -> None:
    began = time.monotonic()
    for text in (
        "a." * 100_000 + "://",
        "a://" * 50_000,
        "authorization " * 20_000,
        "synapse-" * 20_000,
        "x://" + "?" * 200_000,
    ):
        redacted(text)
    assert time.monotonic() - began < 2
