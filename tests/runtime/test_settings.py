"""A knob has one value, and one place that set it (SDK behaviour §13 and §21)."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from exportkit.errors import SettingRefused, UsageError
from exportkit.runtime import KILL_SWITCH, KNOBS, Settings, Source, unknown_keys

VARIABLE = "SYNAPSE_EXPORT_DISABLE_ASYNC_DELEGATE"

DEFAULTS = {
    "export_shard_size": 10000,
    "export_shard_max_parallel": 3,
    "export_disable_sharding": False,
    "export_progress_flush_interval": 25,
    "export_progress_flush_min_seconds": 0.5,
    "export_delegate_poll_activity_based": True,
    "export_delegate_poll_inactivity_deadline_seconds": 1800,
    "export_delegate_poll_wall_clock_ceiling_seconds": None,
    "export_page_size": None,
    "export_throttle_seconds": None,
    "export_page_retries": None,
    "export_page_retry_backoff": None,
    "export_read_timeout": None,
    "export_acquisition": "auto",
    "download_workers": None,
    "export_async_job_size_threshold": 1000,
    "export_disable_async_delegate": False,
    "bundle_format": "raw_bundle_v1",
    "allow_partial_results": False,
    "data_expand": True,
}


def given(
    field: Any = None,
    extra: Any = None,
    config: Any = None,
    environ: str | None = None,
    *,
    name: str,
    variable: str = "",
) -> Settings:
    params = {name: field, "extra_params": {name: extra}}
    return Settings(params, {name: config}, {} if environ is None else {variable: environ})


def test_the_table_of_knobs_is_the_specified_one() -> None:
    assert {name: setting.value for name, setting in Settings({}, {}, {}).all().items()} == DEFAULTS
    assert {setting.source for setting in Settings({}, {}, {}).all().values()} == {Source.DEFAULT}


@pytest.mark.parametrize(
    ("field", "extra", "config", "environ", "value", "source"),
    [
        (1, 2, 3, "4", 1, "field"),
        (None, 2, 3, "4", 2, "extra_params"),
        (None, None, 3, "4", 3, "config"),
        (None, None, None, "4", 4, "environment"),
        (None, None, None, None, 50, "default"),
        (None, "7", None, None, 7, "extra_params"),
        (None, 7.0, None, None, 7, "extra_params"),
    ],
)
def test_the_higher_source_wins(
    field: Any, extra: Any, config: Any, environ: str | None, value: int, source: str
) -> None:
    settings = given(field, extra, config, environ, name="export_page_size", variable="SYNAPSE_EXPORT_PAGE_SIZE")
    setting = settings.get("export_page_size", default=50)
    assert (setting.value, setting.source) == (value, source)


@pytest.mark.parametrize("name", DEFAULTS)
def test_every_knob_acts_from_every_layer(name: str) -> None:
    default = DEFAULTS[name]
    other: Any = not default if isinstance(default, bool) else 7
    other = {"bundle_format": "raw_bundle_v1", "export_acquisition": "bulk"}.get(name, other)
    for params, config in (({name: other}, {}), ({"extra_params": {name: other}}, {}), ({}, {name: other})):
        setting = Settings(params, config, {}).get(name)
        assert setting.value == other
        assert setting.source is not Source.DEFAULT


def test_the_kill_switch_is_on_as_soon_as_one_source_says_so() -> None:
    sources = ("field", "extra_params", "config", "environment")
    for states in product([True, False, None], repeat=4):
        environ = {} if states[3] is None else {VARIABLE: "1" if states[3] else "0"}
        params = {"disable_async_delegate": states[0], "extra_params": {KILL_SWITCH: states[1]}}
        setting = Settings(params, {KILL_SWITCH: states[2]}, environ).get(KILL_SWITCH)
        on = [source for source, state in zip(sources, states, strict=True) if state]
        said = [source for source, state in zip(sources, states, strict=True) if state is not None]
        assert setting.value is bool(on)
        assert setting.source == (on or said or ["default"])[0]


def test_the_reason_names_the_place() -> None:
    setting = Settings({}, {}, {VARIABLE: "1"}).get(KILL_SWITCH)
    assert setting.reason == f"export_disable_async_delegate is True by the environment variable {VARIABLE}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", True),
        (" TRUE ", True),
        ("yes", True),
        ("On", True),
        ("0", False),
        ("false", False),
        ("", False),
        ("2", False),
        ("ja", False),
    ],
)
def test_in_the_environment_all_but_the_yes_words_are_false(text: str, value: bool) -> None:
    assert Settings({}, {}, {VARIABLE: text}).get(KILL_SWITCH).value is value


@pytest.mark.parametrize("place", ["extra_params", "config"])
@pytest.mark.parametrize(
    ("value", "truth"),
    [
        (True, True), (False, False), (1, True), (0, False), (7, True), ("true", True), (" Yes ", True), ("ON", True),
        ("1", True), ("false", False), ("0", False), ("no", False), ("off", False), ("", False), (None, False),
    ],
)  # fmt: skip
def test_in_params_and_config_words_and_numbers_have_their_truth(place: str, value: object, truth: bool) -> None:
    settings = Settings(
        {"extra_params": {KILL_SWITCH: value}} if place == "extra_params" else {}, {KILL_SWITCH: value}, {}
    )
    assert settings.get(KILL_SWITCH).value is truth


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (KILL_SWITCH, "maybe"),
        (KILL_SWITCH, 0.5),
        (KILL_SWITCH, [1]),
        ("export_page_size", 0),
        ("export_page_size", 1001),
        ("export_page_size", "many"),
        ("export_page_size", True),
        ("export_page_size", 1.5),
        ("export_page_size", float("nan")),
        ("export_page_size", float("inf")),
        ("export_page_size", "9" * 400),
        ("export_shard_size", 0),
        ("export_shard_max_parallel", -1),
        ("export_throttle_seconds", -0.1),
        ("export_read_timeout", 0),
        ("export_page_retries", -1),
        ("bundle_format", "coco"),
    ],
)
@pytest.mark.parametrize("place", ["top", "extra_params", "config"])
def test_a_value_that_a_knob_does_not_take_is_refused_with_its_place(name: str, value: object, place: str) -> None:
    places: dict[str, dict[str, Any]] = {"top": {name: value}, "extra_params": {"extra_params": {name: value}}}
    params = places.get(place, {})
    settings = Settings(params, {name: value} if place == "config" else {}, {})
    with pytest.raises(SettingRefused, match=name) as caught:
        settings.get(name)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, UsageError)
    assert {"top": "parameter", "extra_params": "extra_params", "config": "config"}[place] in str(caught.value)
    with pytest.raises(SettingRefused):
        settings.all()


def test_a_bad_number_in_the_environment_is_refused_with_its_variable() -> None:
    with pytest.raises(SettingRefused, match="SYNAPSE_EXPORT_PAGE_SIZE"):
        Settings({}, {}, {"SYNAPSE_EXPORT_PAGE_SIZE": "many"}).get("export_page_size")


def test_a_threshold_that_is_no_number_is_passed_over() -> None:
    setting = Settings({"async_job_size_threshold": "many"}, {"export_async_job_size_threshold": 5}, {}).get(
        "export_async_job_size_threshold"
    )
    assert (setting.value, setting.source) == (5, Source.CONFIG)


def test_a_ceiling_of_nothing_is_no_ceiling() -> None:
    name = "export_delegate_poll_wall_clock_ceiling_seconds"
    assert Settings({name: 0}, {}, {}).get(name).value is None
    assert Settings({name: 60}, {}, {}).get(name).value == 60


def test_the_older_spelling_of_the_bundle_format_is_read_and_a_writer_is_not() -> None:
    assert Settings({"format": "raw_bundle_v1"}, {}, {}).get("bundle_format").source is Source.FIELD
    assert Settings({"format": "coco"}, {}, {}).get("bundle_format").source is Source.DEFAULT


def test_keys_that_nobody_reads_are_told() -> None:
    params = {"name": "x", "storge": 1, "export_page_size": 5, "extra_params": {"mine": 1, "export_page_sise": 5}}
    sentences = unknown_keys(params, ["name", "storage", "extra_params"], {"data_expnd": True, "scale": 2})
    assert sentences == [
        "The parameter 'storge' is unknown and has no effect; did you mean 'storage'?",
        "'export_page_sise' in extra_params sets nothing here; did you mean 'export_page_size'?",
        "'data_expnd' in the config of the action sets nothing here; did you mean 'data_expand'?",
    ]


def test_the_process_environment_is_read_when_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "on")
    assert Settings().get(KILL_SWITCH).value is True


def test_every_knob_has_a_row() -> None:
    assert set(KNOBS) == set(DEFAULTS)
