"""``data.yaml`` as its loader reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from exportkit.writing import Dataset, Finding
from exportkit.writing.text import text_findings
from exportkit_yolo.split_sources import SplitSource, split_sources

__all__ = ["DatasetYaml", "looks_like_dataset_yaml", "read_dataset_yaml", "yaml_path"]

_NAMES = ("data.yaml", "dataset.yaml", "data.yml")
_LIMIT = 16 << 20
_CONSUMER = "Ultralytics check_det_dataset"
#: What tells the yaml of a dataset from any other one.
_MARKS = re.compile(rb"^(?:names|nc)[ \t]*:", re.MULTILINE), re.compile(rb"^(?:train|val)[ \t]*:", re.MULTILINE)


class DatasetYaml(msgspec.Struct, frozen=True):
    """What the yaml says, as far as it can be used, and what is wrong with it."""

    path: str
    names: tuple[str, ...] = ()
    #: Folders and list files, in file order.
    splits: tuple[SplitSource, ...] = ()
    #: Points and values a point, where the dataset is one of key points.
    kpt_shape: tuple[int, int] | None = None
    findings: tuple[Finding, ...] = ()


def yaml_path(dataset: Dataset) -> str | None:
    """The yaml of the dataset: by its usual name, else the only one at the top that names classes and a split."""
    usual = next((name for name in _NAMES if dataset.exists(name)), None)
    if usual is not None:
        return usual
    found = [path for path in _files_at_the_top(dataset) if looks_like_dataset_yaml(dataset, path)]
    return found[0] if len(found) == 1 else None


def _files_at_the_top(dataset: Dataset) -> Iterator[str]:
    entries = sorted(entry.name for entry in dataset.root.iterdir())
    return (name for name in entries if name.endswith((".yaml", ".yml")) and dataset.exists(name))


def looks_like_dataset_yaml(dataset: Dataset, path: str) -> bool:
    """Whether a yaml names classes and a split."""
    try:
        head = next(dataset.stream(path, 1 << 16), b"")
    except OSError:
        return False
    return all(mark.search(head) for mark in _MARKS)


def read_dataset_yaml(dataset: Dataset, file: str | None = None) -> DatasetYaml:
    """Read and judge the yaml, ``file`` or the dataset's (rules 26 and 27 of ``check``)."""
    path = file or yaml_path(dataset)
    if path is None:
        return DatasetYaml(_NAMES[0], findings=(_finding(_NAMES[0], "There is no data.yaml."),))
    try:
        data = dataset.read(path, _LIMIT)
    except OSError:
        message = "The yaml is no regular file of at most 16 MiB."
        return DatasetYaml(path, findings=(Finding("C_PATH", "error", message, path),))
    document, problem = _load(data)
    damages = tuple(text_findings(data, path))
    if problem is not None:
        return DatasetYaml(path, findings=(*damages, _finding(path, problem)))
    return _judged(dataset, path, document, _Lines(data), damages)


def _judged(
    dataset: Dataset, path: str, document: dict[Any, Any], lines: _Lines, damages: tuple[Finding, ...]
) -> DatasetYaml:
    names, problems = _names(document)
    splits, split_findings = split_sources(dataset, path, document, lines.of)
    problems.extend(_other_problems(document, len(names)))
    findings = [_finding(path, problem, lines.of(key)) for key, problem in problems]
    shape = document.get("kpt_shape")
    if shape is not None and _is_shape(shape):
        findings.extend(_flip_findings(document, shape[0], path, lines))
    if names and names[0].startswith("n0"):
        message = "Class 0 starts with 'n0', so the loader renames known ImageNet codes."
        findings.append(Finding("C_YOLO_N0", "warn", message, path, lines.of("names"), consumer=_CONSUMER))
    if "val" not in document and document.get("validation"):
        message = "The key 'validation' is renamed to 'val' by the loader, with a warning."
        findings.append(Finding("C_YOLO_YAML", "warn", message, path, lines.of("validation"), consumer=_CONSUMER))
    return DatasetYaml(
        path,
        names,
        splits,
        (shape[0], shape[1]) if shape is not None and _is_shape(shape) else None,
        (*damages, *findings, *split_findings),
    )


class _Lines:
    """Where each key of the outermost block stands."""

    def __init__(self, data: bytes) -> None:
        self._lines = data.removeprefix(b"\xef\xbb\xbf").splitlines()

    def of(self, key: str) -> int | None:
        """The 1-based line of a key, None where it has none of its own."""
        start = re.compile(rb"[\"']?%b[\"']?[ \t]*:" % re.escape(key.encode("utf-8", "replace")))
        return next((number for number, line in enumerate(self._lines, 1) if start.match(line)), None)


def _finding(path: str, message: str, line: int | None = None) -> Finding:
    return Finding("C_YOLO_YAML", "error", message, path, line, consumer=_CONSUMER)


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


def _names(document: dict[Any, Any]) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    names = document.get("names")
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not names:
        return (), [("names", "'names' is missing or empty; the loader needs at least one class.")]
    if sorted(names, key=str) != sorted(range(len(names)), key=str):
        return (), [("names", "'names' is not numbered 0, 1, 2 … without gaps.")]
    problems = []
    if not all(isinstance(name, str) for name in names.values()):
        problems.append(("names", "A class name is no text; put it in quotes."))
    return tuple(str(names[index]) for index in range(len(names))), problems


def _other_problems(document: dict[Any, Any], classes: int) -> Iterator[tuple[str, str]]:
    """Key and problem of each."""
    for key in ("train", "val"):
        if not document.get(key) and not (key == "val" and "val" not in document and document.get("validation")):
            yield key, f"'{key}' is missing; the loader asserts it."
    count = document.get("nc")
    if "nc" in document and not _is_count(count, classes):
        yield "nc", f"'nc' is {ascii(count)[:40]}, but there are {classes} names."
    shape = document.get("kpt_shape")
    if shape is not None and not _is_shape(shape):
        yield "kpt_shape", "'kpt_shape' is not a list of two whole numbers, the second 2 or 3."


def _is_count(value: Any, classes: int) -> bool:
    """Whether the loader takes a value for this number of classes; it reads texts, too."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return False
    try:
        return float(value) == classes
    except (ValueError, OverflowError):
        return False


def _flip_findings(document: dict[Any, Any], points: int, path: str, lines: _Lines) -> Iterator[Finding]:
    flip = document.get("flip_idx")
    if flip is None:
        message = "'flip_idx' is missing, so pictures are never mirrored in training."
        yield Finding("C_YOLO_POSE", "warn", message, path, lines.of("kpt_shape"), consumer=_CONSUMER)
    elif (
        not isinstance(flip, list)
        or flip != [place for place in flip if type(place) is int]
        or (sorted(flip) != list(range(points)))
    ):
        message = f"'flip_idx' does not name each of the {points} points once."
        yield Finding("C_YOLO_POSE", "error", message, path, lines.of("flip_idx"), consumer=_CONSUMER)


def _is_shape(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(type(number) is int for number in value)
        and 1 <= value[0] <= 10_000
        and value[1] in (2, 3)
    )
