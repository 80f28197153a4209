"""An exporter that was written for synapse-sdk and converts by its converters runs as it lies there."""

from __future__ import annotations

import json
from pathlib import Path

from tests.running.plugins import exportkit, params, plugin

BUNDLE = Path(__file__).parents[2] / "fixtures" / "bundles" / "dm_v1_assignments"
CODE = """
from synapse_sdk.plugins.actions.export import BaseExporter, ExportAction
from synapse_sdk.utils.annotation_models import COCODataset
from synapse_sdk.utils.converters import FromDMToCOCOConverter, FromDMToYOLOConverter
from synapse_sdk.utils.converters.dm import convert_v1_to_v2
from synapse_sdk.utils.converters.dm.types import build_export_contract


class Exporter(BaseExporter):
    def convert_data(self, item):
        contract = build_export_contract('instance')
        size = item['data']['extra']['image_1']
        parts = convert_v1_to_v2(item['data'])
        coco = FromDMToCOCOConverter(contract).convert_item(
            parts['annotation_data'],
            annotation_meta=parts['annotation_meta'],
            item_id=str(item['id']),
            file_name='images/%s.png' % item['id'],
            **size,
        )
        yolo = FromDMToYOLOConverter(is_single_conversion=True, export_contract=contract)
        found = yolo.convert_annotations(parts['annotation_data']['images'][0], item_id=str(item['id']), **size)
        instances = coco.datasets['instances']
        assert isinstance(instances, COCODataset)
        numbers = {name: number for number, name in enumerate(found.class_names['detect'])}
        lines = yolo.serialize_task('detect', found, numbers)
        return {**item, 'data': {'coco': instances.to_dict(), 'yolo': lines, 'lost': coco.audit}}


class Made(ExportAction):
    entrypoint = Exporter
"""


def test_a_plugin_converts_by_the_converters_of_the_sdk(tmp_path: Path) -> None:
    folder = plugin(tmp_path / "p", CODE)
    given = params(target="assignment", save_original_file=False)
    ran = exportkit(
        *("run", "export", "--plugin", folder, "--source", BUNDLE, "-o", tmp_path / "out", "--params", given)
    )
    assert ran.code == 0, ran.err
    labels = [json.loads(path.read_text(encoding="utf-8")) for path in tmp_path.glob("out/**/labels/*.json")]
    assert labels
    names = {category["name"] for label in labels for category in label["coco"]["categories"]}
    assert {"car", "boat", "kite", "moon", "star"} <= names
    assert all(len(line.split()) == 5 for label in labels for line in label["yolo"])
    assert {row["reason_code"] for label in labels for row in label["lost"]} >= {"UNSUPPORTED_ANNOTATION_TYPE"}


def test_a_module_of_the_sdk_that_is_not_here_is_told_in_one_sentence(tmp_path: Path) -> None:
    code = CODE.replace("synapse_sdk.utils.converters.dm import", "synapse_sdk.utils.converters.dm_legacy import")
    ran = exportkit("run", "export", "--plugin", plugin(tmp_path / "p", code), "--source", BUNDLE, "--params", params())
    assert ran.code == 2
    assert "exportkit has no counterpart of the module 'synapse_sdk.utils.converters.dm_legacy'" in ran.err
