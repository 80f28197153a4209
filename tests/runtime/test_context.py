"""What an action finds around it (SDK behaviour §5)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.runtime.test_logger import Notebook

from exportkit.errors import UsageError
from exportkit.runtime import (
    AnnotationTool,
    DataType,
    ExportLogMessageCode,
    ExportStatus,
    LocalizedMessage,
    LogLevel,
    PluginCategory,
    PluginEnvironment,
    ProgressThrottle,
    RuntimeContext,
    build_throttle_from_params,
)


def context(language: str | None = None, **environ: str) -> tuple[RuntimeContext, Notebook]:
    notebook = Notebook()
    return RuntimeContext(logger=notebook, env=PluginEnvironment(environ), language=language), notebook


def said(notebook: Notebook) -> list[str]:
    return [data["content"] for _, data, _, _ in notebook.entries]


def test_the_language_is_that_of_the_call_then_the_context_then_the_environment_then_english() -> None:
    texts = {"en": "e {n}", "ko": "k {n}", "de": "d {n}"}
    for language, environ, chosen, shown in [
        ("ko", {"SYNAPSE_LANGUAGE": "de"}, "en", "e 1"),
        ("ko", {"SYNAPSE_LANGUAGE": "de"}, None, "k 1"),
        (None, {"SYNAPSE_LANGUAGE": "de"}, None, "d 1"),
        (None, {}, None, "e 1"),
        ("fr", {}, None, "e 1"),
    ]:
        ctx, notebook = context(language, **environ)
        ctx.log_message(texts, language=chosen, n=1)
        ctx.log_message(LocalizedMessage(**texts), language=chosen, n=1)
        assert said(notebook) == [shown, shown]


def test_a_code_brings_its_level_and_its_key() -> None:
    ctx, notebook = context("ko")
    ctx.log_message(ExportLogMessageCode.EXPORT_COMPLETED, LogLevel.DEBUG, step="finalize", count=3)
    ((event, data, step, level),) = notebook.entries
    assert (event, step, level) == ("message", "finalize", LogLevel.SUCCESS)
    assert data == {"content": "내보내기가 완료되었습니다: 3건.", "key": "EXPORT_COMPLETED"}


def test_plain_text_is_taken_as_it_is_unless_there_are_values() -> None:
    ctx, notebook = context()
    ctx.log_message("100 {%} {n}")
    ctx.log_message("{n} {m}", context="warning", n=1)
    assert said(notebook) == ["100 {%} {n}", "1 {m}"]
    assert notebook.entries[1][3] is LogLevel.WARNING


def test_events_for_developers_are_hidden() -> None:
    ctx, notebook = context()
    ctx.log_dev_event("m", {"a": 1})
    ctx.log_metric("train", "loss", 0.5, accuracy=0.9)
    ctx.log_visualization("val", "g", 0, "/x.png", size=1)
    ctx.log_trials(trials={"t": {}}, best_trial="t")
    ctx.end_log()
    assert [(event, level) for event, _, _, level in notebook.entries] == [
        ("dev_event", LogLevel.DEBUG),
        ("metric", LogLevel.INFO),
        ("visualization", LogLevel.INFO),
        ("trials", LogLevel.INFO),
        ("message", LogLevel.INFO),
    ]
    assert notebook.entries[0][1] == {"message": "m", "data": {"a": 1}}
    assert notebook.entries[1][1] == {"category": "train", "key": "loss", "value": 0.5, "metrics": {"accuracy": 0.9}}


def test_clients_have_two_names_each() -> None:
    ctx = RuntimeContext(Notebook(), PluginEnvironment(), "j", "one", "two")
    assert (ctx.client_v1, ctx.client_v2, ctx.job_id) == ("one", "two", "j")


def test_an_environment_reads_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPORTKIT_T_A", "1")
    monkeypatch.setenv("SYNAPSE_T_B", "x")
    assert PluginEnvironment.from_environ("EXPORTKIT_T_").to_dict() == {"A": "1"}
    both = PluginEnvironment.from_environ(prefixes=("EXPORTKIT_T_", "SYNAPSE_T_"))
    assert both.to_dict() == {"EXPORTKIT_T_A": "1", "SYNAPSE_T_B": "x"}
    file = tmp_path / "env.toml"
    file.write_text('n = 3\nf = "0.5"\nflag = " YES "\nlist = "a, b,,c"\nlist2 = [1, 2]\n', encoding="utf-8")
    env = PluginEnvironment.merge(PluginEnvironment({"n": 1, "kept": True}), PluginEnvironment.from_file(file))
    assert (env.get_int("n"), env.get_float("f"), env.get_bool("flag"), env.get_str("n")) == (3, 0.5, True, "3")
    assert (env.get_list("list"), env.get_list("list2")) == (["a", "b", "c"], [1, 2])
    assert ("kept" in env, env["kept"], env.get_bool("none", default=True), env.get("none")) == (True, True, True, None)
    assert env.get_int("none", 9) == 9
    with pytest.raises(KeyError):
        env["none"]
    file.write_text("n = ", encoding="utf-8")
    with pytest.raises(UsageError, match=r"env\.toml"):
        PluginEnvironment.from_file(file)
    with pytest.raises(FileNotFoundError):
        PluginEnvironment.from_file(tmp_path / "absent.toml")


def test_an_environment_shows_no_values_in_its_name() -> None:
    assert "canary" not in repr(PluginEnvironment({"SYNAPSE_TOKEN": "canary"}))


def test_the_words_are_those_of_the_backend() -> None:
    assert [category.value for category in PluginCategory] == [
        "neural_net", "export", "upload", "smart_tool", "post_annotation", "pre_annotation", "data_validation",
        "custom",
    ]  # fmt: skip
    assert [kind.value for kind in DataType] == ["image", "text", "video", "pcd", "audio", "data"]
    assert len(AnnotationTool) == 14
    assert AnnotationTool("3d_bounding_box") is AnnotationTool.BOUNDING_BOX_3D
    assert isinstance(ExportStatus.SUCCESS, str)
    assert [status.value for status in ExportStatus] == ["success", "failed", "stand_by"]


def test_a_throttle_lets_the_first_the_last_and_every_nth_through() -> None:
    now = [0.0]
    throttle = ProgressThrottle(every_n=10, min_interval=5.0, time_fn=lambda: now[0])
    assert [no for no in range(1, 26) if throttle.should_flush(no, 25)] == [1, 10, 20, 25]
    assert not throttle.should_flush(21, 100)
    now[0] = 5.0
    assert throttle.should_flush(22, 100)
    assert not throttle.should_flush(23, 100)
    assert throttle.should_flush(101, 100)


@pytest.mark.parametrize(
    ("params", "passed"),
    [
        (None, [1, 25, 50]),
        ({}, [1, 25, 50]),
        ({"export_progress_flush_interval": 20}, [1, 20, 40, 50]),
        ({"extra_params": {"export_progress_flush_interval": "20"}}, [1, 20, 40, 50]),
        (
            {"export_progress_flush_interval": 20, "extra_params": {"export_progress_flush_interval": 10}},
            [1, 20, 40, 50],
        ),
        ({"export_progress_flush_interval": "many", "extra_params": None}, [1, 25, 50]),
        ({"export_progress_flush_interval": float("nan")}, [1, 25, 50]),
    ],
)
def test_a_throttle_is_built_from_params(params: dict[str, Any] | None, passed: list[int]) -> None:
    quiet = {"export_progress_flush_min_seconds": 3600}
    throttle = build_throttle_from_params(quiet if params is None else {**quiet, **params})
    assert [no for no in range(1, 51) if throttle.should_flush(no, 50)] == passed
