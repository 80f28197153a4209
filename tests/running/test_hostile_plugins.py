"""Plugins that misbehave: the process is as before, the words are plain, nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.running.plugins import PARAMS, exportkit, params, plugin

from exportkit.actions import TargetHandlerFactory
from exportkit.errors import UsageError
from exportkit.running import read_plugin_config, run_plugin
from exportkit.runtime.messages import _TEXTS

BUNDLES = Path(__file__).parents[2] / "fixtures" / "bundles"
SOURCE = BUNDLES / "seed_tasks"

#: An action with rows of its own.
OWN_ROWS = """
from exportkit.actions import BaseExporter, ExportAction

UNIT = {"id": 1, "name": "n.png", "width": 9, "height": 9}

class Rows(BaseExporter):
    def convert_data(self, data):
        return data

class Made(ExportAction):
    entrypoint = Rows
    def get_filtered_results(self, filters, handler=None):
        named = {n: {"file_name_original": f"{n}.png"} for n in (2, 1)}
        rows = [{"id": n, "data": {"annotations": []}, "data_unit": UNIT, "files": named[n]} for n in named]
        return iter(rows), len(rows)
"""

SIMPLE = """
import os, sys, threading, time
from typing import Any
from pydantic import BaseModel
from exportkit.actions import BaseExportAction, TargetHandlerFactory

class Params(BaseModel):
    pass

class Made(BaseExportAction[Params]):
    def execute(self):
        BODY
"""

EXPORTER = """
import os, sys, threading, time
from exportkit.actions import BaseExporter

class Made(BaseExporter):
    def convert_data(self, data):
        BODY
        return data
