"""What exports ask beside rows: projects, dataset versions, storages (wire contract, sections 2 and 15)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.sdk.existing import CallFailed, ExistingSdk, Family, options_of
from tests.server.process import Announced


def test_a_project_has_a_classification(v1: Family, backend: Announced) -> None:
    project = v1("get_project", backend.project_id)
    assert project["id"] == backend.project_id
    assert project["configuration"] == {"classification": {}}


def test_a_dataset_version_leads_to_its_project(v1: Family, v2: Family, backend: Announced) -> None:
    version = v1("get_ground_truth_version", backend.dataset_version_id)
    assert version["id"] == backend.dataset_version_id
    dataset = v2("ground_truth_datasets.retrieve", version["ground_truth_dataset"]["id"])
    assert dataset["project_id"] == backend.project_id


def test_what_is_not_there_is_404(v1: Family) -> None:
    for method in ("get_project", "get_ground_truth_version", "get_storage"):
        with pytest.raises(CallFailed) as found:
            v1(method, 10**6)
        assert (found.value.kind, found.value.status) == ("NotFoundError", 404)


def test_a_session_opens_the_folder_that_get_storage_names(sdk: ExistingSdk, v1: Family, backend: Announced) -> None:
    opened = sdk.do(
        "session",
        options=options_of(backend),
        storage_id=backend.storage_id,
        purpose="write",
        write={"notes/ä file.txt": "written through the session\n"},
    )
    assert opened == {"provider": "file_system", "contract_version": 1, "expires": None}
    storage = v1("get_storage", backend.storage_id)
    place = Path(storage["configuration"]["location"])
    assert place.is_absolute()
    assert (place / "notes" / "ä file.txt").read_text() == "written through the session\n"
