"""Folders and yaml keys of the splits."""

from __future__ import annotations

from exportkit.writing import Plan

__all__ = ["split_folders", "yaml_folders"]

#: The loader finds labels by the last folder called ``images``, so a split may not be called so.
_PATH_WORDS = frozenset({"images", "labels", "masks"})
#: Keys of data.yaml that mean something else to the loader.
_YAML_WORDS = frozenset(
    {"path", "nc", "names", "channels", "download", "kpt_shape", "kpt_names", "flip_idx", "validation", "yaml_file"}
)


def split_folders(plan: Plan) -> dict[str, str]:
    """The folder below ``images/`` and ``labels/`` for each split: its name, with ``_`` where that word is taken."""
    folders: dict[str, str] = {}
    names = {split.name for split in plan.splits}
    for split in sorted(names):
        folder = split
        while folder.lower() in _PATH_WORDS or folder in _YAML_WORDS or (folder != split and folder in names):
            folder += "_"
        folders[split] = folder
    return folders


def yaml_folders(plan: Plan) -> dict[str, str]:
    """Split keys of ``data.yaml`` and the picture folders that they name, in the order of the plan.

    ``train`` and ``val`` always, since the loader asserts both; without a picture in ``val`` it is the training
    folder again (formats, sections 5.2 and 6). Any other split stands under its own key when it has records.
    """
    folders = split_folders(plan)
    filled = [folders[split.name] for split in plan.splits if split.records]
    others = [folder for folder in filled if folder not in {"train", "val", "test"}]
    found = {"train": "images/train", "val": "images/val" if "val" in filled else "images/train"}
    found.update((folder, f"images/{folder}") for folder in (*(["test"] if "test" in filled else []), *others))
    return found
