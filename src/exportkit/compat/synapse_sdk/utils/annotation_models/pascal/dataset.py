"""A Pascal VOC file: the objects of one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, Field

from exportkit.compat.synapse_sdk.utils.annotation_models.pascal.annotation import (
    PascalBndBox,
    PascalObject,
    PascalSize,
    PascalSource,
)

__all__ = ["PascalAnnotation"]


class PascalAnnotation(BaseModel):
    """The file of one picture."""

    folder: str = "Images"
    filename: str
    path: str | None = None
    source: PascalSource = Field(default_factory=PascalSource)
    size: PascalSize
    segmented: int = 0
    objects: list[PascalObject] = Field(default_factory=list)

    def to_xml(self, pretty: bool = True) -> str:
        """The file as text, without a declaration; ``pretty`` puts each element on a line."""
        from lxml import etree

        root = etree.Element("annotation")
        _add(root, self.model_dump(include={"folder", "filename"}))
        _add(root, {"path": self.path or None})
        _add(etree.SubElement(root, "source"), self.source.model_dump())
        _add(etree.SubElement(root, "size"), self.size.model_dump())
        _add(root, {"segmented": self.segmented})
        for found in self.objects:
            element = etree.SubElement(root, "object")
            _add(element, found.model_dump(include={"name", "pose", "truncated", "difficult", "occluded"}))
            _add(etree.SubElement(element, "bndbox"), found.bndbox.model_dump())
        if not pretty:
            return etree.tostring(root, encoding="unicode")
        etree.indent(root)
        return etree.tostring(root, encoding="unicode") + "\n"

    def to_file(self, file_path: Path | str) -> None:
        Path(file_path).write_text(self.to_xml(), encoding="utf-8")

    @classmethod
    def from_xml(cls, xml_str: str) -> Self:
        """Read a text. Raises ValueError where it is no XML, or has no size."""
        from lxml import etree

        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        try:
            root = etree.fromstring(xml_str.encode(), parser)
        except etree.XMLSyntaxError as error:
            raise ValueError(f"This is no XML: {error}.") from None
        size = root.find("size")
        if size is None:
            raise ValueError("A Pascal VOC file needs the size of its picture.")
        source = root.find("source")
        return cls.model_validate(
            {
                **_texts(root, {"folder": "Images", "filename": "", "path": None, "segmented": "0"}),
                "source": {} if source is None else _texts(source, _SOURCE),
                "size": _texts(size, {"width": "0", "height": "0", "depth": "3"}),
                "objects": [
                    {**_texts(found, _OBJECT), "bndbox": _texts(box, dict.fromkeys(PascalBndBox.model_fields, "0"))}
                    for found in root.findall("object")
                    if (box := found.find("bndbox")) is not None
                ],
            }
        )

    @classmethod
    def from_file(cls, file_path: Path | str) -> Self:
        return cls.from_xml(Path(file_path).read_text(encoding="utf-8"))

    def to_dict(self) -> dict[str, Any]:
        return self.model_dump()

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        return cls.model_validate(data)


#: What each element stands for where it is missing.
_SOURCE: dict[str, str | None] = {"database": "Unknown", "annotation": None, "image": None}
_OBJECT: dict[str, str | None] = {
    "name": "",
    "pose": "Unspecified",
    "truncated": "0",
    "difficult": "0",
    "occluded": None,
}


def _add(parent: Any, values: dict[str, Any]) -> None:
    """Put an element below ``parent`` for each value that there is."""
    from lxml import etree

    for name, value in values.items():
        if value is not None:
            etree.SubElement(parent, name).text = str(value)


def _texts(parent: Any, defaults: dict[str, Any]) -> dict[str, Any]:
    return {name: parent.findtext(name, default) for name, default in defaults.items()}
