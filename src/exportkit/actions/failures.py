"""Items and files that failed: counted in memory, listed on disk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, overload

from exportkit.errors import RecordFault, words_of

__all__ = ["ErrorRow", "ErrorRows", "FailureLog", "LinesOnDisk", "code_of"]

#: Code of an exception that a plugin raised for an item (formats, section 2.13).
_RAISED = "E_WRITER"
_LONGEST_MESSAGE = 2000


def code_of(error: BaseException) -> str:
    """The stable code of what an item failed with."""
    code = getattr(error, "code", None)
    return code if isinstance(error, RecordFault) and isinstance(code, str) else _RAISED


class LinesOnDisk:
    """JSON values, one a line, in a file that appears with the first of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None
        self.count = 0

    def add(self, value: Any) -> None:
        """Take one value."""
        if self._file is None:
            self._file = self._path.open("w", encoding="utf-8", errors="backslashreplace")
        self._file.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
        self.count += 1

    def __iter__(self) -> Iterator[Any]:
        if self._file is None:
            return
        self._file.flush()
        with self._path.open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)

    def close(self) -> None:
        """Release the file."""
        if self._file is not None:
            self._file.close()


class ErrorRow(list[str]):
    """``[file, message]`` with the code of what happened."""

    def __init__(self, file: str, error: BaseException) -> None:
        super().__init__([file, words_of(error)])
        self.code = code_of(error)


class ErrorRows(Sequence[Any]):
    """The list ``[[file, message], …]`` that template methods append to; its rows lie on disk."""

    def __init__(self, path: Path) -> None:
        self._rows = LinesOnDisk(path)
        self._latest: list[Any] = []

    def append(self, row: Any) -> None:
        """Take one row, as a list would."""
        self._rows.add(row)
        self._latest.append(row)

    def extend(self, rows: Iterable[Any]) -> None:
        """Take several rows."""
        for row in rows:
            self.append(row)

    def latest(self) -> list[Any]:
        """The rows since this was last asked, so that each can be told to the item that it belongs to."""
        rows, self._latest = self._latest, []
        return rows

    def close(self) -> None:
        """Release the file."""
        self._rows.close()

    def __len__(self) -> int:
        return self._rows.count

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return list(self._rows)[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (list, ErrorRows)) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


class FailureLog:
    """What ``exportkit-errors.jsonl`` will hold: ``{id, file, step, code, type, message, attempts}`` for each failure.

    The first ones are also at hand, for messages.
    """

    KEPT = 10

    def __init__(self, path: Path) -> None:
        self._rows = LinesOnDisk(path)
        self.first: list[dict[str, Any]] = []

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self._rows.count

    def add(
        self, identity: Any, file: str, step: str, *, code: str, kind: str, message: str, line: int | None = None
    ) -> None:
        """Take one failure; `kind` is the type of the exception, `line` the bundle's, where it is known."""
        row: dict[str, Any] = {"id": identity, "file": file, "step": step, "code": code, "type": kind}
        if line is not None:
            row["line"] = line
        row |= {"message": message[:_LONGEST_MESSAGE], "attempts": 1}
        if len(self.first) < self.KEPT:
            self.first.append(row)
        self._rows.add(row)

    def raised(self, identity: Any, file: str, step: str, error: BaseException) -> None:
        """Take what an item failed with."""
        self.add(identity, file, step, code=code_of(error), kind=type(error).__name__, message=words_of(error))

    def write(self, path: Path) -> None:
        """Write the list, also an empty one."""
        with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in self._rows)

    def close(self) -> None:
        """Release the file."""
        self._rows.close()
