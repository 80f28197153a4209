"""What is wrong with the datasets that a conversion with the writer publishes. Every rule yields sentences."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from exportkit.conversion import ConversionResult, check_dataset, verify_dataset
from exportkit.conversion.lists import LISTS, MANIFEST
from exportkit.testing.datasets import Datasets
from exportkit.testing.file_rules import traces_in
from exportkit.testing.sample_bundle import ANNOTATIONS, RECORDS, Storage
from exportkit.testing.tree_digest import lists_as_data, tree_digest
from exportkit.writing import Writer

__all__ = ["account", "anonymous", "checked", "empty", "same_tree", "verified"]

_SHOWN = 5


def account(datasets: Datasets, writer: type[Writer]) -> Iterator[str]:
    """Every record and every annotation of the bundle is accounted for, and none failed by the writer's defect."""
    result = datasets.made()
    if isinstance(result, str):
        yield result
        return
    counts = result.outputs[0].counts
    records, annotations = counts.records, counts.annotations
    if not all(counts.balance()):
        yield f"the account does not balance: records {dict(records)}, annotations {dict(annotations)}."
    if records["listed"] != RECORDS:
        yield f"the bundle has {RECORDS} records and the account lists {records['listed']}."
    if annotations["seen"] + counts.beside != ANNOTATIONS:
        yield f"the bundle has {ANNOTATIONS} annotations and the account has {annotations['seen'] + counts.beside}."
    for entry in result.outputs[0].errors:
        if entry.code == "E_WRITER":
            yield f"record {entry.id!r} failed by a defect of the writer: {entry.message}"
    if "video" not in writer.accepts_media and not counts.of_code("S_MEDIA_UNSUPPORTED"):
        yield "annotations of a video are not S_MEDIA_UNSUPPORTED, and accepts_media does not name video."


def checked(datasets: Datasets, media: Any) -> Iterator[str]:
    """``exportkit check`` finds no error."""
    result = datasets.made(media=media)
    if isinstance(result, str):
        yield result
        return
    yield from _findings(result, datasets)


def empty(datasets: Datasets) -> Iterator[str]:
    """A bundle without records gives a dataset that is complete and takes its check."""
    result = datasets.made("empty")
    if isinstance(result, str):
        yield f"without any record {result}"
        return
    yield from (f"without any record {text}" for text in _findings(result, datasets))
    yield from (f"without any record {text}" for text in verified(result))


def _findings(result: ConversionResult, datasets: Datasets) -> Iterator[str]:
    if datasets.has_checker:
        for part in check_dataset(result.directory, datasets.plugins):
            for finding in part.findings:
                if finding.severity == "error":
                    yield f"exportkit check says {finding.code} of {finding.file}: {finding.message}"


def verified(result: ConversionResult | str) -> Iterator[str]:
    """``exportkit verify`` finds every byte as it was published, and nothing else."""
    if isinstance(result, str):
        yield result
        return
    for difference in verify_dataset(result.directory).differences:
        yield f"exportkit verify says that {difference.path} {difference.reason}."


def same_tree(datasets: Datasets, storage: Storage, workers: int, again: int = 0) -> Iterator[str]:
    """The same records give the same tree and the same account, however stored and by however many workers."""
    first, second = datasets.made(), datasets.made(storage, workers=workers, again=again)
    if isinstance(first, str) or isinstance(second, str):
        yield from (text for text in (first, second) if isinstance(text, str))
        return
    how = f"records stored {storage}, {workers} workers"
    if tree_digest(first.directory) != tree_digest(second.directory):
        names = _differing(first.directory, second.directory)
        yield f"{how}: other bytes in {', '.join(names)}; let encode and files() depend on arguments and plan."
    one, other = lists_as_data(first.directory), lists_as_data(second.directory)
    for name in sorted(one.keys() | other.keys()):
        if one.get(name) != other.get(name):
            yield f"{how}: another account in {name}; let codes and messages depend on the record alone."


def _differing(one: Path, other: Path) -> list[str]:
    before, after = _bytes_of(one), _bytes_of(other)
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return [*map(ascii, names[:_SHOWN]), *(["…"] if len(names) > _SHOWN else [])]


def _bytes_of(root: Path) -> dict[str, bytes]:
    """Content by path of all files but those of the account."""
    own = {MANIFEST, *LISTS}
    files = (path for path in sorted(root.rglob("*")) if path.is_file() and path.name not in own)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def anonymous(datasets: Datasets) -> Iterator[str]:
    """No file of the dataset names a folder of this machine, the machine, or the day."""
    result = datasets.made()
    if isinstance(result, str):
        yield result
        return
    for path, data in _bytes_of(result.directory).items():
        yield from traces_in(path, data, [datasets.folder])
