"""Reading beneath a folder: no link, no device, nothing outside, by the kernel's call and without it."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from exportkit.native import core
from exportkit.storage import beneath as beneath_module
from exportkit.storage import kernel
from exportkit.storage.beneath import Beneath, BeneathError


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "bundle"
    (root / "files" / "5").mkdir(parents=True)
    (root / "files" / "5" / "a.jpg").write_bytes(b"picture")
    (tmp_path / "secret").write_bytes(b"secret")
    return root


@pytest.fixture(params=["openat2", "folder by folder"])
def beneath(request: pytest.FixtureRequest, root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Beneath]:
    if request.param != "openat2":

        def no_such_call(directory: int, path: bytes, flags: int) -> int:
            raise OSError(38, "Function not implemented")

        monkeypatch.setattr(beneath_module, "openat2_beneath", no_such_call)
    before = open_descriptors()
    with Beneath(root) as beneath:
        yield beneath
    assert open_descriptors() == before, "a descriptor was left open"


def kind_of(beneath: Beneath, path: str) -> str:
    with pytest.raises(BeneathError) as caught:
        os.close(beneath.open(path))
    assert str(caught.value)
    return caught.value.kind


def test_a_regular_file_is_read(beneath: Beneath) -> None:
    descriptor = beneath.open("files/5/a.jpg")
    try:
        assert os.read(descriptor, 100) == b"picture"
        assert not os.get_inheritable(descriptor)
    finally:
        os.close(descriptor)


def test_a_hard_link_is_an_ordinary_file(beneath: Beneath, root: Path) -> None:
    (root / "b").hardlink_to(root / "files/5/a.jpg")

    os.close(beneath.open("b"))


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "files/../../secret", "files//5/a.jpg", "", "a\0b"])
def test_a_path_out_of_the_folder_is_unsafe_before_anything_is_opened(beneath: Beneath, path: str) -> None:
    assert kind_of(beneath, path) == "unsafe"


@pytest.mark.parametrize("path", ["b", "files/6/a.jpg", "files/5/a.jpg/b"])
def test_what_is_not_there_is_missing(beneath: Beneath, path: str) -> None:
    assert kind_of(beneath, path) == "missing"
    assert not beneath.exists(path)


@pytest.mark.parametrize("target", ["files/5/a.jpg", "../secret", "nowhere", "/etc/passwd", "/proc/self/fd/0", "b"])
def test_a_link_is_refused_wherever_it_leads(beneath: Beneath, root: Path, target: str) -> None:
    (root / "b").symlink_to(target)

    assert kind_of(beneath, "b") == "link"
    with pytest.raises(BeneathError) as caught:
        beneath.stat("b")
    assert caught.value.kind == "link"
    assert beneath.exists("b")


@pytest.mark.parametrize("target", ["files", "..", "/", "/proc/self/root"])
def test_a_folder_that_is_a_link_is_refused(beneath: Beneath, root: Path, target: str) -> None:
    (root / "b").symlink_to(target)

    assert kind_of(beneath, "b/5/a.jpg") == "link"


def test_a_chain_of_links_is_refused(beneath: Beneath, root: Path) -> None:
    (root / "b").symlink_to("c")
    (root / "c").symlink_to("files")

    assert kind_of(beneath, "b/5/a.jpg") == "link"
    assert kind_of(beneath, "c/5/a.jpg") == "link"


def test_a_fifo_does_not_hang_and_is_no_file(beneath: Beneath, root: Path) -> None:
    os.mkfifo(root / "pipe")

    assert kind_of(beneath, "pipe") == "type"


def test_a_folder_and_a_socket_are_no_files(beneath: Beneath, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)  # the address of a socket is short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")

        assert kind_of(beneath, "socket") == "type"
        assert kind_of(beneath, "files") == "type"


def test_a_file_that_may_not_be_read_says_so(beneath: Beneath, root: Path) -> None:
    (root / "files/5/a.jpg").chmod(0)
    user = os.geteuid()
    try:
        if user == 0:  # root reads every file
            os.seteuid(65534)

        assert kind_of(beneath, "files/5/a.jpg") == "permission"
    finally:
        os.seteuid(user)


def test_a_root_behind_a_link_is_the_users_word(root: Path, tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to(root)
    with Beneath(tmp_path / "way") as beneath:
        os.close(beneath.open("files/5/a.jpg"))

        assert beneath.root == root


def test_a_root_that_is_exchanged_later_does_not_matter(beneath: Beneath, root: Path, tmp_path: Path) -> None:
    root.rename(tmp_path / "moved")
    root.symlink_to("/")

    os.close(beneath.open("files/5/a.jpg"))
    assert kind_of(beneath, "etc/passwd") == "missing"


@pytest.mark.parametrize("path", ["nowhere", "secret"])
def test_a_root_that_is_no_folder_is_missing(root: Path, tmp_path: Path, path: str) -> None:
    with pytest.raises(BeneathError) as caught:
        Beneath(tmp_path / path)

    assert caught.value.kind == "missing"


def test_status_and_names_are_told_of_folders_too(beneath: Beneath) -> None:
    assert beneath.stat("files/5/a.jpg").st_size == 7
    assert beneath.exists("files")
    assert beneath.names() == ["files"]
    assert beneath.names("files/5") == ["a.jpg"]
    with pytest.raises(BeneathError):
        beneath.names("files/5/a.jpg")
    with pytest.raises(BeneathError):
        beneath.names("..")
    with pytest.raises(BeneathError):
        beneath.exists("../secret")


def test_a_folder_swapped_for_a_link_while_files_are_opened_never_leads_outside(
    beneath: Beneath, root: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.jpg").write_bytes(b"secret")
    (root / "files" / "way").symlink_to(outside)
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            kernel.exchange(root / "files" / "5", root / "files" / "way")

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen: set[bytes | str] = set()
    try:
        # As often as it takes to have met both folders, which one busy processor may delay.
        for attempt in count(1):
            if attempt > 2000 and (b"picture" in seen or attempt > 500_000):
                break
            try:
                descriptor = beneath.open("files/5/a.jpg")
            except BeneathError as error:
                seen.add(error.kind)
                continue
            seen.add(os.read(descriptor, 100))
            os.close(descriptor)
    finally:
        stop.set()
        swapper.join()

    assert b"picture" in seen
    assert seen <= {b"picture", "link", "missing"}


@pytest.mark.skipif(core is None, reason="the compiled core is not built or switched off")
def test_a_file_is_read_whole_into_a_larger_buffer(root: Path) -> None:
    buffer = memoryview(bytearray(8))
    with Beneath(root) as beneath:
        assert beneath.kernel_root is not None
        assert beneath.read_whole("files/5/a.jpg", buffer) == 7
    assert bytes(buffer[:7]) == b"picture"


def test_what_cannot_be_read_whole_is_left_to_a_closer_look(root: Path, beneath: Beneath) -> None:
    (root / "files" / "link.jpg").symlink_to(root / "files" / "5" / "a.jpg")
    (root / "files" / "empty.jpg").write_bytes(b"")
    os.mkfifo(root / "files" / "pipe.jpg")
    buffer = memoryview(bytearray(8))

    for path in ("files/link.jpg", "files/empty.jpg", "files/pipe.jpg", "files/5", "files/6.jpg", "../secret", "/", ""):
        assert beneath.read_whole(path, buffer) == -1, path
    # A byte of room tells whether the file grew.
    assert beneath.read_whole("files/5/a.jpg", buffer[:7]) == -1


def test_without_the_kernels_call_nothing_is_read_whole(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_call(directory: int, path: bytes, flags: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(beneath_module, "openat2_beneath", no_such_call)
    with Beneath(root) as beneath:
        assert beneath.kernel_root is None
        assert beneath.read_whole("files/5/a.jpg", memoryview(bytearray(8))) == -1
