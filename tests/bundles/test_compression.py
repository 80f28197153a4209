from __future__ import annotations

import gzip
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import zstandard

from exportkit.bundles import Bundle, iter_lines, opened
from exportkit.errors import BundleRefused, UsageError

LINES = b"".join(b'{"id":%d,"data":{"annotations":[]}}\n' % number for number in range(2000))
PACKED = {
    ".gz": gzip.compress(LINES, mtime=0),
    ".zst": zstandard.ZstdCompressor(write_checksum=True).compress(LINES),
}


def bundle_of(root: Path, suffix: str, content: bytes, **members: Any) -> Path:
    root.mkdir(exist_ok=True)
    path = f"part-00001.jsonl{suffix}"
    (root / path).write_bytes(content)
    part = {"path": path, **members}
    (root / "manifest.json").write_text(json.dumps({"prefix": "x", "targets": {"task": {"parts": [part]}}}))
    return root


def unpacked_bytes(bundle: Bundle) -> bytes:
    with opened(bundle.parts[0]) as file:
        lines = list(iter_lines(file, bundle.parts[0].mark, bundle.parts[0].size))
    return b"".join((line.text or b"") + b"\n" for line in lines)


def refusal_of(root: Path, work: Path) -> BundleRefused:
    work.mkdir(exist_ok=True)
    with pytest.raises(BundleRefused) as caught:
        Bundle.open(root, work=work)
    return caught.value


@pytest.mark.parametrize("suffix", PACKED)
def test_packed_parts_are_unpacked_once_outside_the_bundle(tmp_path: Path, suffix: str) -> None:
    stored = PACKED[suffix]
    root = bundle_of(tmp_path / "b", suffix, stored, size=len(stored), sha256=hashlib.sha256(stored).hexdigest())
    work = tmp_path / "work"
    work.mkdir()
    packed = Bundle.open(root)
    assert packed.parts[0].encoding is not None
    bundle = packed.unpacked(work)
    assert bundle.parts[0].encoding is None
    assert unpacked_bytes(bundle) == LINES
    assert sorted(path.name for path in root.iterdir()) == ["manifest.json", f"part-00001.jsonl{suffix}"]
    assert unpacked_bytes(bundle.unpacked(work)) == LINES


@pytest.mark.parametrize("suffix", PACKED)
def test_members_and_frames_one_after_another_are_one_part(tmp_path: Path, suffix: str) -> None:
    root = bundle_of(tmp_path / "b", suffix, PACKED[suffix] * 3)
    assert unpacked_bytes(Bundle.open(root).unpacked(tmp_path)) == LINES * 3


def test_frames_without_sizes_and_skippable_frames_are_read(tmp_path: Path) -> None:
    packer = zstandard.ZstdCompressor(write_content_size=False, write_checksum=False).compressobj()
    frame = packer.compress(LINES) + packer.flush()
    skippable = b"\x53\x2a\x4d\x18" + (7).to_bytes(4, "little") + b"skipped"
    root = bundle_of(tmp_path / "b", ".zst", skippable + frame + PACKED[".zst"])
    assert unpacked_bytes(Bundle.open(root).unpacked(tmp_path)) == LINES * 2


@pytest.mark.parametrize("suffix", PACKED)
def test_a_stream_cut_anywhere_is_refused(tmp_path: Path, suffix: str) -> None:
    stored = PACKED[suffix]
    cuts = {0, 1, 5, len(stored) // 2, len(stored) - 5, len(stored) - 1}
    for cut in sorted(cuts):
        refusal = refusal_of(bundle_of(tmp_path / "b", suffix, stored[:cut]), tmp_path / f"work{cut}")
        assert (cut, refusal.code, refusal.file) == (cut, "E_DIGEST", f"part-00001.jsonl{suffix}")


@pytest.mark.parametrize("suffix", PACKED)
def test_an_altered_or_foreign_stream_is_refused(tmp_path: Path, suffix: str) -> None:
    stored = bytearray(PACKED[suffix])
    stored[-1] ^= 1
    assert refusal_of(bundle_of(tmp_path / "b", suffix, bytes(stored)), tmp_path / "w1").code == "E_DIGEST"
    assert refusal_of(bundle_of(tmp_path / "b", suffix, LINES), tmp_path / "w2").code == "E_DIGEST"
    appended = PACKED[suffix] + b"rubbish that is no frame"
    assert refusal_of(bundle_of(tmp_path / "b", suffix, appended), tmp_path / "w3").code == "E_DIGEST"


def test_bombs_are_refused_before_they_fill_the_disk(tmp_path: Path) -> None:
    blank = b" " * (1 << 20)
    zipped = gzip.compress(blank * 128, 9)
    packer = zstandard.ZstdCompressor().compressobj()
    pressed = b"".join(packer.compress(blank) for _ in range(128)) + packer.flush()
    for suffix, bomb in ((".gz", zipped), (".zst", pressed)):
        assert len(bomb) * 1000 < 128 << 20
        work = tmp_path / suffix
        assert refusal_of(bundle_of(tmp_path / "b", suffix, bomb), work).code == "E_MANIFEST_PART"
        assert sum(path.stat().st_size for path in work.iterdir()) <= 129 << 20


def test_a_window_over_128_mib_is_refused(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=28, write_content_size=False)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    stored = packer.compress(LINES) + packer.flush()
    assert refusal_of(bundle_of(tmp_path / "b", ".zst", stored), tmp_path / "w").code == "E_DIGEST"


def test_a_byte_order_mark_and_a_foreign_encoding_are_seen_within_packed_parts(tmp_path: Path) -> None:
    root = bundle_of(tmp_path / "b", ".gz", gzip.compress(b"\xef\xbb\xbf" + LINES))
    bundle = Bundle.open(root).unpacked(tmp_path)
    assert [notice.code for notice in bundle.notices] == ["N_BOM"]
    assert unpacked_bytes(bundle) == LINES
    refusal = refusal_of(bundle_of(tmp_path / "c", ".gz", gzip.compress('{"id":1}'.encode("utf-16"))), tmp_path / "w")
    assert refusal.code == "E_BUNDLE_ENCODING"


def test_an_encoding_that_contradicts_the_name_is_refused(tmp_path: Path) -> None:
    root = bundle_of(tmp_path / "b", ".gz", PACKED[".gz"], encoding="zstd")
    assert refusal_of(root, tmp_path / "w").code == "E_MANIFEST"


def test_missing_zstd_support_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = bundle_of(tmp_path / "b", ".zst", PACKED[".zst"])
    monkeypatch.setitem(sys.modules, "zstandard", None)
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    with pytest.raises(UsageError, match=r"pip install 'exportkit\[zstd\]'"):
        Bundle.open(root, work=tmp_path)
