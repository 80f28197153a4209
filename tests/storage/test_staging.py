"""Filling a folder with many files."""

from __future__ import annotations

import errno
import multiprocessing
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from exportkit.errors import LocalIOError
from exportkit.storage.staging import Staging


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "stage"
    root.mkdir()
    return root


@pytest.fixture
def staging(root: Path) -> Iterator[Staging]:
    before = open_descriptors()
    with Staging(root) as staging:
        yield staging
    assert open_descriptors() == before, "a descriptor was left open"


def test_files_appear_under_their_names_in_folders_made_on_demand(staging: Staging, root: Path) -> None:
    staging.write("data.yaml", b"nc: 1\n")
    staging.write("labels/train/a/b.txt", b"")
    staging.write("labels/train/사진 😀.txt", b"0")

    assert (root / "data.yaml").read_bytes() == b"nc: 1\n"
    assert (root / "labels/train/a/b.txt").read_bytes() == b""
    assert (root / "labels/train/사진 😀.txt").read_bytes() == b"0"


def test_more_folders_than_are_held_open_work(staging: Staging, root: Path) -> None:
    before = open_descriptors()
    for turn in "ab":
        for number in range(150):
            staging.write(f"{number}/{turn}", b"x")

    assert len(list(root.rglob("?"))) >= 300
    assert open_descriptors() - before < 100


@pytest.mark.parametrize(
    "path", ["../a", "/a", "/etc/a", "a/../../b", "a//b", "./a", "a/", "..", ".", "", "a\0b", "\ud800"]
)
def test_a_path_out_of_the_folder_is_the_writers_mistake(staging: Staging, root: Path, path: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        staging.write(path, b"x")
    assert [file for file in root.parent.rglob("*") if file.is_file()] == []


def test_a_file_is_written_once(staging: Staging, root: Path) -> None:
    staging.write("a/b", b"first")

    with pytest.raises(ValueError, match="twice"):
        staging.write("a/b", b"second")
    assert (root / "a/b").read_bytes() == b"first"
    staging.remove("a/b")
    staging.remove("a/b")
    staging.write("a/b", b"second")
    assert (root / "a/b").read_bytes() == b"second"


@pytest.mark.parametrize("path", ["link", "folder/file"])
def test_no_link_is_written_through(staging: Staging, root: Path, tmp_path: Path, path: str) -> None:
    (tmp_path / "victim").mkdir()
    (root / "link").symlink_to(tmp_path / "victim" / "file")
    (root / "folder").symlink_to(tmp_path / "victim")

    with pytest.raises((ValueError, LocalIOError)):
        staging.write(path, b"x")
    assert list((tmp_path / "victim").iterdir()) == []


def test_a_short_write_is_continued(staging: Staging, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    really = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: really(descriptor, bytes(data[:3])))

    staging.write("a", b"0123456789")

    assert (root / "a").read_bytes() == b"0123456789"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EFBIG])
def test_a_refusal_of_the_machine_is_one_sentence_with_exit_code_7(
    staging: Staging, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(descriptor: int, data: bytes) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "write", refuse)

    with pytest.raises(LocalIOError, match=r"^Cannot write '.*': .*; .*\.$") as caught:
        staging.write("a", b"x")
    assert caught.value.exit_code == 7


NEW = [(f"{folder}/{number}.txt", b"%d" % number * number) for number in range(150) for folder in ("a", "b/c", "사진")]


