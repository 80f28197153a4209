"""Who acquires the data: three gates in their order, and switches that only ever close."""

from __future__ import annotations

import warnings
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.actions.workshop import Listener, context, params, rows, run

from exportkit.actions import (
    BaseExporter,
    DelegationConfig,
    DelegationDecision,
    export_action_of,
    resolve_delegation_decision,
)
from exportkit.clients import OfflineClient
from exportkit.errors import SettingRefused, StepFailed
from exportkit.runtime import LogLevel
from exportkit.testing import MemoryClient

V2 = object()
ON = DelegationConfig()
OFF = DelegationConfig(enabled=False, source="somebody")


@pytest.mark.parametrize(
    ("target", "filters", "project", "config", "v2", "reason"),
    [
        ("task", {"project": 1}, None, ON, V2, ""),
        ("assignment", {"project": 1}, None, ON, V2, ""),
        ("task", {}, 7, ON, V2, ""),
        ("task", {"project": 0}, None, ON, V2, ""),
        ("ground_truth", {"ground_truth_dataset_version": 3}, None, ON, V2, ""),
        ("ground_truth", {"ground_truth_dataset_versions": [3, 4]}, None, ON, V2, ""),
        ("ground_truth", {"project": 1}, 1, ON, V2, "delegation scope unresolved"),
        ("ground_truth", {"ground_truth_dataset_versions": []}, 1, ON, V2, "delegation scope unresolved"),
        ("task", {"ground_truth_dataset_version": 3}, None, ON, V2, "delegation scope unresolved"),
        ("task", {"project": None}, None, ON, V2, "delegation scope unresolved"),
        ("task", None, None, ON, V2, "delegation scope unresolved"),
        ("task", {"project": 1}, None, ON, None, "v2 client not wired"),
        ("task", {}, None, ON, None, "v2 client not wired"),
        ("task", {"project": 1}, None, OFF, V2, "kill-switch (somebody)"),
        ("task", {}, None, OFF, None, "kill-switch (somebody)"),
    ],
)
def test_the_first_gate_that_is_closed_gives_the_reason(
    target: str, filters: Any, project: int | None, config: DelegationConfig, v2: Any, reason: str
) -> None:
    decision = resolve_delegation_decision(
        v2_client=v2, client=None, target=target, filters=filters, project_id=project, config=config
    )
    assert (decision.reason, decision.delegate) == (reason, reason == "")


def test_an_offline_source_is_read_in_process_whatever_the_gates_say(checkout: Path, tmp_path: Path) -> None:
    with OfflineClient(checkout / "fixtures/bundles/golden", tmp_path) as client:
        for config in (ON, OFF):
            decision = resolve_delegation_decision(
                v2_client=V2, client=client, target="task", filters={"project": 1}, project_id=None, config=config
            )
            assert (decision.delegate, decision.reason) == (False, "offline source")


@pytest.mark.parametrize("count", [0, 1, 1000, 1_000_000])
def test_the_number_of_rows_decides_nothing(count: int) -> None:
    client = SimpleNamespace(list_tasks=lambda **_: {"count": count})
    decision = resolve_delegation_decision(
        v2_client=V2, client=client, target="task", filters={"project": 1}, project_id=None, config=ON
    )
    assert decision == DelegationDecision(delegate=True, count=count, project_id=1)


def test_rows_that_cannot_be_counted_are_delegated_with_an_unknown_number() -> None:
    def broken(**_: Any) -> Any:
        raise TimeoutError("no answer")

    def given(answer: Any, **_: Any) -> Any:
        return answer

    answers: list[Any] = [{"results": []}, {"count": "7"}, {"count": True}, None]
    for lister in (broken, *(partial(given, answer) for answer in answers)):
        decision = resolve_delegation_decision(
            v2_client=V2,
            client=SimpleNamespace(list_tasks=lister),
            target="task",
            filters={"project": 1},
            project_id=None,
            config=ON,
        )
        assert (decision.delegate, decision.count) == (True, None)


FIELD, EXTRA, CONFIG, ENV = (
    {"disable_async_delegate": True},
    {"extra_params": {"export_disable_async_delegate": "yes"}},
    {"export_disable_async_delegate": 1},
    {"SYNAPSE_EXPORT_DISABLE_ASYNC_DELEGATE": "on"},
)


