"""gzip and zstd: parts are unpacked under caps, and packed to the same bytes every time."""

from __future__ import annotations

import gzip
import importlib
import os
import struct
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, cast

from exportkit.bundles.part import Encoding
from exportkit.errors import UsageError

__all__ = ["MAX_RATIO", "RATIO_FREE", "CompressionBomb", "DamagedStream", "encoding_of", "packing", "unpack"]

#: A part may unpack to this many bytes for each byte stored, once it passes the size below which nobody counts.
MAX_RATIO: Final = 1000
RATIO_FREE: Final = 64 << 20
#: No part unpacks to more, whatever its ratio.
MAX_UNPACKED: Final = 1 << 40
# Largest zstd window, log2 of bytes: what the zstd command accepts by default.
_WINDOW_LOG: Final = 27
_BLOCK: Final = 1 << 20
_ZSTD_MAGIC: Final = 0xFD2FB528
_SKIPPABLE_MAGIC: Final = 0x184D2A50


class DamagedStream(Exception):
    """Compressed bytes that are cut, altered, or not of the encoding they are said to be."""


class CompressionBomb(Exception):
    """Compressed bytes that would unpack beyond the caps."""


def encoding_of(path: str) -> Encoding | None:
    """Return how a part is compressed by its name (wire contract, section 18)."""
    if path.endswith(".gz"):
        return "gzip"
    return "zstd" if path.endswith(".zst") else None


def unpack(source: BinaryIO, encoding: Encoding, target: BinaryIO) -> int:
    """Copy what `source` holds to `target`; return the bytes written. Memory is bounded by window and block.

    Raises DamagedStream and CompressionBomb; UsageError where the zstd support is not installed.
    """
    stored = os.fstat(source.fileno()).st_size
    allowed = min(max(RATIO_FREE, stored * MAX_RATIO), MAX_UNPACKED)
    written = 0
    for block in _unpacked_blocks(source, encoding, stored):
        written += len(block)
        if written > allowed:
            raise CompressionBomb(f"{stored} bytes unpack to more than {allowed}")
        target.write(block)
    return written


def _unpacked_blocks(source: BinaryIO, encoding: Encoding, stored: int) -> Iterator[bytes]:
    if not stored:
        raise DamagedStream("the file is empty")
    if encoding == "zstd":
        _walk_zstd_frames(source, stored)
        source.seek(0)
    stream = gzip.GzipFile(fileobj=source, mode="rb") if encoding == "gzip" else _zstd_reader(source)
    damage = (EOFError, gzip.BadGzipFile, zlib.error) if encoding == "gzip" else (EOFError, _zstd().ZstdError)
    while True:
        try:
            block = stream.read(_BLOCK)
        except damage as error:
            raise DamagedStream(str(error)) from error
        if not block:
            return
        yield block


def packing(target: BinaryIO, encoding: Encoding) -> BinaryIO:
    """Return a file to write lines to, which packs them into `target`; closing it leaves `target` open.

    The bytes depend on the content and the version of the compression library alone: no time, no name.
    """
    if encoding == "gzip":
        return cast("BinaryIO", gzip.GzipFile(filename="", fileobj=target, mode="wb", mtime=0))
    return cast("BinaryIO", _zstd_writer(target))


def _walk_zstd_frames(source: BinaryIO, stored: int) -> None:
    """Follow frames and blocks by their headers to the very end: a decoder takes a cut stream for a short one.

    The layout is that of RFC 8878, section 3.1.
    """
    try:
        while source.tell() < stored:
            (magic,) = struct.unpack("<I", source.read(4))
            if magic & ~0xF == _SKIPPABLE_MAGIC:
                source.seek(struct.unpack("<I", source.read(4))[0], os.SEEK_CUR)
                continue
            if magic != _ZSTD_MAGIC:
                raise DamagedStream("it is no zstd frame")
            _walk_zstd_frame(source, stored)
    except struct.error as error:
        raise DamagedStream("it ends within a frame") from error
    if source.tell() != stored:
        raise DamagedStream("it ends within a frame")


def _walk_zstd_frame(source: BinaryIO, stored: int) -> None:
    (descriptor,) = struct.unpack("B", source.read(1))
    single_segment = descriptor >> 5 & 1
    content_size = (single_segment, 2, 4, 8)[descriptor >> 6]
    dictionary_id = (0, 1, 2, 4)[descriptor & 3]
    source.seek((1 - single_segment) + dictionary_id + content_size, os.SEEK_CUR)
    last = 0
    while not last:
        low, high = struct.unpack("<HB", source.read(3))
        header = low | high << 16
        last, kind, size = header & 1, header >> 1 & 3, header >> 3
        source.seek(1 if kind == 1 else size, os.SEEK_CUR)
    source.seek(4 if descriptor >> 2 & 1 else 0, os.SEEK_CUR)
    if source.tell() > stored:
        raise DamagedStream("it ends within a frame")


def _zstd_reader(source: BinaryIO) -> Any:
    zstd = _zstd()
    if zstd.__name__ == "zstandard":
        decompressor = zstd.ZstdDecompressor(max_window_size=1 << _WINDOW_LOG)
        return decompressor.stream_reader(source, read_across_frames=True, closefd=False)
    return zstd.ZstdFile(source, "rb", options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})


def _zstd_writer(target: BinaryIO) -> Any:
    zstd = _zstd()
    if zstd.__name__ == "zstandard":
        return zstd.ZstdCompressor(write_checksum=True).stream_writer(target, closefd=False)
    return zstd.ZstdFile(target, "wb", options={zstd.CompressionParameter.checksum_flag: 1})


def _zstd() -> Any:
    """Return the standard library's module (Python 3.14 and newer), else that of the extra."""
    for name in ("compression.zstd", "zstandard"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise UsageError("This bundle is packed with zstd; install its support with: pip install 'exportkit[zstd]'")
