"""How members lie in an archive: what stands before and behind the bytes of each, and behind them all.

Members are stored as they are, in the order in which they come, without clock, user or mode of this machine.
"""

from __future__ import annotations

import struct
import tarfile
from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple, Protocol

__all__ = ["ARCHIVES", "ArchiveLayout", "Member", "SinkName", "archive_layout"]

SinkName = Literal["tar", "zip"]
#: File name of the archive of a dataset, by sink.
ARCHIVES: Final[dict[SinkName, str]] = {"tar": "dataset.tar", "zip": "dataset.zip"}

_BLOCK: Final = 512
_FILE_MODE: Final = 0o644
_FOLDER_MODE: Final = 0o755


class Member(NamedTuple):
    """One file or folder (whose path ends with a slash) of an archive; offsets in bytes from its beginning."""

    path: str
    #: Where its header begins, and where its content does.
    start: int
    content: int
    size: int
    crc: int


class ArchiveLayout(Protocol):
    """The bytes around the contents of members."""

    #: Whether a header tells the CRC-32 of its content.
    has_crc: bool

    def head(self, path: str, size: int, crc: int) -> bytes:
        """What stands before a content; for one path always of the same length."""
        ...

    def padding(self, size: int) -> bytes:
        """What stands behind a content of this size."""
        ...

    def end(self, members: Iterable[Member], size: int) -> Iterator[bytes]:
        """What stands behind all members, which are ``size`` bytes, piece by piece."""
        ...


class TarLayout:
    """POSIX.1-2001 (pax): ustar headers; names that those cannot hold have an extended header before them.

    A size of 8 GiB or more stands in base 256, which GNU tar introduced and all common readers take.
    """

    has_crc = False

    def head(self, path: str, size: int, crc: int) -> bytes:
        del crc
        is_folder = path.endswith("/")
        name = path.encode("utf-8", "surrogateescape")
        if len(name) > 100 or not path.isascii():
            return self._extended(path, size, is_folder=is_folder)
        return _ustar(name, size, is_folder=is_folder)

    def _extended(self, path: str, size: int, *, is_folder: bool) -> bytes:
        info = tarfile.TarInfo(path)
        info.type = tarfile.DIRTYPE if is_folder else tarfile.REGTYPE
        info.mode = _FOLDER_MODE if is_folder else _FILE_MODE
        written = info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        return written[:-_BLOCK] + _with_size(written[-_BLOCK:], size)

    def padding(self, size: int) -> bytes:
        return bytes(-size % _BLOCK)

    def end(self, members: Iterable[Member], size: int) -> Iterator[bytes]:
        del members, size
        yield bytes(2 * _BLOCK)


def _ustar(name: bytes, size: int, *, is_folder: bool) -> bytes:
    mode, kind = (_FOLDER_MODE, b"5") if is_folder else (_FILE_MODE, b"0")
    head = struct.pack(
        "100s8s8s8s12s12s8s1s100s6s2s32s32s8s8s155s12x",
        name, b"%07o" % mode, b"0000000", b"0000000", _number(size), b"00000000000", b"        ", kind,
        b"", b"ustar", b"00", b"", b"", b"0000000", b"0000000", b"",
    )  # fmt: skip
    return _with_checksum(head)


def _number(size: int) -> bytes:
    return b"%011o" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big")


def _with_size(head: bytes, size: int) -> bytes:
    return _with_checksum(head[:124] + _number(size).ljust(12, b"\0") + head[136:148] + b"        " + head[156:])


def _with_checksum(head: bytes) -> bytes:
    return head[:148] + b"%06o\0 " % sum(head) + head[156:]


_ZIP_LOCAL: Final = struct.Struct("<4s5H3L2H")
_ZIP_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
#: 1 January 1980, the first day that the format knows.
_ZIP_DAY: Final = 1 << 5 | 1
_UTF8: Final = 1 << 11
_FULL, _FULL_16 = 0xFFFFFFFF, 0xFFFF
_VERSION: Final = 45
_UNIX: Final = 3 << 8


class ZipLayout:
    """APPNOTE 6.3: stored members, ZIP64 throughout, names in UTF-8, the directory at the end."""

    has_crc = True

    def head(self, path: str, size: int, crc: int) -> bytes:
        name = path.encode("utf-8", "surrogateescape")
        sizes = struct.pack("<2H2Q", 1, 16, size, size)
        fixed = _ZIP_LOCAL.pack(
            b"PK\3\4", _VERSION, _flags(path), 0, 0, _ZIP_DAY, crc, _FULL, _FULL, len(name), len(sizes)
        )
        return fixed + name + sizes

    def padding(self, size: int) -> bytes:
        del size
        return b""

    def end(self, members: Iterable[Member], size: int) -> Iterator[bytes]:
        count = length = 0
        for member in members:
            entry = self._entry(member)
            count += 1
            length += len(entry)
            yield entry
        yield struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, _UNIX | _VERSION, _VERSION, 0, 0, count, count, length, size)
        yield struct.pack("<4sLQL", b"PK\6\7", 0, size + length, 1)
        few = min(count, _FULL_16)
        yield struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, few, few, min(length, _FULL), min(size, _FULL), 0)

    def _entry(self, member: Member) -> bytes:
        name = member.path.encode("utf-8", "surrogateescape")
        more = struct.pack("<2H3Q", 1, 24, member.size, member.size, member.start)
        mode = 0o40000 | _FOLDER_MODE if member.path.endswith("/") else 0o100000 | _FILE_MODE
        fixed = _ZIP_CENTRAL.pack(
            b"PK\1\2", _UNIX | _VERSION, _VERSION, _flags(member.path), 0, 0, _ZIP_DAY, member.crc, _FULL, _FULL,
            len(name), len(more), 0, 0, 0, mode << 16, _FULL,
        )  # fmt: skip
        return fixed + name + more


def _flags(path: str) -> int:
    return 0 if path.isascii() else _UTF8


def archive_layout(sink: SinkName) -> ArchiveLayout:
    """The layout of a sink."""
    return TarLayout() if sink == "tar" else ZipLayout()
