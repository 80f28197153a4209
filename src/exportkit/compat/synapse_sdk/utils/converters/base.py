"""What all converters share: where files lie, and how large a picture is."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, ClassVar, TypeVar, cast

from exportkit.compat.synapse_sdk.utils.annotation_models.dm import DMVersion
from exportkit.compat.synapse_sdk.utils.converters.dm import V2ConversionResult, convert_v1_to_v2, convert_v2_to_v1
from exportkit.pictures import PictureHeader, PictureUnreadable, probe

__all__ = ["BaseConverter", "DatasetFormat", "FromDMConverter", "Sample", "ToDMConverter"]


class DatasetFormat(StrEnum):
    """What is converted from and to."""

    DM_V1 = "dm_v1"
    DM_V2 = "dm_v2"
    YOLO = "yolo"
    COCO = "coco"
    PASCAL = "pascal"
    IMAGEFOLDER = "imagefolder"

    @classmethod
    def from_dm_version(cls, version: DMVersion) -> DatasetFormat:
        return cls.DM_V1 if version == DMVersion.V1 else cls.DM_V2


#: What a folder becomes.
_Converted = TypeVar("_Converted")


class BaseConverter(ABC):
    """Converts a folder (``root_dir``), or single files (``is_single_conversion``).

    ``is_categorized`` says that the folder has one of each split in it. Raises ValueError without a folder, unless
    single files are converted.
    """

    IMG_EXTENSIONS: ClassVar[list[str]] = [".jpg", ".jpeg", ".png", ".bmp", ".webp"]
    #: Whether the content of a picture is needed, and not only its size.
    requires_source: bool = True
    #: Channels of a picture of which only the size is known.
    DEFAULT_META_DEPTH = 3

    def __init__(
        self, root_dir: str | Path | None = None, is_categorized: bool = False, is_single_conversion: bool = False
    ) -> None:
        if not is_single_conversion and not root_dir:
            raise ValueError("A folder is converted: give 'root_dir', or is_single_conversion=True for single files.")
        self.root_dir = Path(root_dir) if root_dir else None
        self.is_categorized = is_categorized
        self.is_single_conversion = is_single_conversion
        self.converted_data: Any = None

    @abstractmethod
    def convert(self) -> Any:
        """Convert the folder, in memory."""

    @abstractmethod
    def save_to_folder(self, output_dir: str | Path) -> None:
        """Write what was converted; converts first where nothing was yet."""

    def convert_single_file(self, data: Any, original_file: IO[Any], **kwargs: Any) -> Any:
        """Convert one file. Raises RuntimeError in a converter of folders."""
        self._check_single()
        raise NotImplementedError(f"{type(self).__name__} converts no single files.")

    @staticmethod
    def ensure_dir(path: Path | str) -> Path:
        """The folder, which is there afterwards."""
        Path(path).mkdir(parents=True, exist_ok=True)
        return Path(path)

    @staticmethod
    def safe_image_size(path_or_fp: Any, *, dimensions: tuple[int, int] | None = None) -> tuple[int, int, int] | None:
        """Width, height and channels of a picture as it is stored; None for what is no picture.

        With ``dimensions`` (width, height) nothing is opened.
        """
        if dimensions is not None:
            return *dimensions, BaseConverter.DEFAULT_META_DEPTH
        try:
            header = _header(path_or_fp)
        except (PictureUnreadable, OSError, ValueError):
            return None
        return header.stored_width, header.stored_height, header.channels

    @staticmethod
    def get_image_size(image_path: Path | str, *, dimensions: tuple[int, int] | None = None) -> tuple[int, int]:
        """Width and height of a picture as it is stored. Raises ValueError for what is no picture."""
        if dimensions is not None:
            return dimensions
        try:
            header = _header(image_path)
        except PictureUnreadable as error:
            raise ValueError(f"{image_path} is no picture: {error}.") from None
        return header.stored_width, header.stored_height

    def find_image_for_label(self, label_stem: str, image_dir: Path) -> Path | None:
        """The picture of a label file: of the same name, with the first known ending that is there."""
        candidates = (Path(image_dir) / f"{label_stem}{extension}" for extension in self.IMG_EXTENSIONS)
        return next((path for path in candidates if path.exists()), None)

    def _check_single(self) -> None:
        if not self.is_single_conversion:
            raise RuntimeError("convert_single_file is there only with is_single_conversion=True.")

    def _root(self) -> Path:
        if self.root_dir is None:
            raise ValueError("There is no folder to convert; give 'root_dir'.")
        return self.root_dir

    def _splits(self) -> dict[str, Path]:
        """The folder of each split: ``train`` and ``valid`` must be there. One that is not split stands under ''."""
        root = self._root()
        if not self.is_categorized:
            return {"": root}
        found = {split: root / split for split in ("train", "valid", "test")}
        for split in ("train", "valid"):
            if not found[split].is_dir():
                raise FileNotFoundError(f"The folder {found[split]} of the split '{split}' is missing.")
        return {split: path for split, path in found.items() if path.is_dir()}

    def _kept(self, converted: dict[str, _Converted]) -> _Converted | dict[str, _Converted]:
        """Keep what each split became; a folder that is not split is given as it is."""
        result = converted if self.is_categorized else converted[""]
        self.converted_data = result
        return result

    def _kept_splits(self) -> dict[str, Any]:
        """What was kept, by split; a folder that is not split stands under ''."""
        return self.converted_data if self.is_categorized else {"": self.converted_data}

    @staticmethod
    def _generate_unique_id() -> str:
        return uuid.uuid4().hex[:10]


@dataclass(frozen=True)
class Sample:
    """A payload of a folder, and the picture beside it."""

    stem: str
    image_path: Path
    payload: V2ConversionResult

    @property
    def image(self) -> dict[str, list[dict[str, Any]]]:
        """The annotations of its first picture, by tool."""
        images = self.payload["annotation_data"].get("images")
        return images[0] if isinstance(images, list) and images else {}


class _DMConverter(BaseConverter):
    """One side of the conversion are payloads, in one of their schemas."""

    def __init__(
        self,
        root_dir: str | Path | None = None,
        is_categorized: bool = False,
        is_single_conversion: bool = False,
        dm_version: DMVersion | None = None,
    ) -> None:
        super().__init__(root_dir, is_categorized, is_single_conversion)
        self.dm_version = dm_version or DMVersion.V2
        self._begin()

    def _begin(self) -> None:
        """Set what a new converter has of its own."""


class FromDMConverter(_DMConverter):
    """Converts payloads (``json/*.json``) and their pictures (``original_files/*``) to another format."""

    source_format: DatasetFormat = DatasetFormat.DM_V2
    target_format: DatasetFormat

    def _begin(self) -> None:
        self.source_format = DatasetFormat.from_dm_version(self.dm_version)
        self.version = "1.0"
        self.class_names: Any = []
        self.class_map: dict[str, int] | None = None
        #: Payloads of which the picture is missing, or is none; they are not converted.
        self.skipped: list[Path] = []

    def get_config_path(self, output_dir: str | Path) -> Path | None:
        """The file of the format that says what is in the folder; None where it has none."""
        return None

    def save_to_folder(self, output_dir: str | Path) -> None:
        self.ensure_dir(output_dir)
        if self.converted_data is None:
            self.converted_data = self.convert()

    def _samples(self, split_dir: Path) -> Iterator[Sample]:
        """The payloads of a split that have a picture, by name."""
        for folder in ("json", "original_files"):
            if not (split_dir / folder).is_dir():
                raise FileNotFoundError(f"The folder {split_dir / folder} is missing.")
        for path in sorted((split_dir / "json").glob("*.json")):
            picture = self.find_image_for_label(path.stem, split_dir / "original_files")
            if picture is None or self.safe_image_size(picture) is None:
                self.skipped.append(path)
                continue
            yield Sample(path.stem, picture, self._payload(path))

    def _payload(self, path: Path) -> V2ConversionResult:
        data = json.loads(path.read_text(encoding="utf-8"))
        if self.dm_version == DMVersion.V1:
            return convert_v1_to_v2(data)
        if "annotation_data" in data:
            return cast("V2ConversionResult", {"annotation_meta": {}, **data})
        return {"annotation_data": data, "annotation_meta": {}}


class ToDMConverter(_DMConverter):
    """Converts another format to payloads (``json/*.json``) with their pictures (``original_files/*``)."""

    source_format: DatasetFormat
    target_format: DatasetFormat = DatasetFormat.DM_V2

    def _begin(self) -> None:
        self.target_format = DatasetFormat.from_dm_version(self.dm_version)

    def convert(self) -> dict[str, Any]:
        """``{file name: (payload, path of the picture)}``, or one such mapping for each split."""
        converted = {split: self._convert_split(path) for split, path in self._splits().items()}
        return self._kept(converted)

    @abstractmethod
    def _convert_split(self, split_dir: Path) -> dict[str, tuple[dict[str, Any], Path]]: ...

    def save_to_folder(self, output_dir: str | Path) -> None:
        if self.converted_data is None:
            self.convert()
        for split, pictures in self._kept_splits().items():
            payloads = self.ensure_dir(Path(output_dir) / split / "json")
            originals = self.ensure_dir(Path(output_dir) / split / "original_files")
            for name, (payload, source) in pictures.items():
                text = json.dumps(payload, indent=2, ensure_ascii=False)
                (payloads / f"{Path(name).stem}.json").write_text(text, encoding="utf-8")
                if source and Path(source).exists():
                    shutil.copy(source, originals / Path(name).name)

    def _in_schema(self, payload: dict[str, Any]) -> dict[str, Any]:
        """A payload of the second schema in the one that is asked for."""
        return convert_v2_to_v1(payload) if self.dm_version == DMVersion.V1 else payload

    def _single_picture(self, original_file: IO[Any]) -> Path:
        """Where the picture of a single file lies. Raises ValueError for a file without a name."""
        self._check_single()
        if not (name := getattr(original_file, "name", None)):
            raise ValueError("original_file must have a name, by which its picture is known.")
        return Path(name)


def _header(source: Any) -> PictureHeader:
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file:
            return probe(file.fileno())
    before = source.tell()
    try:
        return probe(source.read())
    finally:
        source.seek(before)
