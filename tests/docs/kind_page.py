"""The page of kinds: what becomes of each in each format, told by the writers. Run it to write the page anew."""

from __future__ import annotations

from pathlib import Path

from exportkit.conversion.output_words import output_requests
from exportkit.plugins import PluginManager
from exportkit.writing.kind_table import kind_rows

PAGE = Path(__file__).parents[2] / "docs/reference/kinds.md"
FORMATS = {"COCO": "coco", "YOLO": "yolo", "Pascal VOC": "voc", "CSV": "csv"}
HEAD = """\
# Kinds of annotations

What becomes of each kind in each format, of a dataset that holds them all. `written`: whole. `N_`: whole, in another
notation. `L_`: written, with a loss. `S_`: left out. `E_`: the record fails. The [codes](codes.md) tell more;
`exportkit formats NAME:key=value` shows one column for other options."""


def page() -> str:
    """The whole page."""
    manager = PluginManager.load()
    parts = [HEAD]
    for title, name in FORMATS.items():
        variants = manager.writer(name).cls.variants
        specs = [f"{name}:{words}" if words else name for words in variants]
        columns = [
            kind_rows(request.writer, request.options) for request in (_request(spec, manager) for spec in specs)
        ]
        parts.append(f"\n## {title}\n\n| Kind | " + " | ".join(f"`{spec}`" for spec in specs) + " |")
        parts.append("|---" * (len(specs) + 1) + "|")
        for rows in zip(*columns, strict=True):
            words = (" ".join(f"`{code}`" for code in row.codes) or row.status for row in rows)
            parts.append(f"| {rows[0].title} | " + " | ".join(words) + " |")
    return "\n".join(parts) + "\n"


def _request(spec: str, manager: PluginManager):  # type: ignore[no-untyped-def]
    (request,) = output_requests([spec], manager)
    return request


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
