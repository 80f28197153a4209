"""The secret of a server: made once, whole, and never taken in part."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from exportkit.errors import LocalIOError
from exportkit.server.signatures import Signer


def test_every_start_signs_with_the_secret_of_the_first(tmp_path: Path) -> None:
    signed = Signer.from_file(tmp_path / "secret").signature("a")
    assert Signer.from_file(tmp_path / "secret").verifies(signed, "a")
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_file_that_is_no_whole_secret_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret").write_bytes(content)
    with pytest.raises(LocalIOError, match=r"secret.*remove the file") as refused:
        Signer.from_file(tmp_path / "secret")
    assert str(refused.value).count("\n") == 0
    assert (tmp_path / "secret").read_bytes() == content


def test_a_secret_that_cannot_be_brought_to_disk_is_not_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(LocalIOError, match="no space left"):
            Signer.from_file(tmp_path / "secret")
    assert not (tmp_path / "secret").exists()
    Signer.from_file(tmp_path / "secret")
