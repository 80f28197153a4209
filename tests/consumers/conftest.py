"""Datasets of every bundle, made once a session by the command that a user runs."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.consumers.datasets import Workshop
    from tests.consumers.neighbours import Neighbours


def settings_folder() -> Path:
    """A folder of settings with fonts in it: without them Ultralytics would fetch some."""
    folder = Path(tempfile.mkdtemp(prefix="exportkit-consumers-"))
    matplotlib = importlib.util.find_spec("matplotlib")
    if matplotlib is not None and matplotlib.origin is not None:
        font = Path(matplotlib.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
        # Ultralytics puts a folder of its own below the one that it is given.
        for home in (folder, folder / "Ultralytics"):
            home.mkdir(exist_ok=True)
            for name in ("Arial.ttf", "Arial.Unicode.ttf"):
                shutil.copyfile(font, home / name)
    return folder


def pytest_configure(config: pytest.Config) -> None:
    """Keep the consumers off the network, and their settings out of the home folder."""
    folder = settings_folder()
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    for variable in ("YOLO_CONFIG_DIR", "MPLCONFIGDIR"):
        os.environ[variable] = str(folder)
    os.environ["YOLO_OFFLINE"] = "true"
    os.environ["YOLO_AUTOINSTALL"] = "false"


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    from tests.consumers.datasets import Workshop

    return Workshop(tmp_path_factory.mktemp("consumers"))


@pytest.fixture(scope="session")
def neighbours() -> Neighbours:
    from tests.consumers.neighbours import Neighbours

    return Neighbours.of_environment()
