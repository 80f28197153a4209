"""The annotation files of a COCO dataset, told by their names in the layouts that readers know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from exportkit.writing import Dataset

__all__ = ["RoleFile", "has_named_files", "role_file", "role_files"]

_ROLE = "instances|boxes|person_keypoints|captions|stuff|panoptic"
#: ``annotations/instances_train.json``, ``annotations/instances_train2017.json``, ``annotations/instances.json``.
_NAMED = re.compile(rf"annotations/({_ROLE})_?([^/]*)\.json")
#: ``train/_annotations.coco.json``, and other roles beside it.
_BESIDE_PICTURES = re.compile(rf"(?:([^/]+)/)?_(annotations|{_ROLE})\.coco\.json")
#: A file of another name whose first key is one of COCO's.
_FIRST_KEY = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\s*\"(?:info|licenses|images|annotations|categories|type)\"\s*:")
_HEAD = 4096


class RoleFile(NamedTuple):
    """One annotation file."""

    path: str
    #: What its annotations are; objects where the name does not tell.
    role: str
    #: Folders that its pictures may lie in, the likeliest first, each with its trailing slash or empty.
    folders: tuple[str, ...]
    #: Its split, where the name tells.
    split: str = ""


def role_file(path: str) -> RoleFile:
    """What the path of an annotation file tells."""
    named, beside = _NAMED.fullmatch(path), _BESIDE_PICTURES.fullmatch(path)
    if named:
        split = named[2]
        below = (f"images/{split}/", f"{split}/") if split else ()
        return RoleFile(path, named[1], (*below, "images/", ""), split)
    if beside:
        split = beside[1] or ""
        role = "instances" if beside[2] == "annotations" else beside[2]
        return RoleFile(path, role, (f"{split}/" if split else "",), split)
    folder, name = path[: path.rfind("/") + 1], path.rpartition("/")[2]
    alone = _NAMED.fullmatch(f"annotations/{name}")
    return RoleFile(path, alone[1] if alone else "instances", ("images/", folder, f"{folder}images/", ""))


def has_named_files(dataset: Dataset) -> bool:
    """Whether a directory has annotation files of a usual name; other formats have JSON files of any name, too."""
    return next(_named_files(dataset), None) is not None


def role_files(dataset: Dataset) -> list[RoleFile]:
    """The annotation files of a directory; those of other names only where none has a usual one."""
    return [role_file(path) for path in [*_named_files(dataset)] or _strangers(dataset)]


def _named_files(dataset: Dataset) -> Iterator[str]:
    yield from (path for path in dataset.listing("annotations") if _NAMED.fullmatch(path))
    yield from _beside_pictures(dataset)


def _beside_pictures(dataset: Dataset) -> Iterator[str]:
    """Folders of pictures are asked for each name, not listed."""
    for folder in ("", *dataset.folders()):
        for role in ("annotations", *_ROLE.split("|")):
            path = f"{folder}/_{role}.coco.json" if folder else f"_{role}.coco.json"
            if dataset.exists(path):
                yield path


def _strangers(dataset: Dataset) -> Iterator[str]:
    """JSON files right in the directory or in ``annotations`` that begin as COCO files do."""
    for folder in ("", "annotations/"):
        for name in sorted(path.name for path in (dataset.root / folder).glob("*.json")):
            if not name.startswith("exportkit-") and _begins_as_coco(dataset, folder + name):
                yield folder + name


def _begins_as_coco(dataset: Dataset, path: str) -> bool:
    try:
        return _FIRST_KEY.match(next(dataset.stream(path, _HEAD), b"")) is not None
    except OSError:
        return False
