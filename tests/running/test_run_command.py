"""The manners of ``exportkit run``: what stands on stdout, and which exit code says what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.running.plugins import exportkit, params, plugin

BUNDLES = Path(__file__).parents[2] / "fixtures" / "bundles"
SOURCE = BUNDLES / "seed_tasks"

LABELS = """
from exportkit.actions import BaseExporter

class Made(BaseExporter):
    def convert_data(self, data):
        print("a plugin may print")
        return {"id": data["id"], "n": len(data["data"]["annotations"])}
"""


def test_stdout_holds_the_result_alone(tmp_path: Path) -> None:
    folder = plugin(tmp_path / "p", LABELS)

    ran = exportkit("run", "export", "--plugin", folder, "--source", SOURCE, "-o", tmp_path / "o", "--params", params())

    assert ran.code == 0, ran.err
    assert ran.result["output_path"] == str(tmp_path / "o" / "here" / "try")
    assert "a plugin may print" in ran.err
    labels = sorted((tmp_path / "o/here/try/labels").iterdir())
    assert len(labels) == ran.result["exported_count"] == 5
    assert set(json.loads(labels[0].read_text())) == {"id", "n"}


def test_what_a_program_of_the_plugin_prints_goes_to_stderr_too(tmp_path: Path) -> None:
    code = LABELS.replace('print("a plugin may print")', '__import__("os").system("echo from a shell")')
    folder = plugin(tmp_path / "p", code)

    ran = exportkit("run", "export", "-p", folder, "--source", SOURCE, "-o", tmp_path / "o", "--params", params())

    assert ran.code == 0, ran.err
    assert ran.result["success"] is True
    assert "from a shell" in ran.err


def test_params_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "params.json").write_text(params(format="coco"), encoding="utf-8")

    ran = exportkit("run", "export", "--source", SOURCE, "-o", "out", "--params", "@params.json", cwd=tmp_path)

    assert ran.code == 0, ran.err
    assert ran.result["output_path"] == "out/here/try"
    assert [dataset["path"] for dataset in ran.result["datasets"]] == ["out/here/try"]
    assert (tmp_path / "out/here/try/annotations/instances_train.json").exists()


def test_paths_of_several_datasets_are_written_as_the_output_path_is(tmp_path: Path) -> None:
    words = ("run", "export", "--source", SOURCE, "--params", params(formats=["coco", "csv"]))

    relative = exportkit(*words, "-o", "out", cwd=tmp_path).result
    absolute = exportkit(*words, "-o", tmp_path / "o").result

    assert [dataset["path"] for dataset in relative["datasets"]] == ["out/here/try/coco", "out/here/try/csv"]
    assert [Path(d["path"]).parent for d in absolute["datasets"]] == [Path(absolute["output_path"])] * 2
    assert Path(absolute["output_path"]).is_absolute()


def test_exports_go_to_a_folder_of_that_name_by_default(tmp_path: Path) -> None:
    ran = exportkit("run", "export", "--source", SOURCE, "--params", params(format="csv"), cwd=tmp_path)

    assert (ran.code, ran.result["output_path"]) == (0, "exports/here/try")
    assert (tmp_path / "exports/here/try/annotations.csv").exists()


def test_a_name_that_is_taken_gets_a_counter(tmp_path: Path) -> None:
    words = ("run", "export", "--source", SOURCE, "-o", tmp_path, "--params", params(format="csv"))

    first, second = exportkit(*words), exportkit(*words)

    assert first.result["output_path"] == str(tmp_path / "here/try")
    assert second.result["output_path"] == str(tmp_path / "here/try(1)")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": "../../evil"}, "../../evil"),
        ({"path": "/tmp"}, "/tmp"),
        ({"path": "a/../../b"}, "a/../../b"),
        ({"filter": {"project": 1, "colour": "red"}}, "colour"),
        ({"target": "nothing"}, "Unknown target"),
        ({"format": "nothing"}, "nothing"),
        ({"formats": [{"name": "yolo", "task": "fly"}]}, "task"),
        ({"formats": ["coco", "coco"]}, "as=NAME"),
        ({"formats": 5}, "formats"),
        ({"formats": ["coco"], "format": "coco"}, "both"),
        ({"formats": []}, "formats"),
        ({"format": 7}, "format"),
        ({"name": None}, "name"),
        ({"on_error": "perhaps"}, "on_error"),
    ],
)
def test_wrong_params_end_in_2_and_write_nothing(tmp_path: Path, changed: dict[str, object], words: str) -> None:
    given = params(**(changed if "formats" in changed else {"format": "coco"} | changed))

    ran = exportkit("run", "export", "--source", SOURCE, "--params", given, cwd=tmp_path)

    assert (ran.code, ran.out) == (2, ""), ran.err
    assert words in ran.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("nothing",), "no built-in action"),
        (("export", "--params", "{"), "no JSON"),
        (("export", "--params", "[]"), "one JSON object"),
        (("export", "--params", "@nowhere.json"), "cannot be read"),
        (("export", "--params", "{}"), "is missing"),
        (("export", "--plugin", "nowhere"), "config.yaml"),
        (("export", "--mode", "job"), "backend"),
        (("export", "--token", "secret"), "--token-file"),
    ],
)
def test_wrong_words_end_in_2(tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    ran = exportkit("run", *words, "--source", SOURCE, cwd=tmp_path)

    assert (ran.code, ran.out) == (2, ""), ran.err
    assert sentence in ran.err
    assert "secret" not in ran.err
    assert list(tmp_path.iterdir()) == []


def test_an_exporter_that_writes_itself_has_no_use_for_an_engine(tmp_path: Path) -> None:
    folder = plugin(tmp_path / "p", LABELS)

    words = ("run", "export", "-p", folder, "--source", SOURCE, "-o", tmp_path / "o", "--params", params())
    ran = exportkit(*words, "--engine", "ray")

    assert ran.code == 2
    assert "this exporter writes its files itself" in ran.err
    assert not (tmp_path / "o").exists()


def test_an_address_of_a_cluster_goes_with_its_engine(tmp_path: Path) -> None:
    words = ("run", "export", "--source", SOURCE, "-o", tmp_path / "o", "--params", params(format="coco"))
    ran = exportkit(*words, "--ray-address", "127.0.0.1:6379")

    assert (ran.code, ran.err) == (2, "exportkit: --ray-address goes with --engine ray.\n")


def test_an_unknown_action_of_a_plugin_names_those_there_are(tmp_path: Path) -> None:
    ran = exportkit("run", "import", "--plugin", plugin(tmp_path / "p", LABELS), "--source", SOURCE)

    assert ran.code == 2
    assert "it has: export" in ran.err


def test_a_filter_that_the_plugin_refuses_is_told_in_its_own_words(tmp_path: Path) -> None:
    code = (
        LABELS
        + """
