"""``data.yaml`` as its loader reads it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

import msgspec

from exportkit.writing import Dataset, Finding

__all__ = ["DatasetYaml", "read_dataset_yaml", "yaml_path"]

_NAMES = ("data.yaml", "dataset.yaml", "data.yml")
_LIMIT = 16 << 20
_CONSUMER = "Ultralytics check_det_dataset"


class DatasetYaml(msgspec.Struct, frozen=True):
    """What the yaml says, as far as it can be used, and what is wrong with it."""

    path: str
    names: tuple[str, ...] = ()
    #: Split key and folder or list file, relative to the dataset, in file order.
    splits: tuple[tuple[str, str], ...] = ()
    #: Points and values a point, where the dataset is one of key points.
    kpt_shape: tuple[int, int] | None = None
    findings: tuple[Finding, ...] = ()


def yaml_path(dataset: Dataset) -> str | None:
    """The yaml of the dataset, or None."""
    return next((name for name in _NAMES if dataset.exists(name)), None)


def read_dataset_yaml(dataset: Dataset) -> DatasetYaml:
    """Read and judge the yaml (rules 26 and 27 of ``check``)."""
    path = yaml_path(dataset)
    if path is None:
        return DatasetYaml(_NAMES[0], findings=(_finding(_NAMES[0], "There is no data.yaml."),))
    return _judged(path, dataset.read(path, _LIMIT))


@lru_cache(maxsize=4)
def _judged(path: str, data: bytes) -> DatasetYaml:
    """What the bytes of a yaml say; remembered, since every piece of a large dataset asks for the same."""
    document, problem = _load(data)
    if problem is not None:
        return DatasetYaml(path, findings=(_finding(path, problem),))
    names, name_problems = _names(document)
    splits, split_findings = _splits(document, path)
    shape = document.get("kpt_shape")
    findings = [_finding(path, problem) for problem in (*name_problems, *_other_problems(document, len(names)))]
    if shape is not None and _is_shape(shape):
        findings.extend(_flip_findings(document, shape[0], path))
    if names and names[0].startswith("n0"):
        message = "Class 0 starts with 'n0', so the loader renames known ImageNet codes."
        findings.append(Finding("C_YOLO_N0", "warn", message, path, consumer=_CONSUMER))
    return DatasetYaml(
        path,
        names,
        splits,
        (shape[0], shape[1]) if shape is not None and _is_shape(shape) else None,
        (*findings, *split_findings),
    )


def _finding(path: str, message: str) -> Finding:
    return Finding("C_YOLO_YAML", "error", message, path, consumer=_CONSUMER)


def _load(data: bytes) -> tuple[dict[Any, Any], str | None]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.events import AliasEvent

    try:
        text = data.decode("utf-8-sig")
        if any(isinstance(event, AliasEvent) for event in YAML(typ="safe", pure=True).parse(text)):
            return {}, "The yaml uses an alias; write it out."
        yaml = YAML(typ="safe", pure=True)
        yaml.version = (1, 1)  # the version that the loader's library speaks: an unquoted yes is no text there
        document = yaml.load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        reason = str(getattr(error, "problem", None) or error).splitlines()
        return {}, f"The yaml cannot be read: {ascii(reason[0])[1:120] if reason else 'it is damaged'}."
    if not isinstance(document, dict):
        return {}, "The yaml holds no keys."
    return document, None


def _names(document: dict[Any, Any]) -> tuple[tuple[str, ...], list[str]]:
    names = document.get("names")
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not names:
        return (), ["'names' is missing or empty; the loader needs at least one class."]
    if sorted(names, key=str) != sorted(range(len(names)), key=str):
        return (), ["'names' is not numbered 0, 1, 2 … without gaps."]
    problems = []
    if not all(isinstance(name, str) for name in names.values()):
        problems.append("A class name is no text; put it in quotes.")
    return tuple(str(names[index]) for index in range(len(names))), problems


def _other_problems(document: dict[Any, Any], classes: int) -> Iterator[str]:
    for key in ("train", "val"):
        if not document.get(key):
            yield f"'{key}' is missing; the loader asserts it."
    count = document.get("nc")
    if "nc" in document and (type(count) is not int or count != classes):
        yield f"'nc' is {ascii(count)[:40]}, but there are {classes} names."
    root = document.get("path")
    if root is not None and not (isinstance(root, str) and PurePosixPath(root).is_absolute()):
        yield "'path' is relative, so the dataset is found from one working directory only; remove the key."
    shape = document.get("kpt_shape")
    if shape is not None and not _is_shape(shape):
        yield "'kpt_shape' is not a list of two whole numbers, the second 2 or 3."


def _flip_findings(document: dict[Any, Any], points: int, path: str) -> Iterator[Finding]:
    flip = document.get("flip_idx")
    if flip is None:
        message = "'flip_idx' is missing, so pictures are never mirrored in training."
        yield Finding("C_YOLO_POSE", "warn", message, path, consumer=_CONSUMER)
    elif (
        not isinstance(flip, list)
        or flip != [place for place in flip if type(place) is int]
        or (sorted(flip) != list(range(points)))
    ):
        message = f"'flip_idx' does not name each of the {points} points once."
        yield Finding("C_YOLO_POSE", "error", message, path, consumer=_CONSUMER)


def _is_shape(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(type(number) is int for number in value)
        and 1 <= value[0] <= 10_000
        and value[1] in (2, 3)
    )


def _splits(document: dict[Any, Any], path: str) -> tuple[tuple[tuple[str, str], ...], list[Finding]]:
    """Split folders relative to the dataset; other keys than the known ones count where they name such a folder."""
    found: list[tuple[str, str]] = []
    findings: list[Finding] = []
    for key, value in document.items():
        known = key in {"train", "val", "test", "minival"}
        if not isinstance(key, str) or not (known or (isinstance(value, str) and value.startswith("images/"))):
            continue
        for folder in value if isinstance(value, list) else [value]:
            if not isinstance(folder, str):
                if folder is not None:
                    findings.append(_finding(path, f"'{key}' holds something else than a path or a list of paths."))
                continue
            # A leading ``../`` is dropped by the loader where such a folder does not exist.
            parts = PurePosixPath(folder.removeprefix("../"))
            if parts.is_absolute() or ".." in parts.parts:
                findings.append(Finding("C_PATH", "error", f"'{key}' leads out of the dataset.", path))
            else:
                found.append((key, parts.as_posix()))
    return tuple(found), findings
