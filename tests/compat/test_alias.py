"""The import name synapse_sdk, lent for one run (SDK behaviour §20.A.2)."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from exportkit.actions import BaseExportAction
from exportkit.compat import synapse_sdk_alias
from exportkit.errors import UsageError
from exportkit.steps import BaseStep

LISTED = [
    "plugins.actions.export",
    "plugins.steps",
    "plugins.action",
    "plugins.enums",
    "plugins.context",
    "plugins.models.logger",
    "plugins.log_messages",
    "plugins.types",
    "loggers",
    "exceptions",
    "clients.exceptions",
    "clients.backend",
    "clients.backend_v2",
    "utils.annotation_models",
    "utils.converters",
    "utils.converters.coco",
    "utils.converters.dm.types",
    "utils.converters.pascal.from_dm",
    "utils.converters.yolo",
    "utils.storage",
    "utils.file.download",
    "utils.datetime",
    "i18n",
]


def loaded() -> list[str]:
    return [name for name in sys.modules if name == "synapse_sdk" or name.startswith("synapse_sdk.")]


def installed(folder: Path) -> Path:
    package = folder / "synapse_sdk"
    package.mkdir()
    (package / "__init__.py").write_text("real = True\n", encoding="utf-8")
    (package / "loggers.py").write_text("real = True\n", encoding="utf-8")
    return package


@pytest.mark.parametrize("module", LISTED)
def test_every_listed_module_is_ours_inside_the_block(module: str) -> None:
    with synapse_sdk_alias():
        found = importlib.import_module(f"synapse_sdk.{module}")
        assert found is importlib.import_module(f"exportkit.compat.synapse_sdk.{module}")


def test_classes_are_the_same_by_every_way() -> None:
    with synapse_sdk_alias():
        top = importlib.import_module("synapse_sdk.plugins")
        export = importlib.import_module("synapse_sdk.plugins.actions.export.action")
        steps = importlib.import_module("synapse_sdk.plugins.steps")
    assert top.BaseExportAction is export.BaseExportAction is BaseExportAction
    assert steps.BaseStep is BaseStep


def test_afterwards_the_name_is_unknown_again_also_after_an_error() -> None:
    before = list(sys.meta_path)
    with pytest.raises(ModuleNotFoundError, match="nothing"), synapse_sdk_alias():
        importlib.import_module("synapse_sdk.loggers.nothing")
    assert loaded() == []
    assert sys.meta_path == before
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("synapse_sdk")


def test_a_block_inside_another_changes_nothing() -> None:
    with synapse_sdk_alias():
        with synapse_sdk_alias():
            importlib.import_module("synapse_sdk.loggers")
        assert "synapse_sdk.loggers" in loaded()
        importlib.import_module("synapse_sdk.i18n")
    assert loaded() == []


def test_a_module_without_counterpart_is_told_by_name() -> None:
    with synapse_sdk_alias(), pytest.raises(ModuleNotFoundError, match=r"synapse_sdk\.utils\.websocket") as caught:
        importlib.import_module("synapse_sdk.utils.websocket")
    assert "exportkit" in str(caught.value)
    assert caught.value.name == "synapse_sdk.utils.websocket"


def test_other_imports_go_their_way() -> None:
    with synapse_sdk_alias(), pytest.raises(ModuleNotFoundError, match="No module named 'synapse_sdk_extras'"):
        importlib.import_module("synapse_sdk_extras")


def test_an_installed_sdk_is_not_hidden_silently(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = installed(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UsageError, match="synapse-sdk is installed at") as caught, synapse_sdk_alias():
        pytest.fail("the block must not begin")
    assert str(package / "__init__.py") in str(caught.value)
    assert importlib.import_module("synapse_sdk").real
    with pytest.raises(UsageError), synapse_sdk_alias():
        pytest.fail("the block must not begin")
    for name in loaded():
        del sys.modules[name]


def test_a_hidden_sdk_comes_back_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    real = importlib.import_module("synapse_sdk.loggers")
    with synapse_sdk_alias(shadow=True):
        assert importlib.import_module("synapse_sdk.loggers") is not real
    assert importlib.import_module("synapse_sdk.loggers") is real
    for name in loaded():
        del sys.modules[name]


def test_a_plugin_file_is_imported_without_a_warning(tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text(
        "from __future__ import annotations\n"
        "from synapse_sdk.plugins.actions.export import BaseExporter, ExportAction\n"
        "import synapse_sdk.plugins.steps as steps\n"
        "from synapse_sdk.plugins.steps.utils.timing import TimingStep\n"
        "class E(BaseExporter):\n    pass\n"
        "assert issubclass(TimingStep, steps.BaseStep)\n",
        encoding="utf-8",
    )
    code = (
        "from exportkit.compat import synapse_sdk_alias\n"
        "with synapse_sdk_alias():\n    import p\nprint(p.E.__mro__[1].__module__)"
    )
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert run.stderr == ""
    assert run.stdout.strip() == "exportkit.actions.exporter"