"""


def simple(folder: Path, *body: str) -> Path:
    return plugin(folder, SIMPLE.replace("BODY", "\n        ".join(body)))


def exporter(folder: Path, *body: str) -> Path:
    return plugin(folder, EXPORTER.replace("BODY", "\n        ".join(body)))


@pytest.mark.parametrize("more", [{}, {"format": "coco"}], ids=["labels", "coco"])
def test_an_export_with_rows_of_its_own_needs_neither_server_nor_bundle(
    tmp_path: Path, more: dict[str, object]
) -> None:
    folder = plugin(tmp_path / "p", OWN_ROWS)
    given = params(save_original_file=False, storage=7, **more)

    ran = exportkit("run", "export", "--plugin", folder, "-o", "out", "--params", given, cwd=tmp_path)

    assert ran.code == 0, ran.err
    assert "deprecated" not in ran.err
    assert ran.result["exported_count"] == 2
    assert (tmp_path / "out/here/try/exportkit-manifest.json").exists()


def test_an_export_that_asks_for_rows_and_finds_nobody_says_what_to_do(tmp_path: Path) -> None:
    ran = exportkit("run", "export", "--params", params(format="coco"), cwd=tmp_path)

    assert (ran.code, ran.out) == (2, "")
    assert "--source" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_what_a_plugin_did_to_the_process_is_undone(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "brought_along.py").write_text("x = 1\n", encoding="utf-8")
    folder = simple(
        tmp_path / "p",
        "from exportkit.runtime import ExportLogMessageCode, register_log_messages",
        "import json, types",
        "import signal",
        "signal.signal(signal.SIGINT, signal.SIG_IGN)",
        "register_log_messages({ExportLogMessageCode.EXPORT_NO_RESULTS: {'en': 'mine', 'fr': 'le mien'}})",
        "TargetHandlerFactory.register_handler('task', type('T', (), {'get_results': lambda *a: ((), 0)}))",
        "os.environ['MINE'] = '1'; os.environ.pop('HOME', None); os.environ['PATH'] = 'gone'",
        f"os.chdir({str(tmp_path)!r}); sys.path.insert(0, {str(tmp_path / 'elsewhere')!r})",
        "import brought_along",
        "sys.path.remove([p for p in sys.path if p.endswith('/p')][0])",
        "sys.modules['json'] = types.ModuleType('json'); sys.modules['made_up'] = types.ModuleType('made_up')",
        "return 1",
    )

    def state() -> tuple[Any, ...]:
        texts = {code: dict(found) for code, found in _TEXTS.items()}
        handlers = dict(TargetHandlerFactory._handlers)
        interrupt = signal.getsignal(signal.SIGINT)
        return dict(os.environ), Path.cwd(), list(sys.path), texts, handlers, sys.modules["json"], interrupt

    before = state()

    assert run_plugin(folder, "export", {}) == 1

    assert state() == before
    assert not {"made_up", "brought_along", "plugin", "plugin.export"} & set(sys.modules)


def test_a_failing_plugin_is_undone_as_well(tmp_path: Path) -> None:
    folder = simple(tmp_path / "p", f"os.chdir({str(tmp_path)!r}); os.environ['MINE'] = '1'", "raise KeyError('x')")
    here = Path.cwd()

    with pytest.raises(KeyError):
        run_plugin(folder, "export", {})

    assert (Path.cwd(), "MINE" in os.environ) == (here, False)


@pytest.mark.parametrize("more", [{}, {"format": "coco"}], ids=["labels", "coco"])
def test_a_plugin_that_goes_to_another_folder_changes_nothing(tmp_path: Path, more: dict[str, object]) -> None:
    (tmp_path / "other").mkdir()
    folder = exporter(tmp_path / "p", f"os.chdir({str(tmp_path / 'other')!r})")
    code = (folder / "plugin/export.py").read_text(encoding="utf-8")
    (folder / "plugin/export.py").write_text(code + f"\nos.chdir({str(tmp_path / 'other')!r})\n", encoding="utf-8")
    source = os.path.relpath(SOURCE, tmp_path)

    ran = exportkit(
        "run", "export", "-p", "p", "--source", source, "-o", "out", "--params", params(**more), cwd=tmp_path
    )

    assert ran.code == 0, ran.err
    assert ran.result["output_path"] == "out/here/try"
    assert (tmp_path / "out/here/try/exportkit-manifest.json").exists()
    assert list((tmp_path / "other").iterdir()) == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("sys.exit()", 8),
        ("sys.exit(0)", 8),
        ("sys.exit(3)", 8),
        ("sys.exit('with words')", 8),
        ("raise GeneratorExit('odd')", 8),
        ("raise type('Odd', (BaseException,), {})('odd')", 8),
        ("raise StopIteration", 8),
        ("raise type('Odd', (Exception,), {'__str__': lambda self: 1 / 0})", 8),
        ("raise MemoryError", 8),
        ("def f(): f()\n        f()", 8),
        ("raise OSError(13, 'Permission denied', 'x')", 8),
        ("import typer; raise typer.Exit(0)", 8),
        ("raise BrokenPipeError", 8),
        ("raise KeyboardInterrupt", 130),
    ],
)
@pytest.mark.parametrize("kind", ["simple", "exporter", "import"])
def test_nothing_that_a_plugin_raises_passes_for_success(tmp_path: Path, body: str, code: int, kind: str) -> None:
    if kind == "import":
        folder = simple(tmp_path / "p", "return 1")
        text = (folder / "plugin/export.py").read_text(encoding="utf-8")
        (folder / "plugin/export.py").write_text(text + body.replace("\n        ", "\n") + "\n", encoding="utf-8")
    else:
        folder = (simple if kind == "simple" else exporter)(tmp_path / "p", body)
    expected = {2, 8} if kind == "import" and code == 8 else {code}

    ran = exportkit(
        "run", "export", "-p", folder, "--source", SOURCE, "-o", tmp_path / "o", "--params", params(), cwd=tmp_path
    )

    assert ran.code in expected, ran.err
    assert ran.out == ""
    assert ran.err.strip()
    assert "defect of exportkit" not in ran.err
    assert not (tmp_path / "o").exists() or not any((tmp_path / "o").rglob("*"))


def test_a_plugin_may_print_as_much_as_it_likes(tmp_path: Path) -> None:
    folder = simple(
        tmp_path / "p",
        "print('x' * 3_000_000)",
        "sys.__stdout__.write('y' * 1_000_000)",
        "os.write(1, b'z' * 500_000)",
        "return 'done'",
    )

    ran = exportkit("run", "export", "-p", folder)

    assert (ran.code, ran.result) == (0, "done")
    assert len(ran.err) > 4_500_000


def test_a_thread_that_never_ends_does_not_keep_the_run(tmp_path: Path) -> None:
    folder = simple(tmp_path / "p", "threading.Thread(target=time.sleep, args=(300,), name='mine').start()", "return 7")

    begun = time.monotonic()
    ran = exportkit("run", "export", "-p", folder)

    assert (ran.code, ran.result) == (0, 7)
    assert time.monotonic() - begun < 60
    assert "mine" in ran.err


def test_what_a_thread_prints_after_the_result_goes_to_stderr(tmp_path: Path) -> None:
    """The thread prints as soon as the run has given stdout back."""
    folder = simple(
        tmp_path / "p",
        "def late(then):",
        "    while sys.stdout is then:",
        "        time.sleep(0.01)",
        "    print('late by print')",
        "    os.write(1, b'late by number\\n')",
        "    sys.__stdout__.write('late by the first stream\\n')",
        "    sys.__stdout__.flush()",
        "threading.Thread(target=late, args=(sys.stdout,)).start()",
        "return 7",
    )

    ran = exportkit("run", "export", "-p", folder)

    assert (ran.code, ran.result) == (0, 7)
    assert {"late by print", "late by number", "late by the first stream"} <= set(ran.err.splitlines())


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("object", None),
        ("float('nan')", None),
        ("{1, }", [1]),
        ("{(1, 2): 3}", None),
        ("b'\\xff'", None),
        ("'\\ud800'", None),
        ("Params()", {}),
        ("(n for n in (1, 2))", [1, 2]),
        ("type('Odd', (), {'__repr__': lambda self: 1 / 0})()", None),
        ("type('Odd', (dict,), {})(a=1)", {"a": 1}),
    ],
)
def test_any_result_becomes_one_line_of_json(tmp_path: Path, value: str, shown: object) -> None:
    ran = exportkit("run", "export", "-p", simple(tmp_path / "p", f"return {value}"))

    assert ran.code == 0, ran.err
    result = ran.result
    assert shown is None or result == shown


@pytest.mark.parametrize("body", ["r = {}; r['r'] = r; return r", "return 10 ** 5000", "return {'\\ud800': 1}"])
def test_a_result_that_no_json_can_hold_is_refused_in_plain_words(tmp_path: Path, body: str) -> None:
    ran = exportkit("run", "export", "-p", simple(tmp_path / "p", body))

    assert (ran.code, ran.out) == (8, "")
    assert "cannot be written as JSON" in ran.err


@pytest.mark.parametrize("signalled", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("more", [{}, {"format": "coco"}], ids=["labels", "coco"])
def test_an_interrupted_run_leaves_nothing(tmp_path: Path, more: dict[str, object], signalled: signal.Signals) -> None:
    folder = exporter(tmp_path / "p", f"open({str(tmp_path / 'begun')!r}, 'w').close(); time.sleep(60)")
    (tmp_path / "tmp").mkdir()
    words = ("run", "export", "-p", folder, "--source", SOURCE, "-o", tmp_path / "o", "--params", params(**more))
    process = subprocess.Popen(
        [sys.executable, "-m", "exportkit", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
    )
    with process:
        deadline = time.monotonic() + 60
        while not (tmp_path / "begun").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signalled)
        out, err = process.communicate(timeout=60)

    assert (process.returncode, out) == (128 + signalled, ""), err
    assert "Traceback" not in err
    assert not any(path.is_file() for path in (tmp_path / "o").rglob("*"))
    assert list((tmp_path / "tmp").iterdir()) == []


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"
ODD_VALUES: list[Any] = [None, True, 7, 1.5, float("inf"), "", " ", "x" * 5000, [], [[]], {}, {"a": {"b": [None]}}, [1]]
KEYS = (
    *("name", "code", "version", "variant", "category", "description", "readme", "package_manager", "wheels_dir"),
    *("package_manager_options", "env", "runtime_env", "data_type", "tasks", "supported_data_types", "actions"),
    *("supported_data_type", "supported_annotation_tools", "annotation_category", "annotation_type", "smart_tool"),
    *("requires", "dependencies", "tags", "unheard_of"),
)
ACTION_KEYS = (
    *("entrypoint", "description", "method", "input_type", "output_type", "serve_options", "annotation_types"),
    *("config", "unheard_of"),
)


@pytest.mark.parametrize("value", ODD_VALUES, ids=lambda value: repr(value)[:20])
def test_odd_values_of_every_key_are_taken_or_refused_with_their_place(tmp_path: Path, value: Any) -> None:
    sound = {"name": "p", "code": "p", "version": "1.0.0", "category": "export"}
    action = {"entrypoint": "a:B"}
    texts = {key: {**sound, "actions": {"export": action}, key: value} for key in KEYS}
    texts |= {f"actions.export.{key}": {**sound, "actions": {"export": {**action, key: value}}} for key in ACTION_KEYS}
    texts |= {"actions.export": {**sound, "actions": {"export": value}}}
    for key, config in texts.items():
        (tmp_path / "config.yaml").write_text(json.dumps(config, indent=1), encoding="utf-8")
        words = ""
        try:
            read_plugin_config(tmp_path)
        except UsageError as error:
            words = str(error)
        assert not words or ("line " in words and key.split(".")[-1] in words), words
        assert len(words) < 3000


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        "name: !!python/object/apply:os.system ['true']\ncode: p\nactions: {}\n",
        "name: p\nname: q\n",
        "[" * 5000,
        "{" * 100,
        "- 1\n",
        "",
        "just words",
        "\x00",
        "name: p\n\tcode: q\n",
        "? [1, 2]\n: 3\nname: p\ncode: p\nactions: {e: {entrypoint: a:B}}\n",
        "1: 2\nnull: 3\nname: p\ncode: p\nactions: {1: {entrypoint: 'a:B'}}\n",
        "name: p\ncode: p\nactions: {export: {entrypoint: 'a:B'}}\n---\nname: q\n",
        "name: 2026-01-01\ncode: 0x1F\nactions: {export: {entrypoint: 1_0}}\n",
        "%YAML 9.9\n---\nname: p\n",
    ],
    ids=range(15),
)
def test_a_hostile_config_is_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")

    ran = exportkit("run", "export", "-p", tmp_path)

    assert (ran.code, ran.out) == (2, ""), ran.err
    assert "config.yaml" in ran.err
    assert "defect" not in ran.err


@pytest.mark.filterwarnings("ignore:The (parameter|threshold)")
@pytest.mark.parametrize("value", [*ODD_VALUES, -1, 10**30, "../x", {"name": []}], ids=lambda value: repr(value)[:20])
def test_params_of_any_type_are_taken_or_refused(tmp_path: Path, value: Any) -> None:
    from exportkit.errors import ExportkitError

    for key in (
        "name",
        "storage",
        "path",
        "target",
        "filter",
        "save_original_file",
        "extra_params",
        "format",
        "formats",
        "on_error",
        "max_errors",
        "disable_async_delegate",
        "async_job_size_threshold",
        "download_workers",
        "export_log_files",
        "progress_interval",
        "unheard_of",
    ):
        given = PARAMS | {"format": "csv", "save_original_file": False, key: value}
        if key == "formats":
            del given["format"]
        try:
            run_plugin(None, "export", given, source=SOURCE, output=tmp_path / "o")
        except (ExportkitError, RuntimeError) as error:
            words = str(error)
            assert_plain(key, words)


def assert_plain(key: str, words: str) -> None:
    """Words for a person, not those of an interpreter."""
    assert words, key
    assert "object is not" not in words, (key, words)
    assert "has no attribute" not in words, (key, words)
