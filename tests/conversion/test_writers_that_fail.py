"""A writer's own defect costs its record, is named with its owner, and never stops the run (formats, E_WRITER)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.conversion.workbench import Workbench, assert_balanced, box, item, png

from exportkit import WRITTEN, Encoded, Fragments, OutputFile, Placement, Record, Writer, WriterOptions
from exportkit.conversion import ConversionRequest, ConversionResult, convert
from exportkit.conversion.request import OutputRequest
from exportkit.errors import ConversionFailed
from exportkit.plugins import PluginManager


class Lines(Writer):
    """Writes one line a record, and does to record 2 what a test wants."""

    name = "lines"
    kinds: ClassVar[dict[str, str]] = {"box": "written"}
    deed: Callable[[Record], Any] = staticmethod(lambda _: None)

    def encode(self, record: Record, placement: Placement) -> Encoded:
        if record.item_id == 2:
            value: Encoded = type(self).deed(record)
            return value
        return Encoded([WRITTEN] * len(record.annotations), streams={"all.txt#lines": f"{record.item_id}\n".encode()})

    def files(self) -> Iterable[OutputFile]:
        return [OutputFile("all.txt", (Fragments("all.txt#lines"),))]


def _raise(error: BaseException) -> Any:
    raise error


DEEDS: dict[str, Callable[[Record], Any]] = {
    "raises": lambda _: _raise(ValueError("broken")),
    "raises with an escape": lambda _: _raise(RuntimeError("\x1b[31m" + "x" * 5000)),
    "runs out of stack": lambda _: _raise(RecursionError("too deep")),
    "gives nothing": lambda _: None,
    "gives a text": lambda _: "x",
    "gives too few outcomes": lambda _: Encoded([]),
    "gives too many outcomes": lambda _: Encoded([WRITTEN] * 9),
    "gives no outcomes": lambda _: Encoded(["written"]),  # type: ignore[list-item]
    "streams to nowhere": lambda _: Encoded([WRITTEN], streams={"other#x": b"1"}),
    "streams text": lambda _: Encoded([WRITTEN], streams={"all.txt#lines": "text"}),  # type: ignore[dict-item]
    "writes text": lambda _: Encoded([WRITTEN], files=[("a.txt", "text")]),  # type: ignore[list-item]
    "writes outside": lambda _: Encoded([WRITTEN], files=[("../escaped.txt", b"x")]),
    "writes to an absolute path": lambda _: Encoded([WRITTEN], files=[("/tmp/exportkit-escaped.txt", b"x")]),
    "writes over a picture": lambda _: Encoded([WRITTEN], files=[("images/train/2.png", b"x")]),
    "writes over a list": lambda _: Encoded([WRITTEN], files=[("exportkit-errors.jsonl", b"x")]),
}


def _convert(bench: Workbench, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> ConversionResult:
    monkeypatch.setattr(PluginManager, "writer", lambda self, spec: None)
    monkeypatch.setattr(PluginManager, "checker_of", lambda self, entry: None)
    output = OutputRequest(Lines, WriterOptions(), "somebody", "1", "lines")
    request = ConversionRequest(bundle=bundle, outputs=(output,), directory=bench.out, workers=1)
    return convert(request, PluginManager.load())


@pytest.mark.parametrize("deed", DEEDS)
def test_what_a_writer_does_wrong_costs_the_record(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    monkeypatch.setattr(Lines, "deed", staticmethod(DEEDS[deed]))
    lines = [item(n, box(), file=f"files/{n}/{n}.png") for n in (1, 2, 3)]
    bundle = bench.bundle(lines, {f"files/{n}/{n}.png": png() for n in (1, 2, 3)})

    result = _convert(bench, bundle, monkeypatch)

    assert result.exit_code == 3
    (error,) = bench.errors()
    assert (error["code"], error["id"], error["line"], error["plugin"]) == ("E_WRITER", 2, 2, "somebody")
    assert "\x1b" not in error["message"]
    assert len(error["message"]) < 600
    assert (bench.out / "all.txt").read_text() == "1\n3\n"
    assert sorted(path.name for path in (bench.out / "images/train").iterdir()) == ["1.png", "3.png"]
    assert_balanced(bench.manifest())
    assert not (bench.out.parent / "escaped.txt").exists()
    assert not Path("/tmp/exportkit-escaped.txt").exists()
    assert bench.run("verify", bench.out).code == 0


def test_a_writer_that_fails_at_every_record_publishes_nothing(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lines, "deed", staticmethod(DEEDS["raises"]))

    with pytest.raises(ConversionFailed, match="E_WRITER"):
        _convert(bench, bench.pictures(2), monkeypatch)
    assert list(bench.out.parent.iterdir()) == []
