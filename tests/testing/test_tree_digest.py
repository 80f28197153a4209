"""One digest for a dataset, and the account compared as data."""

from __future__ import annotations

import json
from pathlib import Path

from exportkit.testing import lists_as_data, tree_digest


def write(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


def test_equal_trees_have_one_digest_wherever_they_lie(tmp_path: Path) -> None:
    files = {"a/one.txt": "1", "two.txt": "2"}
    one = write(tmp_path / "one", files)
    other = write(tmp_path / "other", dict(reversed(files.items())))
    assert tree_digest(one) == tree_digest(other)


def test_content_name_and_number_of_files_change_the_digest(tmp_path: Path) -> None:
    trees: list[dict[str, str]] = [{"a": "1"}, {"a": "2"}, {"b": "1"}, {"a": "1", "b": ""}, {"b/a": "1"}, {}]
    digests = [tree_digest(write(tmp_path / str(number), tree)) for number, tree in enumerate(trees[:-1])]
    (tmp_path / "empty").mkdir()
    digests.append(tree_digest(tmp_path / "empty"))
    assert len(set(digests)) == len(trees)


def test_the_account_is_no_part_of_the_digest(tmp_path: Path) -> None:
    one = write(tmp_path / "one", {"a": "1", "exportkit-manifest.json": "{}", "exportkit-errors.jsonl": ""})
    other = write(tmp_path / "other", {"a": "1"})
    assert tree_digest(one) == tree_digest(other)


def test_a_link_counts_with_what_it_leads_to(tmp_path: Path) -> None:
    one = write(tmp_path / "one", {"a": "1"})
    other = tmp_path / "other"
    other.mkdir()
    (other / "a").symlink_to(one / "a")
    assert tree_digest(one) == tree_digest(other)


def test_the_account_is_compared_without_how_records_were_acquired(tmp_path: Path) -> None:
    def account(folder: str, *, line: int, code: str) -> Path:
        entry = json.dumps({"id": 1, "file": f"{folder}.jsonl", "line": line, "code": code}) + "\n"
        manifest = json.dumps({"records": {"listed": 1}, "params_hash": folder, "lists": {"a": line}})
        return write(tmp_path / folder, {"exportkit-errors.jsonl": entry, "exportkit-manifest.json": manifest})

    one = lists_as_data(account("one", line=1, code="E_JSON"))
    assert one == lists_as_data(account("other", line=2, code="E_JSON"))
    assert one != lists_as_data(account("third", line=1, code="E_ENCODING"))
    assert one["exportkit-errors.jsonl"] == [{"id": 1, "code": "E_JSON"}]


def test_accounts_of_several_datasets_are_told_apart(tmp_path: Path) -> None:
    write(tmp_path, {"coco/exportkit-losses.jsonl": '{"code":"L_CLIPPED"}\n', "voc/exportkit-losses.jsonl": ""})
    assert lists_as_data(tmp_path) == {
        "coco/exportkit-losses.jsonl": [{"code": "L_CLIPPED"}],
        "voc/exportkit-losses.jsonl": [],
    }
