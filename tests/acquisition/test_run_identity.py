"""A run goes on with what another one acquired only where every byte of it would be the same."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from exportkit.acquisition import RunFacts
from exportkit.actions.run_identity import run_facts
from exportkit.writing import AcquisitionNeeds


def facts_of(backend: str = "http://host tenant", **changed: Any) -> RunFacts:
    context = {"params": {"target": "task"}, "config": {"color": "red"}, "needs": AcquisitionNeeds(), **changed}
    return run_facts(SimpleNamespace(**context), backend)


@pytest.mark.parametrize(
    "changed",
    [
        {"backend": "http://host other-tenant"},
        {"backend": "http://other-host tenant"},
        {"params": {"target": "assignment"}},
        {"params": {"target": "task", "extra_params": {"color": "blue"}}},
        {"config": {"color": "blue"}},
        {"needs": AcquisitionNeeds(originals=True)},
    ],
)
def test_what_can_change_a_byte_makes_another_run(changed: dict[str, Any]) -> None:
    assert facts_of(**changed).params_hash != facts_of().params_hash


@pytest.mark.parametrize(
    "changed",
    [
        {"params": {"target": "task", "max_errors": 3, "export_page_size": 50}},
        {"params": {"target": "task", "extra_params": {"export_page_size": 50}}},
        {"config": {"color": "red", "export_shard_size": 2}},
    ],
)
def test_how_it_is_acquired_makes_no_other_run(changed: dict[str, Any]) -> None:
    assert facts_of(**changed) == facts_of()