from exportkit.actions import DefaultExportAction, ExportTargetHandler, TargetHandlerFactory

class Own(ExportTargetHandler):
    def validate_filter(self, value, client):
        raise ValueError("give a colour, please")
    def get_results(self, client, filters):
        return iter(()), 0

TargetHandlerFactory.register_handler("own", Own)
"""
    )
    folder = plugin(tmp_path / "p", code)

    ran = exportkit("run", "export", "-p", folder, "--source", SOURCE, "--params", params(target="own"), cwd=tmp_path)

    assert (ran.code, ran.out) == (2, "")
    assert "give a colour, please" in ran.err


@pytest.mark.parametrize("more", [{}, {"format": "coco"}], ids=["labels", "coco"])
def test_one_item_that_raises_is_lost_alone(tmp_path: Path, more: dict[str, object]) -> None:
    code = LABELS.replace('print("a plugin may print")', 'assert data["id"] != 2, "not this one"')
    folder = plugin(tmp_path / "p", code.replace('{"id": data["id"], "n": len(data["data"]["annotations"])}', "data"))

    ran = exportkit("run", "export", "-p", folder, "--source", SOURCE, "-o", tmp_path, "--params", params(**more))

    assert ran.code == 3, ran.err
    assert (ran.result["exported_count"], ran.result["failed_count"]) == (4, 1)
    (entry,) = map(json.loads, (tmp_path / "here/try/exportkit-errors.jsonl").read_text().splitlines())
    assert entry["id"] == 2
    assert entry["step"] == "convert_data"
    assert "AssertionError" in json.dumps(entry)
    assert "not this one" in entry["message"]


@pytest.mark.parametrize("more", [{}, {"format": "coco"}])
def test_when_every_item_fails_nothing_is_published(tmp_path: Path, more: dict[str, object]) -> None:
    folder = plugin(tmp_path / "p", LABELS.replace('print("a plugin may print")', "raise KeyError('x')"))

    ran = exportkit("run", "export", "-p", folder, "--source", SOURCE, "-o", tmp_path / "o", "--params", params(**more))

    assert (ran.code, ran.out) == (8, ""), ran.err
    assert not (tmp_path / "o").exists() or not any((tmp_path / "o").rglob("*"))


def test_a_failing_step_says_its_name_and_cause(tmp_path: Path) -> None:
    folder = plugin(tmp_path / "p", LABELS + "    def additional_file_saving(self, path):\n        1 / 0\n")

    ran = exportkit("run", "export", "-p", folder, "--source", SOURCE, "-o", tmp_path / "o", "--params", params())

    assert (ran.code, ran.out) == (8, "")
    assert "Step 'save_files' failed: division by zero" in ran.err


SIMPLE = """
from pydantic import BaseModel
from exportkit.actions import BaseExportAction

