"""JPEGs that are copied many at once come to what they come to one after the other."""

from __future__ import annotations

import hashlib
import os
import random
import resource
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.conversion.test_media_runs import jpeg, segment, setup_of
from tests.conversion.workbench import png

from exportkit.conversion.media import Copied, MediaStep, Original
from exportkit.conversion.placed_file import WHOLE
from exportkit.errors import LocalIOError
from exportkit.native import core
from exportkit.storage.beneath import Beneath
from exportkit.storage.staging import Staging
from exportkit.testing import tree_digest

pytestmark = pytest.mark.skipif(
    core is None or core.sha256_digests([]) is None, reason="there is no compiled core, or the processor has no lanes"
)

#: What is read of a picture at a time.
CHUNK = 1 << 15
Copier = Callable[..., list[Copied]]


def picture(size: int, draw: random.Random) -> bytes:
    """A JPEG of so many bytes."""
    head = b"\xff\xd8" + segment(0xDA, b"\1\1\0\0\x3f\0")
    return head + draw.randbytes(size - len(head) - 2).replace(b"\xff", b"\xfe") + b"\xff\xd9"


@pytest.fixture
def copied(tmp_path: Path) -> Copier:
    """Copies pictures of a bundle into folders, each of which has the folder of its pictures already."""

    def copy(contents: Sequence[bytes], *folders: str, declared: Sequence[Original] = ()) -> list[Copied]:
        files = tmp_path / "bundle" / "files"
        files.mkdir(parents=True, exist_ok=True)
        for number, content in enumerate(contents):
            (files / f"{number}.jpg").write_bytes(content)
        originals = declared or [Original(f"files/{number}.jpg", None, None, "jpg") for number in range(len(contents))]
        places = [f"images/{number}.jpg" for number in range(len(originals))]
        with ExitStack() as stack:
            outputs = []
            for folder in folders:
                (tmp_path / folder).mkdir(exist_ok=True)
                staging = stack.enter_context(Staging(tmp_path / folder))
                staging.folder("images/")
                outputs.append((staging, places))
            beneath = stack.enter_context(Beneath(tmp_path / "bundle"))
            return MediaStep(setup_of(tmp_path / "bundle"), beneath).copy_run(originals, outputs)

    return copy


@pytest.fixture
def singly(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Have one picture copied after the other from now on."""
    return lambda: monkeypatch.setattr("exportkit.conversion.media.core", None)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "images").iterdir())


@pytest.mark.parametrize("seed", range(10))
def test_pictures_of_unequal_sizes_are_the_same_as_one_after_the_other(
    seed: int, tmp_path: Path, copied: Copier, singly: Callable[[], None]
) -> None:
    draw = random.Random(seed)
    sizes = [
        draw.choice([40, 500, CHUNK, 3 * CHUNK]) + draw.randrange(-9, 130) for _ in range(draw.choice([1, 20, 90]))
    ]
    contents = [picture(size, draw) + draw.choice([b"", b"", b"\0"]) for size in sizes]

    together = copied(contents, "one", "other")
    singly()
    apart = copied(contents, "apart")

    assert together == apart
    assert [(one.size, one.sha256) for one in together] == [
        (len(content), hashlib.sha256(content).hexdigest()) for content in contents
    ]
    assert [one.is_jpeg for one in together] == [content.endswith(b"\xff\xd9") for content in contents]
    assert tree_digest(tmp_path / "one") == tree_digest(tmp_path / "other") == tree_digest(tmp_path / "apart")


def test_markers_may_lie_across_the_pieces_that_are_read(copied: Copier) -> None:
    draw = random.Random(1)
    contents = []
    for shift in range(-12, 13):
        comment = segment(0xFE, b"\xff" * (CHUNK + shift - 6))
        scan = segment(0xDA, b"\1\1\0\0\x3f\0") + b"\xff\xff\xd1\xff\0" + draw.randbytes(9).replace(b"\xff", b"")
        contents.append(b"\xff\xd8" + comment + scan + b"\xff\xff\xd9")

    assert [one.is_jpeg for one in copied(contents, "out")] == [True] * len(contents)


@pytest.mark.parametrize("at", [0, 5, 40])
@pytest.mark.parametrize("cut", [1, 2, CHUNK])
def test_a_cut_picture_ends_the_run_and_leaves_nothing_of_itself_and_those_behind(
    at: int, cut: int, tmp_path: Path, copied: Copier
) -> None:
    draw = random.Random(at)
    contents = [picture(CHUNK * 2 + draw.randrange(CHUNK), draw) for _ in range(60)]
    contents[at] = contents[at][:-cut]

    found = copied(contents, "one", "other")

    assert len(found) == at
    assert names(tmp_path / "one") == names(tmp_path / "other") == sorted(f"{number}.jpg" for number in range(at))


@pytest.mark.parametrize("what", ["digest", "size", "missing", "empty", "link", "folder", "fifo", "large", "unsafe"])
def test_a_picture_that_takes_a_closer_look_ends_the_run(what: str, tmp_path: Path, copied: Copier) -> None:
    draw = random.Random(3)
    contents = [picture(CHUNK, draw) for _ in range(30)]
    originals = [
        Original(f"files/{number}.jpg", len(content), hashlib.sha256(content).hexdigest(), "jpg")
        for number, content in enumerate(contents)
    ]
    odd = tmp_path / "bundle" / "odd"
    odd.parent.mkdir()
    place = Original("odd", None, None, "jpg")
    if what == "digest":
        place = originals[20]._replace(sha256="0" * 64)
    elif what == "size":
        place = originals[20]._replace(size=7)
    elif what == "empty":
        odd.touch()
    elif what == "link":
        (tmp_path / "secret.jpg").write_bytes(contents[0])
        odd.symlink_to(tmp_path / "secret.jpg")
    elif what == "folder":
        odd.mkdir()
    elif what == "fifo":
        os.mkfifo(odd)
    elif what == "large":
        odd.write_bytes(picture(WHOLE + 1, draw))
    elif what == "unsafe":
        place = Original("../bundle/files/3.jpg", None, None, "jpg")
    originals[20] = place

    found = copied(contents, "out", declared=originals)

    assert [one.sha256 for one in found] == [hashlib.sha256(content).hexdigest() for content in contents[:20]]
    assert names(tmp_path / "out") == sorted(f"{number}.jpg" for number in range(20))


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_picture_that_finds_no_room_ends_the_run_and_the_reason_is_told(tmp_path: Path, copied: Copier) -> None:
    draw = random.Random(4)
    contents = [picture(CHUNK if number != 9 else 4 * CHUNK, draw) for number in range(20)]
    copied(contents, "first")

    with files_of_at_most(2 * CHUNK), pytest.raises(LocalIOError, match="larger than the system allows"):
        copied([], "out", declared=[Original(f"files/{number}.jpg", None, None, "jpg") for number in range(20)])

    assert (tmp_path / "out/images/8.jpg").read_bytes() == contents[8]
    assert "10.jpg" not in names(tmp_path / "out")


def test_other_formats_between_jpegs_do_not_end_the_run(copied: Copier, tmp_path: Path) -> None:
    draw = random.Random(5)
    contents = [png() if number % 7 == 3 else jpeg(draw) for number in range(40)]
    originals = [
        Original(f"files/{number}.jpg", None, None, "png" if number % 7 == 3 else "jpg") for number in range(40)
    ]

    found = copied(contents, "out", declared=originals)

    assert [one.size for one in found] == [len(content) for content in contents]
    assert [(tmp_path / f"out/images/{number}.jpg").read_bytes() for number in range(40)] == contents
