"""Which format a directory or a file has, as its layout tells."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from exportkit.conversion.archived_dataset import archive_in
from exportkit.conversion.dataset import DatasetDirectory
from exportkit.errors import UsageError
from exportkit.plugins import PluginManager
from exportkit.plugins.registry import CheckerEntry
from exportkit.storage.refusals import shown
from exportkit.writing import Checker

__all__ = ["chosen_checker", "opened"]

#: How deep and how far datasets are looked for below a folder that is none, to name them.
_DEPTH = 3
_MOST_FOLDERS = 200
_MOST_NAMED = 5


def opened(path: Path) -> DatasetDirectory:
    """The dataset at a path: a directory, or what lies around one annotation file. Raises UsageError."""
    if not path.is_file():
        archive = archive_in(path)
        if archive is not None:
            raise UsageError(_packed(archive))
        return DatasetDirectory(path)
    path = path.resolve()
    root = path.parent
    if root.name.lower() == "annotations":
        root = root.parent  # in COCO and Pascal VOC pictures lie beside this folder
    return DatasetDirectory(root, file=path.relative_to(root).as_posix())


def _packed(archive: Path) -> str:
    file, folder = shlex.quote(str(archive)), shlex.quote(str(archive.parent))
    unpack = f"tar -xf {file} -C {folder}" if archive.suffix == ".tar" else f"unzip -q {file} -d {folder}"
    return (
        f"The files of the dataset {shown(archive.parent)} lie in an archive and were checked before it was published; "
        f"to check them again, unpack them in their place: {unpack} && rm {file}"
    )


def chosen_checker(dataset: DatasetDirectory, plugins: PluginManager, format_name: str | None) -> type[Checker]:
    """The checker by name, else by manifest, else by layout. Raises UsageError where that is none or several."""
    if format_name is not None:
        cls = plugins.checker(format_name).cls
        if dataset.file is not None and not cls.single_files:
            raise UsageError(f"The checker of {format_name} judges no single file; name the folder of the dataset.")
        return cls
    own = _of_manifest(dataset, plugins)
    if own is not None:
        return own
    found = _recognising(dataset, plugins)
    if len(found) == 1:
        return found[0].cls
    what = f"the file {dataset.root / dataset.file}" if dataset.file is not None else f"the layout of {dataset.root}"
    if found:
        names = ", ".join(dict.fromkeys(entry.name for entry in found))
        raise UsageError(f"{what[0].upper()}{what[1:]} fits several formats ({names}); choose one with --format.")
    below = "" if dataset.file is not None else _named_below(dataset.root, plugins)
    raise UsageError(f"No format recognises {what}; {below}name its format with --format.")


def _of_manifest(dataset: DatasetDirectory, plugins: PluginManager) -> type[Checker] | None:
    written = (dataset.manifest or {}).get("writer")
    if not isinstance(written, dict):
        return None
    owners = plugins.checkers().get(str(written.get("name")), [])
    own = [entry for entry in owners if entry.distribution == written.get("owner")] or owners
    return own[0].cls if own else None


def _recognising(dataset: DatasetDirectory, plugins: PluginManager) -> list[CheckerEntry]:
    entries = [entry for owners in plugins.checkers().values() for entry in owners]
    file = dataset.file
    if file is None:
        return [entry for entry in entries if entry.cls.recognises(dataset)]
    return [entry for entry in entries if entry.cls.single_files and entry.cls.recognises_file(dataset, file)]


def _named_below(root: Path, plugins: PluginManager) -> str:
    """The datasets below a folder that is none itself, as the beginning of an advice."""
    found = []
    for folder in _folders(root):
        dataset = DatasetDirectory(folder)
        entries = _recognising(dataset, plugins)
        if entries:
            words = " or ".join(dict.fromkeys(entry.name for entry in entries))
            found.append(f"{folder.relative_to(root)} ({words})")
        if len(found) == _MOST_NAMED:
            break
    return f"check one of the datasets below it, such as {', '.join(found)}, or " if found else ""


def _folders(root: Path) -> Iterator[Path]:
    """Folders below a root, nearer ones first; links are not followed."""
    level, seen = [root], 0
    for _ in range(_DEPTH):
        level = [folder for above in level for folder in _within(above)]
        for folder in level:
            seen += 1
            if seen > _MOST_FOLDERS:
                return
            yield folder


def _within(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError:
        return []
