"""Parameters are judged by their form, by the backend and by the target, before anything begins."""

from __future__ import annotations

import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError
from tests.actions.workshop import params

from exportkit.actions import ExportParams, TargetHandlerFactory
from exportkit.testing import MemoryClient


def validated(given: dict[str, Any], **context: Any) -> ExportParams:
    return ExportParams.model_validate(given, context=context or None)


def test_the_least_that_can_be_given_has_the_documented_defaults() -> None:
    given = validated({"name": "a", "storage": 1, "path": "p", "target": "task", "filter": {}})
    assert given.save_original_file is True
    assert given.disable_async_delegate is None
    assert given.extra_params is None


@pytest.mark.parametrize(
    "name",
    ["", "  ", ".", "..", "../../evil", "/evil", "a/b", "a\\b", "a\0b", "a\nb", "C:evil", "%2e%2e%2fevil", "x" * 300],
)
def test_a_name_that_could_leave_its_folder_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="name"):
        validated(params(name=name))


@pytest.mark.parametrize(
    "path", ["", " ", "/etc", "..", "a/../b", "../../evil", "a//b", "./a", "a\\b", "\\\\host\\share", "C:/a"]
)
def test_a_path_that_could_leave_the_storage_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="path"):
        validated(params(path=path))


@pytest.mark.parametrize(
    ("name", "path"), [("My Export", "exports/my-export"), ("수출 (1)", "a/b/"), ("...x", ".hidden")]
)
def test_ordinary_names_and_paths_are_taken_as_they_are(name: str, path: str) -> None:
    given = validated(params(name=name, path=path))
    assert (given.name, given.path) == (name, path)


def test_a_storage_that_the_backend_does_not_have_is_a_client_error() -> None:
    with pytest.raises(ValidationError) as caught:
        validated(params(storage=9), client=MemoryClient(storages={1: Path()}))
    (error,) = caught.value.errors()
    assert (error["type"], error["msg"]) == ("client_error", "Unable to get storage from Synapse backend.")


@pytest.mark.parametrize(
    ("target", "bad", "words"),
    [
        ("task", {}, "project"),
        ("assignment", {"project": None}, "project"),
        ("ground_truth", {"project": 1}, "ground_truth_dataset_version"),
        ("task", {"project": 1, "colour": "red"}, "colour"),
        ("task", {"project": 1, "workshop": 1}, "workshop"),
        ("task", {"project": 1, "ids": "9-3"}, "ids"),
        ("task", {"project": 1, "ordering": "-created"}, "unique"),
        ("task", {"project": 1, "page": 2}, "page"),
        ("task", {"project": 1, "ids": ["1234567"] * 2000}, "bytes"),
    ],
)
def test_a_filter_is_judged_by_its_target(target: str, bad: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        validated(params(target=target, filter=bad), client=MemoryClient(storages={1: Path()}))


def test_dataset_versions_are_looked_up() -> None:
    client = MemoryClient(storages={1: Path()}, versions=[4])
    validated(params(target="ground_truth", filter={"ground_truth_dataset_version": 4}), client=client)
    with pytest.raises(ValidationError, match="5"):
        validated(params(target="ground_truth", filter={"ground_truth_dataset_versions": [4, 5]}), client=client)


def test_the_client_of_the_action_counts_before_the_one_of_the_context() -> None:
    action = SimpleNamespace(client=MemoryClient(storages={1: Path()}))
    validated(params(), action=action, client=MemoryClient())
    with pytest.raises(ValidationError):
        validated(params(), action=SimpleNamespace(client=MemoryClient()), client=MemoryClient(storages={1: Path()}))


def test_without_a_client_the_backend_is_not_asked() -> None:
    assert validated(params(storage=404, filter={"colour": "red"})).storage == 404


def test_an_unknown_key_is_a_warning_that_names_it_and_an_error_where_strict() -> None:
    with pytest.warns(UserWarning, match="save_originals"):
        validated(params(save_originals=True))
    with pytest.raises(ValidationError, match="save_originals"):
        validated(params(save_originals=True), strict=True)


@pytest.mark.parametrize("place", ["top", "extra"])
@pytest.mark.parametrize("key", ["export_page_size", "export_progress_flush_interval", "export_shard_size"])
def test_a_knob_is_known_at_the_top_and_in_extra_params(place: str, key: str) -> None:
    given = {key: 10} if place == "top" else {"extra_params": {key: 10}}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        validated(params(**given))


def test_a_knob_with_a_value_that_it_does_not_take_is_refused() -> None:
    for given in ({"export_page_size": 0}, {"extra_params": {"export_page_size": "many"}}):
        with pytest.raises(ValidationError, match="export_page_size"):
            validated(params(**given))


def test_extra_params_cannot_stand_in_for_what_every_exporter_gets() -> None:
    with pytest.raises(ValidationError, match="path_root"):
        validated(params(extra_params={"path_root": "/etc"}))


def test_a_registered_target_is_a_target_and_an_unknown_one_names_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TargetHandlerFactory, "_handlers", dict(TargetHandlerFactory._handlers))
    with pytest.raises(ValidationError, match=r"Unknown target: 'mine'. Supported targets: .*task"):
        validated(params(target="mine"))

    class Mine:
        def get_results(self, client: Any, filters: dict[str, Any]) -> Any:
            return [], 0

        def validate_filter(self, filters: dict[str, Any], client: Any) -> dict[str, Any]:
            if "required_field" not in filters:
                raise ValueError("required_field is required")
            return filters

    TargetHandlerFactory.register_handler("mine", Mine)
    validated(params(target="mine", filter={"required_field": 1}), client=MemoryClient(storages={1: Path()}))
    with pytest.raises(ValidationError, match="required_field is required"):
        validated(params(target="mine"), client=MemoryClient(storages={1: Path()}))
