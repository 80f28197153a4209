"""``data.yaml``: what Ultralytics opens first."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from exportkit.records import Skeleton

if TYPE_CHECKING:
    from ruamel.yaml.comments import CommentedSeq

__all__ = ["PLACEHOLDER_CLASS", "data_yaml"]

#: The loader asserts at least one class, so a dataset without any names this one.
PLACEHOLDER_CLASS = "object"

_PLAIN_KEYS = frozenset({"train", "val", "test"})
_PLAIN_PATH = re.compile(r"images/[A-Za-z0-9_-]+\Z")


def data_yaml(folders: Mapping[str, str], names: Sequence[str], skeleton: Skeleton | None = None) -> bytes:
    """The file's bytes, ASCII. ``folders`` maps split keys to picture folders; ``names`` are in index order.

    A ``skeleton`` makes it a dataset of key points: ``kpt_shape``, ``flip_idx`` where names tell a side, and the
    point names of each class.

    There is no ``path`` key: the loader then takes the yaml's own folder as the root, from any working
    directory. Every name is double-quoted, so that words, numbers and dates stay text, and whatever is not
    printable ASCII is an escape, which survives the loader's own clean-up of special characters
    (formats, sections 3 and 5.2).
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString as Quoted

    document = CommentedMap()
    for key, folder in folders.items():
        plain = _PLAIN_PATH.match(folder)
        document[key if key in _PLAIN_KEYS else Quoted(key)] = folder if plain else Quoted(folder)
    classes = names or (PLACEHOLDER_CLASS,)
    document["nc"] = len(classes)
    document["names"] = CommentedMap((index, Quoted(name)) for index, name in enumerate(classes))
    if skeleton is not None:
        document["kpt_shape"] = _flow([len(skeleton.points), 3])
        flip = skeleton.flip_map()
        if flip is not None:
            document["flip_idx"] = _flow(flip)
        points = [Quoted(name) for name in skeleton.points]
        document["kpt_names"] = CommentedMap((index, _flow(points)) for index in range(len(classes)))
    yaml = YAML()
    yaml.allow_unicode = False
    yaml.width = 1 << 30  # a folded line would be legal, and unreadable
    out = io.BytesIO()
    yaml.dump(document, out)
    return out.getvalue()


def _flow(values: Sequence[object]) -> CommentedSeq:
    from ruamel.yaml.comments import CommentedSeq

    made = CommentedSeq(values)
    made.fa.set_flow_style()
    return made
