"""Name and path of an export, judged before anything is made (SDK behaviour, section 19, S2)."""

from __future__ import annotations

from exportkit.storage.refusals import shown
from exportkit.storage.safe_path import judge_input_path

__all__ = ["judged_name", "judged_path"]

#: Room for a counter behind the name, and for the names of the folders that stand beside it during a run.
_LONGEST_NAME = 200


def judged_name(name: str) -> str:
    """The name of the export's folder. Raises ValueError for one that is blank or could leave its place."""
    if not name.strip():
        raise ValueError("Value cannot be blank")
    reason = judge_input_path(name)
    if reason is None and "/" in name:
        reason = "contains a separator"
    if reason is None and len(name.encode()) > _LONGEST_NAME:
        reason = f"is longer than {_LONGEST_NAME} bytes"
    if reason is None and name.endswith(".exportkit-run"):
        reason = "ends as the folder of a run does"
    if reason is not None:
        raise ValueError(f"The name {shown(name)} {reason}; give a plain name for a folder.")
    return name


def judged_path(path: str) -> str:
    """The path below the storage. Raises ValueError for one that is blank or could leave the storage."""
    if not path.strip():
        raise ValueError("Value cannot be blank")
    reason = judge_input_path(path.removesuffix("/"))
    if reason is not None:
        raise ValueError(f"The path {shown(path)} {reason}; give a plain path below the storage.")
    return path
