"""The format exporter writes the bytes of ``exportkit convert``, whichever way its items came."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.running.plugins import PARAMS

from exportkit.actions import FormatExporter, export_action_of
from exportkit.clients import OfflineClient
from exportkit.conversion import ConversionRequest, convert
from exportkit.conversion.output_words import output_requests
from exportkit.plugins import PluginManager
from exportkit.runtime import NoOpLogger, PluginEnvironment, RuntimeContext
from exportkit.testing import MemoryClient, lists_as_data, tree_digest

BUNDLES = Path(__file__).parents[2] / "fixtures" / "bundles"
TARGETS = {"dm_v1_assignments": "assignment", "dm_v2_wrapped_ground_truth": "ground_truth"}
FORMATS = ["coco", "yolo:task=segment", "voc", "csv"]


class Same(FormatExporter):
    """Goes through every item and leaves it as it is."""

    def convert_data(self, data: dict[str, Any]) -> dict[str, Any]:
        return data


def exported(bundle: Path, target: str, out: Path, exporter: type[FormatExporter], *, originals: bool) -> Path:
    key = "ground_truth_dataset_version" if target == "ground_truth" else "project"
    given = PARAMS | {"target": target, "filter": {key: 1}, "formats": FORMATS, "save_original_file": originals}
    with OfflineClient(bundle, out) as client:
        context = RuntimeContext(logger=NoOpLogger(), env=PluginEnvironment({}), client=client)
        action = export_action_of(exporter)
        result = action(action.validated(given, context), context).run()
    return Path(result["output_path"])


def target_of(bundle: Path) -> str:
    from exportkit.bundles import bundle_targets

    return bundle_targets(bundle)[0]


@pytest.mark.parametrize("originals", [True, False], ids=["pictures", "none"])
@pytest.mark.parametrize("exporter", [FormatExporter, Same], ids=["in place", "item by item"])
@pytest.mark.parametrize("bundle", sorted(path for path in BUNDLES.iterdir() if path.is_dir()), ids=lambda p: p.name)
def test_the_trees_are_one(bundle: Path, exporter: type[FormatExporter], originals: bool, tmp_path: Path) -> None:
    target = target_of(bundle)
    plugins = PluginManager.load()
    request = ConversionRequest(
        bundle=bundle,
        target=target,
        outputs=output_requests(FORMATS, plugins),
        directory=tmp_path / "converted",
        media="copy" if originals else "none",
    )
    convert(request, plugins)

    folder = exported(bundle, target, tmp_path / "exported", exporter, originals=originals)

    assert tree_digest(folder) == tree_digest(tmp_path / "converted")
    if exporter is FormatExporter:
        assert lists_as_data(folder) == lists_as_data(tmp_path / "converted")


@pytest.mark.filterwarnings("ignore:.*in process.*:DeprecationWarning")
@pytest.mark.parametrize("formats", [["coco"], FORMATS], ids=["one", "all"])
def test_rows_that_come_in_descending_order_make_the_same_tree(formats: list[str], tmp_path: Path) -> None:
    bundle = BUNDLES / "twins_descending"
    plugins = PluginManager.load()
    outputs = output_requests(formats, plugins)
    convert(ConversionRequest(bundle=bundle, outputs=outputs, directory=tmp_path / "converted", media="none"), plugins)
    with OfflineClient(bundle, tmp_path / "offline") as source:
        rows = [*source.get_tasks().rows][::-1]
        offline = finished(source, formats)
    identities = [(isinstance(row["id"], str), row["id"]) for row in rows]
    assert identities == sorted(identities, reverse=True)
    assert len(identities) > 2

    online = finished(MemoryClient(tasks=rows, storages={1: tmp_path / "online"}, projects={1: {}}), formats)

    assert tree_digest(online) == tree_digest(offline) == tree_digest(tmp_path / "converted")


def finished(client: object, formats: list[str]) -> Path:
    """The folder of an export without originals."""
    given = PARAMS | {"formats": formats, "save_original_file": False}
    context = RuntimeContext(logger=NoOpLogger(), env=PluginEnvironment({}), client=client)
    action = export_action_of(FormatExporter)
    return Path(action(action.validated(given, context), context).run()["output_path"])