class Params(BaseModel):
    number: int = 3

class Made(BaseExportAction[Params]):
    def get_filtered_results(self, filters):
        return iter(range(self.params.number)), self.params.number

    def execute(self):
        rows, total = self.get_filtered_results({})
        return BODY
"""


def test_an_action_with_its_own_rows_needs_neither_server_nor_bundle(tmp_path: Path) -> None:
    folder = plugin(tmp_path / "p", SIMPLE.replace("BODY", '{"sum": sum(rows), "total": total}'))

    ran = exportkit("run", "export", "--plugin", folder, "--params", '{"number": 4}', cwd=tmp_path)

    assert (ran.code, ran.result) == (0, {"sum": 6, "total": 4})
    assert not (tmp_path / "exports").exists()


def test_an_action_that_returns_nothing_gives_null(tmp_path: Path) -> None:
    folder = plugin(tmp_path / "p", SIMPLE.replace("BODY", "None"))

    ran = exportkit("run", "export", "--plugin", folder, cwd=tmp_path)

    assert (ran.code, ran.result) == (0, None)


def test_errors_of_a_context_are_told_and_end_in_3(tmp_path: Path) -> None:
    code = """
from pydantic import BaseModel
from exportkit.actions import BaseExportAction
from exportkit.steps import BaseStep, StepResult

class Params(BaseModel):
    pass

class One(BaseStep):
    name = "one"
    progress_weight = 1.0
    def execute(self, context):
        context.errors.append("Item 7: no box")
        return StepResult()

class Made(BaseExportAction[Params]):
    def setup_steps(self, registry):
        registry.register(One())
"""
    ran = exportkit("run", "export", "--plugin", plugin(tmp_path / "p", code), cwd=tmp_path)

    assert ran.code == 3
    assert "Item 7: no box" in ran.err


def test_plugin_run_takes_the_current_folder(tmp_path: Path) -> None:
    folder = plugin(tmp_path / "p", LABELS)
    words = (
        "plugin",
        "run",
        "--mode",
        "local",
        "export",
        "--params",
        params(),
        "--source",
        SOURCE,
        "-o",
        tmp_path / "o",
    )

    told, bare = exportkit(*words, cwd=folder), exportkit(*words, "--json", cwd=folder)

    assert (told.code, bare.code) == (0, 0), told.err
    assert told.out.startswith("Result: {")
    assert bare.result["exported_count"] == 5


def test_an_unknown_key_is_named_and_refused_with_strict(tmp_path: Path) -> None:
    words = ("run", "export", "--source", SOURCE, "-o", tmp_path / "o", "--params", params(format="csv", colour=1))

    loose, strict = exportkit(*words), exportkit(*words, "--strict")

    assert loose.code == 0
    assert "colour" in loose.err
    assert strict.code == 2
    assert "colour" in strict.err
