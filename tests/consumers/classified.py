"""A bundle in which each picture has a class of its own and nothing else: what classification is about.

No committed bundle has it, so it is made of the pictures of one that has odd ones.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

from tests.consumers.ground_truth import FIXTURES, Key, Scene, fixture_scenes

__all__ = ["CLASSES", "classified_bundle"]

_PICTURES = "odd_pictures"
#: The first three can be no folder, or sort otherwise as one.
CLASSES = ["a/b", "CON", "été d'Ärger", "zebra"]


def classified_bundle(folder: Path) -> dict[Key, Scene]:
    """Write the bundle; its scenes. Classes go round, and each third picture is for validation."""
    shutil.copytree(FIXTURES / "bundles" / _PICTURES / "files", folder / "files")
    given = (FIXTURES / "bundles" / _PICTURES / "task" / "part-00001.jsonl").read_text(encoding="utf-8")
    of_item = {key[0]: scene for key, scene in fixture_scenes(_PICTURES).items()}
    scenes = {}
    lines = []
    for number, text in enumerate(given.splitlines()):
        line = json.loads(text)
        label, split = CLASSES[number % len(CLASSES)], "val" if number % 3 == 2 else "train"
        line |= {"split": split, "data": {"annotations": [{"id": 1, "category": label}]}}
        lines.append(json.dumps(line) + "\n")
        scene = of_item[line["id"]]
        scenes[scene.key] = replace(scene, split=split, things=[], tags=[label])
    (folder / "tasks.jsonl").write_text("".join(lines), encoding="utf-8")
    return scenes
