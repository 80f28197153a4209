"""Publication: all or nothing, and never over what is not ours."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from exportkit.errors import LocalIOError, OutputLocked, UsageError
from exportkit.storage import publish as publish_module
from exportkit.storage.publish import publish_directory, publish_file
from exportkit.storage.sync import sync_filesystem


def is_ours(folder: Path) -> bool:
    return (folder / "exportkit-manifest.json").is_file()


def dataset(folder: Path, content: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "exportkit-manifest.json").write_text(content)
    return folder


def content(folder: Path) -> str:
    return (folder / "exportkit-manifest.json").read_text()


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    return dataset(tmp_path / ".out.exportkit-run" / "stage", "new")


def publish(stage: Path, target: Path, *, overwrite: bool = False, keep_old: bool = False) -> tuple[str, ...]:
    return publish_directory(stage, target, overwrite=overwrite, keep_old=keep_old, is_ours=is_ours)


def forbid_rename_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(one: Path, other: Path) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(publish_module, "exchange", refuse)
    monkeypatch.setattr(publish_module, "rename_to_free_name", refuse)


@pytest.fixture(params=["with rename flags", "without"])
def any_file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if request.param == "without":
        forbid_rename_flags(monkeypatch)
    return bool(request.param == "without")


@pytest.mark.usefixtures("any_file_system")
@pytest.mark.parametrize("exists", [False, True])
def test_an_absent_or_empty_target_is_taken(tmp_path: Path, stage: Path, exists: bool) -> None:
    if exists:
        (tmp_path / "out").mkdir()

    assert publish(stage, tmp_path / "out") == ()
    assert content(tmp_path / "out") == "new"
    assert not stage.exists()


@pytest.mark.usefixtures("any_file_system")
def test_a_dataset_stays_without_overwrite(tmp_path: Path, stage: Path) -> None:
    dataset(tmp_path / "out", "old")

    with pytest.raises(UsageError, match="--overwrite"):
        publish(stage, tmp_path / "out")
    assert content(tmp_path / "out") == "old"
    assert content(stage) == "new"


def test_overwrite_exchanges_and_leaves_nothing_of_the_old(tmp_path: Path, stage: Path, any_file_system: bool) -> None:
    dataset(tmp_path / "out", "old")

    warnings = publish(stage, tmp_path / "out", overwrite=True)

    assert bool(warnings) is any_file_system
    assert content(tmp_path / "out") == "new"
    assert {path.name for path in tmp_path.iterdir()} == {"out", ".out.exportkit-run"}
    assert not stage.exists()


@pytest.mark.usefixtures("any_file_system")
def test_keep_old_never_replaces_an_earlier_backup(tmp_path: Path, stage: Path) -> None:
    out = dataset(tmp_path / "out", "1")
    for number in (2, 3, 4):
        dataset(tmp_path / "next", str(number))
        publish(tmp_path / "next", out, overwrite=True, keep_old=True)

    assert content(out) == "4"
    assert [content(tmp_path / f"out.bak{n}") for n in ("", "1", "2")] == ["1", "2", "3"]


@pytest.mark.usefixtures("any_file_system")
def test_overwrite_spares_a_folder_that_is_not_ours(tmp_path: Path, stage: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("years of work")

    with pytest.raises(UsageError, match="not made by exportkit"):
        publish(stage, tmp_path / "out", overwrite=True)
    assert (tmp_path / "out" / "thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize("target", ["file", "dangling", "link"])
def test_a_file_or_link_is_no_target(tmp_path: Path, stage: Path, target: str) -> None:
    (tmp_path / "file").write_text("data")
    (tmp_path / "dangling").symlink_to("nowhere")
    dataset(tmp_path / "elsewhere", "old")
    (tmp_path / "link").symlink_to("elsewhere")

    with pytest.raises(UsageError):
        publish(stage, tmp_path / target, overwrite=True)
    assert os.path.lexists(tmp_path / target)
    assert content(tmp_path / "elsewhere") == "old"


def test_the_home_folder_is_never_replaced_even_with_our_manifest(
    tmp_path: Path, stage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = dataset(tmp_path / "people" / "me", "old")
    dataset(tmp_path / "work", "old")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(tmp_path / "work")

    for target in (home, home.parent, tmp_path / "work", tmp_path, Path("/"), Path("/tmp")):
        with pytest.raises(UsageError, match="home"):
            publish(stage, target, overwrite=True)
    assert content(home) == "old"


@pytest.mark.parametrize("keep_old", [False, True])
def test_a_target_that_changes_under_our_hands_is_given_back(tmp_path: Path, stage: Path, keep_old: bool) -> None:
    out = dataset(tmp_path / "out", "old")
    answers = iter([True, False])  # ours at the first look, not after the exchange

    with pytest.raises(OutputLocked):
        publish_directory(stage, out, overwrite=True, keep_old=keep_old, is_ours=lambda folder: next(answers))
    assert content(out) == "old"
    assert content(stage) == "new"
    assert {path.name for path in tmp_path.iterdir()} == {"out", ".out.exportkit-run"}


def test_a_target_filled_during_the_run_is_not_touched(
    tmp_path: Path, stage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish_module, "require_replaceable", lambda target, **_: dataset(target, "by another"))

    with pytest.raises(OutputLocked):
        publish(stage, tmp_path / "out")
    assert content(tmp_path / "out") == "by another"


def test_a_failed_exchange_leaves_the_old_output(tmp_path: Path, stage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(one: Path, other: Path) -> None:
        raise OSError(errno.EACCES, "Permission denied")

    dataset(tmp_path / "out", "old")
    monkeypatch.setattr(publish_module, "exchange", fail)

    with pytest.raises(LocalIOError, match="permission"):
        publish(stage, tmp_path / "out", overwrite=True, keep_old=True)
    assert content(tmp_path / "out") == "old"
    assert content(stage) == "new"
    assert {path.name for path in tmp_path.iterdir()} == {"out", ".out.exportkit-run"}


def test_a_file_is_written_whole_over_the_former_one(tmp_path: Path) -> None:
    publish_file(tmp_path / "classes.lock", b"one")
    publish_file(tmp_path / "classes.lock", b"two" * 100_000)

    assert (tmp_path / "classes.lock").read_bytes() == b"two" * 100_000
    assert [path.name for path in tmp_path.iterdir()] == ["classes.lock"]


@pytest.mark.parametrize("name", ["n" * 255, "가" * 85])
def test_the_longest_name_leaves_room_for_its_temporary_file(tmp_path: Path, name: str) -> None:
    publish_file(tmp_path / name, b"data")

    assert (tmp_path / name).read_bytes() == b"data"


@pytest.mark.parametrize(("number", "words"), [(errno.ENOSPC, "no space"), (errno.EIO, "device"), (99, "system says")])
def test_a_file_that_cannot_be_synced_leaves_the_former_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(LocalIOError, match=words) as caught:
        publish_file(tmp_path / "a", b"new")
    assert caught.value.exit_code == 7
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_file_in_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LocalIOError, match=r"^Cannot write '.*': .*\.$"):
        publish_file(tmp_path / "missing" / "a", b"")


def test_without_the_kernels_call_every_file_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from exportkit.storage import sync

    synced: list[str] = []
    really = os.fsync

    def spy(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        really(descriptor)

    def refuse(descriptor: int) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    dataset(tmp_path / "stage" / "sub", "new")
    (tmp_path / "stage" / "link").symlink_to("nowhere")
    sync_filesystem(tmp_path / "stage")
    monkeypatch.setattr(sync, "syncfs", refuse)
    monkeypatch.setattr(os, "fsync", spy)

    sync_filesystem(tmp_path / "stage")

    assert sorted(synced) == ["exportkit-manifest.json", "stage", "sub"]
