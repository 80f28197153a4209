"""Originals on their way into a server: each content once, and nothing that lies outside of the bundle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from exportkit.bundles import Line
from exportkit.errors import LocalIOError
from exportkit.server.loaded_files import LoadedFiles
from exportkit.server.loaded_line import LoadedLine, read_line
from exportkit.server.signed_urls import original_key
from exportkit.storage.beneath import Beneath, BeneathError
from exportkit.storage.folder_objects import FolderObjects

SMALL, LARGE = b"picture", b"\0\1\2\3" * (9 << 18)


class Watched(FolderObjects):
    """A store that tells what is put into it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.put_keys: list[str] = []
        self.before_put: Callable[[], object] = lambda: None

    def put(self, key: str, content: bytes | Path, *, if_absent: bool = True) -> None:
        self.put_keys.append(key)
        self.before_put()
        super().put(key, content, if_absent=if_absent)


@pytest.fixture
def objects(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "objects")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Two originals of one content, and a large one."""
    folder = tmp_path / "bundle"
    for name, content in (("1/a.png", SMALL), ("2/b.png", SMALL), ("3/c.bin", LARGE)):
        path = folder / "files" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    return folder


@pytest.fixture
def root(bundle: Path) -> Iterator[Beneath]:
    with Beneath(bundle) as opened:
        yield opened


def line(path: str) -> LoadedLine:
    row: dict[str, Any] = {"id": 1, "data": {}, "files_manifest": {"image_1": {"bundle_path": path}}}
    text = json.dumps(row).encode()
    return read_line(Line(1, 0, len(text), text), "task/part-00001.jsonl")


def test_an_original_that_many_rows_name_is_stored_once(objects: Watched, root: Beneath) -> None:
    files = LoadedFiles(root, objects, 1)
    stored = {files.stored(line(path)) for path in ("files/1/a.png", "files/1/a.png", "files/2/b.png")}
    assert len(stored) == 2
    assert objects.put_keys == [original_key(1, hashlib.sha256(SMALL).hexdigest())]


def test_an_original_that_an_earlier_bundle_brought_is_not_written_again(objects: Watched, root: Beneath) -> None:
    for _ in range(2):
        LoadedFiles(root, objects, 1).stored(line("files/3/c.bin"))
    assert len(objects.put_keys) == 1


def test_a_large_original_is_the_file_that_was_opened_whatever_its_path_leads_to_by_then(
    objects: Watched, root: Beneath, bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(b"not for the server")
    path = bundle / "files" / "3" / "c.bin"

    def swap() -> None:
        path.unlink()
        path.symlink_to(tmp_path / "secret")

    objects.before_put = swap
    LoadedFiles(root, objects, 1).stored(line("files/3/c.bin"))
    assert b"".join(objects.read(original_key(1, hashlib.sha256(LARGE).hexdigest()))) == LARGE


@pytest.mark.parametrize("path", ["files/1/none.png", "files/1", "../secret", "files/9/link.png"])
def test_an_entry_without_a_file_in_the_bundle_stays_as_it_came(
    objects: Watched, root: Beneath, bundle: Path, path: str
) -> None:
    (bundle / "files" / "9").mkdir()
    (bundle / "files" / "9" / "link.png").symlink_to(bundle / "files" / "1" / "a.png")
    assert LoadedFiles(root, objects, 1).stored(line(path)) == b'{"image_1":{"bundle_path":"%b"}}' % path.encode()
    assert objects.put_keys == []


@pytest.mark.parametrize("kind", ["permission", "io"])
def test_an_original_that_may_not_be_read_is_told_in_one_sentence(objects: Watched, bundle: Path, kind: Any) -> None:
    class Refusing(Beneath):
        def open(self, path: str) -> int:
            raise BeneathError(kind)

    with Refusing(bundle) as root, pytest.raises(LocalIOError, match=r"files/1/a\.png"):
        LoadedFiles(root, objects, 1).stored(line("files/1/a.png"))
