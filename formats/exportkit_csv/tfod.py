"""The tables of the TensorFlow Object Detection tools: absolute pixels, a side table, a label map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from exportkit.records import Annotation, Box, BoxTexts, Canvas, Record, box_texts, decimal_text
from exportkit.writing import Encoded, EncodedRun, Outcome, OutputFile, Placement, RecordRun
from exportkit_csv.box_table import BoxTable
from exportkit_csv.table import NEGATIVE_ELSEWHERE

__all__ = ["TfodTable"]

_LABELS = "filename,width,height,class,xmin,ymin,xmax,ymax"
_IMAGES = "filename,width,height"
#: What protobuf's text format cannot hold as it is between double quotes.
_ESCAPES = {code: f"\\{code:03o}" for code in (*range(32), 127)} | {
    ord("\\"): "\\\\",
    ord('"'): '\\"',
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
}


class TfodTable(BoxTable):
    """``filename,width,height,class,xmin,ymin,xmax,ymax``; width and height of the picture (section 5.4)."""

    boxless: ClassVar[frozenset[str]] = frozenset({"polygon"})

    def ordinary(self, outcomes: Mapping[str, tuple[Outcome, Outcome]]) -> BoxTexts:
        if self.options.precision is not None:
            return super().ordinary(outcomes)
        heads = {label: f",{cell},".encode() for label, cell in self.labels.items()}
        return box_texts("edges", heads, (b",", b",", b",", b"", b""), outcomes)

    def head(self, record: Record, placement: Placement) -> str:
        return f"{self.text(placement.name)},{record.width},{record.height}"

    def row(self, head: str, label: str, box: Box, canvas: Canvas, annotation: Annotation) -> tuple[str, bool]:
        if self.options.precision is not None:
            x0, x1, wider = self.precision.edges(box.x, box.x + box.width, canvas.width)
            y0, y1, higher = self.precision.edges(box.y, box.y + box.height, canvas.height)
            return f"{head},{label},{decimal_text(x0)},{decimal_text(y0)},{decimal_text(x1)},{decimal_text(y1)}", (
                wider or higher
            )
        left, top, right, bottom = map(decimal_text, box.to_xyxy())
        return f"{head},{label},{left},{top},{right},{bottom}", False

    def encoded(self, placement: Placement, head: str, rows: list[bytes], outcomes: list[Outcome]) -> Encoded:
        split = placement.split
        streams = {f"{split}_images.csv#rows": self.byte_lines([head.encode()])}
        if rows:
            streams[f"{split}_labels.csv#rows"] = self.byte_lines(rows)
        return Encoded(outcomes, streams=streams, notices=() if rows else NEGATIVE_ELSEWHERE)

    def encode_run(self, run: RecordRun) -> EncodedRun | None:
        columns = zip(run.names, run.widths, run.heights, strict=True)
        heads = [f"{self.text(name)},{width},{height}".encode() for name, width, height in columns]
        end = self.end.encode()
        texts, outcomes = run.texts(self._ordinary, starts=heads, ends=end, crowds=self._crowds)
        # A negative comes with a notice of its own.
        count = texts.index(b"") if b"" in texts else len(texts)
        streams: dict[str, list[bytes]] = {}
        for place, (split, head, text) in enumerate(zip(run.splits[:count], heads, texts, strict=False)):
            for key, piece in ((f"{split}_images.csv#rows", head + end), (f"{split}_labels.csv#rows", text)):
                if key not in streams:
                    streams[key] = [b""] * count
                streams[key][place] = piece
        pictures = [f"images/{name}" for name in run.names[:count]]
        outcomes = outcomes[: sum(run.counts(count))]
        overlaps = run.overlaps(count, outcomes, "L_REGION_DROPPED")
        return EncodedRun(outcomes, pictures, streams=streams, overlaps=overlaps)

    def files(self) -> Iterable[OutputFile]:
        for split in self.split_names():
            yield self.file(f"{split}_labels.csv", _LABELS)
            yield self.file(f"{split}_images.csv", _IMAGES)
        items = (_item(index + 1, name) for index, name in enumerate(self.plan.classes) if name in self.labels)
        yield OutputFile("label_map.pbtxt", ("".join(items).encode("utf-8"),))


def _item(number: int, name: str) -> str:
    return f'item {{\n  id: {number}\n  name: "{name.translate(_ESCAPES)}"\n}}\n'