@pytest.fixture(params=["compiled", "pure"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "pure":
        monkeypatch.setattr("exportkit.storage.staging.core", None)


@pytest.mark.usefixtures("either_way")
class TestManyFilesAtOnce:
    def test_all_are_written_whole(self, staging: Staging, root: Path) -> None:
        files = [("top.txt", b"x"), *NEW, ("a/사진.txt", b"y"), ("a/large", b"z" * 3_000_000)]

        assert staging.write_all(files) == len(files)
        assert staging.write_all([]) == 0

        assert {path: (root / path).read_bytes() for path, _ in files} == dict(files)
        assert sum(path.is_file() for path in root.rglob("*")) == len(files)

    def test_more_folders_than_are_held_open_work(self, staging: Staging, root: Path) -> None:
        files = [(f"{number % 99}/{number}", b"x") for number in range(400)]

        assert staging.write_all(files) == 400
        assert sum(path.is_file() for path in root.rglob("*")) == 400

    @pytest.mark.parametrize("path", ["a/7.txt", "../x", "a/../../x", "a/", "", "/x", "a/x\0y", "a/\udcff\ud800"])
    def test_writing_ends_before_a_path_that_cannot_be(self, path: str, staging: Staging, root: Path) -> None:
        files = [*NEW[:30], (path, b"other"), ("a/late", b"")]

        assert staging.write_all(files) == 30
        assert (root / "a/7.txt").read_bytes() == b"7" * 7
        assert not (root / "a/late").exists()

    def test_no_link_is_written_through(self, staging: Staging, root: Path, tmp_path: Path) -> None:
        (root / "a").mkdir()
        (root / "a/1.txt").symlink_to(tmp_path / "stranger")

        assert staging.write_all([("a/0.txt", b"0"), ("a/1.txt", b"1")]) == 1
        assert not (tmp_path / "stranger").exists()

    def test_a_refusal_of_the_machine_is_one_sentence(self, staging: Staging) -> None:
        with pytest.raises(LocalIOError, match=r"a/x+….*name is too long.*\.$") as caught:
            staging.write_all([("a/0.txt", b"0"), ("a/" + "x" * 300, b"1")])
        assert caught.value.exit_code == 7

    def test_a_file_that_grows_beyond_a_limit_is_no_whole_file(self, staging: Staging) -> None:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        try:
            with pytest.raises(LocalIOError, match=r"^Cannot write '.*a/1\.txt': .*\.$"):
                staging.write_all([("a/0.txt", b"0"), ("a/1.txt", b"1" * 1001)])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_is_written_in_chunks_of_which_none_is_kept(staging: Staging, root: Path) -> None:
    data = os.urandom(2_500_000)
    buffer = bytearray(1_000_000)

    def chunks() -> Iterator[memoryview]:
        for at in range(0, len(data), len(buffer)):
            chunk = memoryview(buffer)[: min(len(buffer), len(data) - at)]
            chunk[:] = data[at : at + len(buffer)]
            yield chunk

    assert staging.write_chunks("images/a.jpg", chunks()) == len(data)
    assert (root / "images/a.jpg").read_bytes() == data


def test_chunks_that_fail_leave_no_file(staging: Staging, root: Path) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"begun"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        staging.write_chunks("a", chunks())

    assert list(root.iterdir()) == []


def test_a_clone_holds_what_the_open_file_held_or_there_is_none(staging: Staging, root: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * 5000)
    with source.open("rb") as opened:
        clone = staging.clone("images/a", opened.fileno())
    if clone is None:  # this file system shares no blocks
        assert not (root / "images/a").exists()
        return
    source.write_bytes(b"changed")
    try:
        assert os.pread(clone, 9000, 0) == (root / "images/a").read_bytes() == b"x" * 5000
    finally:
        os.close(clone)


def test_a_file_system_that_shares_no_blocks_is_asked_once(
    staging: Staging, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def refuse(source: int, target: int) -> None:
        asked.append(source)
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr("exportkit.storage.staging.clone_file", refuse)
    (tmp_path / "source").write_bytes(b"x")
    with (tmp_path / "source").open("rb") as source:
        assert [staging.clone(name, source.fileno()) for name in "ab"] == [None, None]

    assert len(asked) == 1
    assert list(root.iterdir()) == []


def test_a_clone_for_which_there_is_no_room_is_a_refusal_of_the_machine(
    staging: Staging, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: int, target: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("exportkit.storage.staging.clone_file", refuse)
    (tmp_path / "source").write_bytes(b"x")
    with (tmp_path / "source").open("rb") as source, pytest.raises(LocalIOError):
        staging.clone("a", source.fileno())

    assert list(root.iterdir()) == []


def test_a_hard_link_is_the_opened_file_whatever_its_name_means_by_now(
    staging: Staging, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "source").write_bytes(b"judged")
    with (tmp_path / "source").open("rb") as source:
        (tmp_path / "source").rename(tmp_path / "moved")
        (tmp_path / "source").write_bytes(b"swapped")

        assert staging.link("images/a.jpg", source.fileno())
    assert (root / "images/a.jpg").read_bytes() == b"judged"
    assert (root / "images/a.jpg").samefile(tmp_path / "moved")


def test_a_file_that_cannot_be_linked_is_left_to_be_copied(staging: Staging) -> None:
    with open("/proc/self/status", "rb") as foreign:
        assert staging.link("a", foreign.fileno()) is False


def test_a_relative_link_holds_after_publication(staging: Staging, root: Path, tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "a.jpg").write_bytes(b"x")
    published = tmp_path / "results" / "out"

    staging.symlink_relative("images/train/a.jpg", tmp_path / "bundle" / "a.jpg", published=published)
    published.parent.mkdir()
    root.rename(published)

    link = published / "images/train/a.jpg"
    assert not link.readlink().is_absolute()
    assert link.read_bytes() == b"x"


def fill(root: Path, worker: int) -> None:
    with Staging(root) as staging:
        for number in range(200):
            staging.write(f"labels/{number % 20}/{worker}-{number}.txt", b"x" * number)


def test_several_processes_fill_one_folder(root: Path) -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=fill, args=(root, worker)) for worker in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert len(list(root.rglob("*.txt"))) == 600
