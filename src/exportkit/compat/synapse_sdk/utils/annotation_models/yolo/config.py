"""The YAML file of a YOLO dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel

from exportkit.storage.yaml_file import read_yaml

__all__ = ["YOLODatasetConfig"]


class YOLODatasetConfig(BaseModel):
    """Where the pictures of each split lie, below ``path``, and the names of the classes in order."""

    path: str = "."
    train: str = "train/images"
    val: str = "valid/images"
    test: str | None = None
    nc: int
    names: list[str]

    def to_yaml(self) -> str:
        """The file as text."""
        places = {"path": self.path, "train": self.train, "val": self.val, "test": self.test}
        head = "".join(f"{key}: {value}\n" for key, value in places.items() if value)
        return f"{head}\nnc: {self.nc}\nnames: {self.names}\n"

    @classmethod
    def from_yaml(cls, yaml_path: Path | str) -> Self:
        """Read a file. Raises UsageError where it cannot be read, ValueError where ``nc`` or ``names`` is missing."""
        read = read_yaml(Path(yaml_path), "The dataset file").value
        return cls.model_validate(read)
