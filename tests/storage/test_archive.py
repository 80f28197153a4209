"""Archives made of fragments, held against the readers of Python."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from exportkit.errors import LocalIOError
from exportkit.storage.archive import Archive
from exportkit.storage.archive_layouts import ARCHIVES, Member, SinkName, TarLayout, ZipLayout, archive_layout
from exportkit.storage.archive_staging import ArchiveStaging

GIB = 1 << 30
SINKS = pytest.mark.parametrize("sink", ["tar", "zip"])


def read(path: Path) -> dict[str, bytes]:
    """Files and folders of an archive in their order."""
    found = {}
    if path.suffix == ".tar":
        with tarfile.open(path) as tar:
            for member in tar:
                file = tar.extractfile(member)
                found[member.name + "/" * member.isdir()] = file.read() if file is not None else b""
        return found
    with zipfile.ZipFile(path) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


def fill(folder: Path, name: str, sink: SinkName, files: dict[str, bytes]) -> ArchiveStaging:
    staging = ArchiveStaging(folder / name, archive_layout(sink))
    assert staging.write_all([*files.items()]) == len(files)
    return staging


@SINKS
def test_fragments_come_one_behind_the_other_and_leave_nothing(tmp_path: Path, sink: SinkName) -> None:
    archive = Archive(tmp_path / ARCHIVES[sink], archive_layout(sink), tmp_path / "rows")
    parts = [{"labels/1.txt": b"1" * 700, "labels/2.txt": b""}, {"labels/\u00e9.txt": b"3" * 512}]
    for number, files in enumerate(parts):
        staging = fill(tmp_path, str(number), sink, files)
        staging.close()
        archive.append(staging.written())
    (tmp_path / "data.yaml").write_bytes(b"nc: 1\n")
    archive.add_folder("images/")
    archive.add_file("data.yaml", tmp_path / "data.yaml")
    members = [*archive.members()]

    size = archive.close()

    data = archive.path.read_bytes()
    assert len(data) == size
    assert read(archive.path) == parts[0] | parts[1] | {"images/": b"", "data.yaml": b"nc: 1\n"}
    files = {m.path: data[m.content : m.content + m.size] for m in members}
    assert files == read(archive.path)
    assert {path.name for path in tmp_path.iterdir()} == {ARCHIVES[sink], "rows", "data.yaml"}


@SINKS
def test_a_file_that_is_taken_back_was_never_there(tmp_path: Path, sink: SinkName) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x" * 3_000_000
        raise RuntimeError

    staging = fill(tmp_path, "fragment", sink, {"1": b"first"})
    staging.write("2", b"second")
    staging.remove("2")
    with pytest.raises(RuntimeError):
        staging.write_chunks("3", broken())
    staging.write_chunks("4", [b"fo", memoryview(b"urth")])
    staging.remove("absent")
    staging.close()
    archive = Archive(tmp_path / ARCHIVES[sink], archive_layout(sink), tmp_path / "rows")
    archive.append(staging.written())
    archive.close()

    assert read(archive.path) == {"1": b"first", "4": b"fourth"}


@SINKS
@pytest.mark.parametrize("path", ["../a", "/a", "a/../../b", "a//b", "./a", "a/", "..", ".", "", "a\0b", "\ud800", "1"])
def test_a_path_out_of_the_dataset_or_given_twice_is_the_writers_mistake(
    tmp_path: Path, sink: SinkName, path: str
) -> None:
    with fill(tmp_path, "fragment", sink, {"1": b"first"}) as staging:
        with pytest.raises(ValueError, match=r"\S"):
            staging.write(path, b"x")
        assert staging.write_all([("2", b""), (path, b"")]) == 1


@SINKS
def test_no_room_is_one_sentence_with_exit_code_7(sink: SinkName) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full")
    archive = None
    with pytest.raises(LocalIOError) as caught:
        archive = Archive(full, archive_layout(sink), full)

    assert archive is None
    assert caught.value.exit_code == 7


@pytest.mark.parametrize("size", [0, 1, 8 * GIB - 1, 8 * GIB, 900 * GIB])
@pytest.mark.parametrize("path", ["a.json", "a" * 99, "a" * 100, "a" * 101, "\u00e9.json"])
def test_a_tar_header_tells_any_size_and_name(tmp_path: Path, size: int, path: str) -> None:
    file = tmp_path / "head.tar"
    file.write_bytes(TarLayout().head(path, size, 0))

    with tarfile.open(file) as tar:
        member = tar.next()

    assert member is not None
    assert (member.name, member.size, member.isfile()) == (path, size, True)


def test_a_zip_holds_members_behind_four_gibibytes(tmp_path: Path) -> None:
    layout, start = ZipLayout(), 5 * GIB
    head = layout.head("a.txt", 5, 0xF7D18982)  # CRC-32 of b"Hello"
    member = Member("a.txt", start, start + len(head), 5, 0xF7D18982)
    before = Member("large.bin", 0, 100, 5 * GIB - 100, 0)
    with (tmp_path / "a.zip").open("wb") as file:
        file.seek(start)  # a hole, which takes no room
        file.write(head + b"Hello")
        file.writelines(layout.end([before, member], file.tell()))

    with zipfile.ZipFile(tmp_path / "a.zip") as opened:
        assert opened.read("a.txt") == b"Hello"
        assert opened.getinfo("large.bin").file_size == 5 * GIB - 100


def test_a_zip_holds_more_members_than_sixteen_bits_count(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "a.zip", ZipLayout(), tmp_path / "rows")
    staging = fill(tmp_path, "fragment", "zip", {str(n): b"" for n in range(70_000)})
    staging.close()
    archive.append(staging.written())
    archive.close()

    with zipfile.ZipFile(archive.path) as opened:
        assert len(opened.namelist()) == 70_000
