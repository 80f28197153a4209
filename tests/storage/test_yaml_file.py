from __future__ import annotations

from pathlib import Path

import pytest

from exportkit.errors import UsageError
from exportkit.storage.yaml_file import read_yaml


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "settings.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_every_key_and_entry_has_its_line(tmp_path: Path) -> None:
    file = read_yaml(written(tmp_path, "name: one\nactions:\n  export:\n    tags:\n      - a\n      - b\n"), "The file")

    assert file.value == {"name": "one", "actions": {"export": {"tags": ["a", "b"]}}}
    assert file.place(("actions", "export", "tags", 1)).endswith("settings.yaml', line 6")
    assert file.place(("actions", "export", "entrypoint")).endswith(", line 3")
    assert file.place(("nothing",)).endswith(", line 1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x 1\nb: *x\n", "line 2: an alias is not taken"),
        ("a: 1\nb: 2\na: 3\n", "line 3 is not valid YAML: found duplicate key"),
        ("a: [1, 2\nb: 3\n", "line 2 is not valid YAML"),
        ("a: !!python/object/apply:os.system ['true']\n", "is not valid YAML"),
        (b"a: \xff\n", "is not UTF-8 at byte 3"),
        ("[" * 500_000, "nested more than 64 deep"),
        ("a: " + "x" * (1 << 20), "is larger than 1 MiB"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_place(tmp_path: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(UsageError, match="settings") as refused:
        read_yaml(written(tmp_path, text), "The file")

    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"The file .*nowhere.yaml' cannot be read"):
        read_yaml(tmp_path / "nowhere.yaml", "The file")