@pytest.mark.parametrize(
    ("given", "config", "environ", "enabled", "named"),
    [
        ({}, {}, {}, True, "default"),
        (FIELD, {}, {}, False, "disable_async_delegate"),
        (EXTRA, {}, {}, False, "extra_params"),
        ({}, CONFIG, {}, False, "config"),
        ({}, {}, ENV, False, "SYNAPSE_EXPORT_DISABLE_ASYNC_DELEGATE"),
        ({"disable_async_delegate": False}, {}, ENV, False, "SYNAPSE_"),
        ({"disable_async_delegate": False}, CONFIG, {}, False, "config"),
        (
            {"disable_async_delegate": False, "extra_params": {"export_disable_async_delegate": 0}},
            {},
            {},
            True,
            "default",
        ),
        ({"extra_params": {"export_disable_async_delegate": "false"}}, CONFIG, ENV, False, "config"),
        ({**FIELD, **EXTRA}, CONFIG, ENV, False, "disable_async_delegate"),
        ({}, {"export_disable_async_delegate": "0"}, {}, True, "default"),
        ({}, {"export_disable_async_delegate": None}, {"SYNAPSE_EXPORT_DISABLE_ASYNC_DELEGATE": "0"}, True, "default"),
        ({}, {}, {"SYNAPSE_EXPORT_DISABLE_ASYNC_DELEGATE": "maybe"}, True, "default"),
    ],
)
def test_any_switch_closes_and_none_opens_again(
    given: dict[str, Any], config: dict[str, Any], environ: dict[str, str], enabled: bool, named: str
) -> None:
    found = DelegationConfig.from_sources(params=given, config=config, environ=environ)
    assert found.enabled is enabled
    assert named in found.source


def test_a_switch_that_is_neither_on_nor_off_is_an_error() -> None:
    with pytest.raises(SettingRefused, match="maybe"):
        DelegationConfig.from_sources(config={"export_disable_async_delegate": "maybe"}, environ={})


@pytest.mark.parametrize(
    ("given", "config", "environ"),
    [
        ({"async_job_size_threshold": 10}, {}, {}),
        ({"extra_params": {"export_async_job_size_threshold": "10"}}, {}, {}),
        ({}, {"export_async_job_size_threshold": 10}, {}),
        ({}, {}, {"SYNAPSE_EXPORT_ASYNC_JOB_SIZE_THRESHOLD": "10"}),
    ],
)
def test_a_threshold_warns_once_and_has_no_effect(
    given: dict[str, Any], config: dict[str, Any], environ: dict[str, str]
) -> None:
    with pytest.warns(DeprecationWarning, match="threshold") as caught:
        found = DelegationConfig.from_sources(params=given, config=config, environ=environ)
    assert len(caught) == 1
    assert found.enabled


class Plain(BaseExporter):
    """Writes what it gets."""


def test_the_fallback_warns_once_and_tells_the_job_log_once_with_the_reason(tmp_path: Path) -> None:
    logger = Listener()
    client = MemoryClient(tasks=rows(1), storages={1: tmp_path})
    with pytest.warns(DeprecationWarning, match="in process") as caught:
        export_action_of(Plain).dispatch(params(), context(client, logger))
    assert [str(warning.message) for warning in caught].count(str(caught[0].message)) == len(caught) == 1
    told = [data["content"] for event, data, _, level in logger.entries if level is LogLevel.WARNING]
    assert len([text for text in told if "v2 client not wired" in text]) == 1
    assert "v2 client not wired" in str(caught[0].message)


def test_an_offline_source_warns_nobody(checkout: Path, tmp_path: Path) -> None:
    logger = Listener()
    with OfflineClient(checkout / "fixtures/bundles/golden", tmp_path) as client, warnings.catch_warnings():
        warnings.simplefilter("error")
        export_action_of(Plain).dispatch(params(target="assignment"), context(client, logger))
    assert LogLevel.WARNING not in {level for *_, level in logger.entries}


def test_the_decision_is_taken_once_a_run_and_may_be_overridden(tmp_path: Path) -> None:
    asked = []

    class Deciding(export_action_of(Plain)):  # type: ignore[misc]
        def _resolve_delegation_decision(self) -> DelegationDecision:
            asked.append(self)
            return DelegationDecision(delegate=False, reason="as the plugin wishes")

    logger = Listener()
    result = run(Plain, tmp_path, rows(2), action=Deciding, logger=logger)
    assert len(asked) == 1
    assert result["exported_count"] == 2
    assert any("as the plugin wishes" in data["content"] for data in logger.events("message"))


def test_a_delegated_run_says_plainly_that_it_cannot_go_on(tmp_path: Path) -> None:
    client = MemoryClient(tasks=rows(1), storages={1: tmp_path})
    with pytest.raises(StepFailed, match=r"Step 'delegate_enqueue' failed: .*disable_async_delegate"):
        export_action_of(Plain).dispatch(params(), context(client, v2_client=V2))
    assert list(tmp_path.iterdir()) == []
