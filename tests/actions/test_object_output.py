"""Exports to an object store, whose objects are never mixed with those of others (reliability, section 3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from exportkit.actions.object_output import ObjectOutput
from exportkit.errors import UsageError
from exportkit.storage.opening import open_objects

FILES = {"same.txt": b"1", "taken.txt": b"2", "exportkit-manifest.json": b"{}"}


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def opened(place: Path) -> ObjectOutput:
    output = ObjectOutput(lambda: open_objects(place), "datasets", "first")
    output.open()
    for name, content in FILES.items():
        (output.stage / name).write_bytes(content)
    return output


def test_a_refused_upload_leaves_what_others_put_there_even_if_it_is_the_same(tmp_path: Path) -> None:
    theirs = tmp_path / "store" / "datasets" / "first"
    theirs.mkdir(parents=True)
    (theirs / "same.txt").write_bytes(FILES["same.txt"])
    (theirs / "taken.txt").write_bytes(b"something else")
    output = opened(tmp_path / "store")
    with pytest.raises(UsageError, match="belong to no export"):
        output.publish()
    output.close()
    assert {path.name: path.read_bytes() for path in theirs.iterdir()} == {
        "same.txt": FILES["same.txt"],
        "taken.txt": b"something else",
    }


def test_one_path_on_two_servers_is_two_exports() -> None:
    places = [f"s3://exports/here?endpoint=http://{host}:9000" for host in ("one", "two")]
    one, two = (ObjectOutput(lambda place=place: open_objects(place), "datasets", "first") for place in places)  # type: ignore[misc]
    assert one.place == two.place
    assert one.path_root != two.path_root
