"""``data.yaml``: what Ultralytics opens first."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence

__all__ = ["PLACEHOLDER_CLASS", "data_yaml"]

#: The loader asserts at least one class, so a dataset without any names this one.
PLACEHOLDER_CLASS = "object"

_PLAIN_KEYS = frozenset({"train", "val", "test"})
_PLAIN_PATH = re.compile(r"images/[A-Za-z0-9_-]+\Z")


def data_yaml(folders: Mapping[str, str], names: Sequence[str]) -> bytes:
    """The file's bytes, ASCII. ``folders`` maps split keys to picture folders; ``names`` are in index order.

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
    yaml = YAML()
    yaml.allow_unicode = False
    yaml.width = 1 << 30  # a folded line would be legal, and unreadable
    out = io.BytesIO()
    yaml.dump(document, out)
    return out.getvalue()
