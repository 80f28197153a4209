"""An export that was killed right after it got its name takes that name again, and no other export does."""

from __future__ import annotations

from pathlib import Path

import pytest

from exportkit.actions.export_output import ExportOutput


def killed_after_publishing(root: Path) -> None:
    """What a killed process leaves: the export under its name, and its private folder."""
    output = ExportOutput(root, "x", resumable=True)
    output.open()
    (output.stage / "file").write_text("first")
    (output.run.path / "state.db").write_text("state")
    output.run.keeps = True
    output.publish()
    output.committed = False
    output.close()


def published(root: Path, *, resumable: bool = True, restart: bool = False) -> str:
    output = ExportOutput(root, "x", resumable=resumable, restart=restart)
    output.open()
    (output.stage / "file").write_text("second")
    place = output.publish()
    output.close()
    return Path(place).name


def test_the_same_export_takes_its_name_again(tmp_path: Path) -> None:
    killed_after_publishing(tmp_path)

    assert published(tmp_path) == "x"
    assert (tmp_path / "x" / "file").read_text() == "second"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x"]


@pytest.mark.parametrize("how", [{"resumable": False}, {"restart": True}])
def test_another_export_gets_the_next_name(tmp_path: Path, how: dict[str, bool]) -> None:
    killed_after_publishing(tmp_path)

    assert published(tmp_path, **how) == "x(1)"
    assert (tmp_path / "x" / "file").read_text() == "first"


def test_a_folder_that_somebody_else_put_there_is_left_alone(tmp_path: Path) -> None:
    killed_after_publishing(tmp_path)
    (tmp_path / "x").rename(tmp_path / "moved")
    (tmp_path / "x").mkdir()

    assert published(tmp_path) == "x(1)"
    assert list((tmp_path / "x").iterdir()) == []
