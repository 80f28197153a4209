"""Jobs and results as objects: nothing is loaded that this run has not stored, and nothing stays."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exportkit.engines import workplace
from exportkit.engines.job_storage import JobStorage
from exportkit.engines.parcel import pack, unpack
from exportkit.engines.remote_job import machine_facts
from exportkit.errors import ConversionFailed, RemoteIOError
from exportkit.storage.object_note import note_objects, remove_noted_objects

FACTS = tuple(sorted(machine_facts().items()))


def written(job: tuple[Path, str]) -> Path:
    """A job that writes a file into the folder of the run, and tells where it stands."""
    folder, text = job
    (folder / "made").write_text(text)
    return folder / "made"


def told(path: Path) -> str:
    return path.read_text()


def fails(_: Any) -> None:
    raise ValueError("not this one")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "run" / "stage").mkdir(parents=True)
    return tmp_path / "run"


@pytest.fixture
def place(root: Path, tmp_path: Path) -> Iterator[JobStorage]:
    storage = JobStorage(str(tmp_path / "objects"), root)
    storage.open()
    storage.begin()
    yield storage
    storage.close()
    assert [*(tmp_path / "objects").iterdir()] == []


def test_what_a_job_makes_elsewhere_stands_in_the_folder_of_the_run_when_its_result_is_taken(
    place: JobStorage, root: Path
) -> None:
    words = place.store(0, written, (root / "stage", "text"))
    outcome = place.run("m", words, FACTS)
    assert not (root / "stage/made").exists()

    assert place.result(outcome) == root / "stage/made"
    assert (root / "stage/made").read_text() == "text"


def test_a_job_reads_the_files_of_the_run_that_it_names(place: JobStorage, root: Path) -> None:
    for number, text in enumerate(["one", "two"]):
        path = root / f"stage/{text}"
        path.write_text(text)
        words = place.store(number, told, path)
        path.unlink()
        assert place.result(place.run("m", words, FACTS)) == text


def test_the_words_of_a_job_do_not_name_the_folder_of_the_run(place: JobStorage, root: Path) -> None:
    words = place.store(0, written, (root / "stage", "text"))

    assert not any(str(root) in word for word in words)


def test_what_a_job_raises_is_raised_where_its_result_is_taken(place: JobStorage) -> None:
    outcome = place.run("m", place.store(0, fails, None), FACTS)

    with pytest.raises(ValueError, match="not this one"):
        place.result(outcome)


def test_the_attempts_at_a_job_disturb_each_other_in_nothing(place: JobStorage, root: Path) -> None:
    words = place.store(0, written, (root / "stage", "text"))
    _, second = place.run("m", words, FACTS), place.run("n", words, FACTS)

    assert place.result(second) == root / "stage/made"


@pytest.mark.parametrize("name", ["order", "result"])
def test_an_object_that_somebody_else_changed_is_not_loaded(
    place: JobStorage, root: Path, tmp_path: Path, name: str
) -> None:
    words = place.store(0, written, (root / "stage", "text"))
    job = next((tmp_path / "objects").glob("*/job-000000"))
    outcome = place.run("m", words, FACTS)
    assert not isinstance(outcome, Exception)
    changed = job / (name if name == "order" else outcome[1])
    changed.write_bytes(changed.read_bytes()[:-1] + b"?")

    with pytest.raises(RemoteIOError, match="see that nothing else writes to --ray-storage"):
        place.result(place.run("m", words, FACTS) if name == "order" else outcome)


def test_an_attempt_at_a_job_that_is_over_stores_nothing(place: JobStorage, root: Path, tmp_path: Path) -> None:
    words = place.store(0, forgets, (root / "stage", tmp_path / "objects"))
    place.run("m", words, FACTS)

    assert [path for path in tmp_path.glob("objects/*/job-000000/*") if path.stat().st_size] == []


def forgets(job: tuple[Path, Path]) -> None:
    """A job whose result is taken from another attempt while it is at work."""
    folder, objects = job
    (folder / "made").write_text("late")
    for path in objects.glob("*/job-000000/*"):
        path.unlink()


# -- parcels -------------------------------------------------------------------------------------------


def parcel_of(root: Path, *paths: str) -> tuple[bytes, str]:
    target = io.BytesIO()
    digest = pack(b"outcome", root, paths, target)
    return target.getvalue(), digest


@pytest.mark.parametrize("length", [1, 7, 1 << 20, 1 << 30])
def test_a_parcel_gives_back_files_and_links_however_it_is_cut(tmp_path: Path, length: int) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    (there / "a b").mkdir(parents=True)
    here.mkdir()
    large = os.urandom(10_000 if length < 1 << 20 else (2 << 20) + 1)
    (there / "a b/large").write_bytes(large)
    (there / "empty ü").touch()
    (there / "link").symlink_to("../elsewhere")

    data, digest = parcel_of(there, "a b/large", "empty ü", "link")
    assert [path for path in there.rglob("*") if not path.is_dir()] == []

    pieces = (data[at : at + length] for at in range(0, len(data), length))
    assert unpack(pieces, digest, here) == b"outcome"
    assert (here / "a b/large").read_bytes() == large
    assert (here / "empty ü").read_bytes() == b""
    assert str((here / "link").readlink()) == "../elsewhere"


@pytest.mark.parametrize("cut", [0, 4, 12, -1])
def test_half_a_parcel_is_refused(tmp_path: Path, cut: int) -> None:
    (tmp_path / "file").write_text("text")
    data, digest = parcel_of(tmp_path, "file")

    with pytest.raises(RemoteIOError):
        unpack([data[:cut]], digest, tmp_path)


def test_a_file_that_two_jobs_give_is_a_mistake_of_the_writer(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    data, digest = parcel_of(tmp_path, "file")
    unpack([data], digest, tmp_path)

    with pytest.raises(ConversionFailed, match="gave the file 'file' twice"):
        unpack([data], digest, tmp_path)


# -- what a killed process leaves ----------------------------------------------------------------------


def test_folders_of_killed_processes_are_removed_and_those_of_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "exportkit-work-dead/run").mkdir(parents=True)
    first = workplace._Workplace()
    second = workplace._Workplace()

    assert {path.name for path in tmp_path.iterdir()} == {first.root.parent.name, second.root.parent.name}


def test_noted_objects_are_removed_and_no_others(tmp_path: Path) -> None:
    for name in ("mine", "theirs"):
        (tmp_path / "objects" / name).mkdir(parents=True)
        (tmp_path / "objects" / name / "object").touch()
    note_objects(tmp_path, str(tmp_path / "objects"), "mine")

    assert remove_noted_objects(tmp_path) is None
    assert {path.name for path in tmp_path.iterdir()} == {"objects"}
    assert [path.name for path in (tmp_path / "objects").iterdir()] == ["theirs"]


def test_noted_objects_that_cannot_be_removed_are_named(tmp_path: Path) -> None:
    note_objects(tmp_path, "s3://bucket/x?endpoint=http://127.0.0.1:9", "mine")

    sentence = remove_noted_objects(tmp_path)

    assert sentence is not None
    assert sentence.startswith("Objects of a run that was killed stay in s3://bucket/x/mine, remove them: ")
