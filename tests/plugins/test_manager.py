"""Plugins are found, judged alone, and asked in one order; none can harm another."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import pytest

from exportkit.errors import UsageError
from exportkit.normalize import BUILTIN_NORMALIZERS, InputOptions, Item, Normalizer
from exportkit.plugins import HookFault, PluginManager, builtins, hookimpl
from exportkit.plugins.discovery import Blocking, Candidate
from exportkit.records import Record
from exportkit.writing import AcquisitionNeeds, AcquisitionRequest, Checker, Encoded, Placement, Writer


class Plain(Writer):
    """A writer that does nothing."""

    name = "plain"

    def encode(self, record: Record, placement: Placement) -> Encoded:
        return Encoded([])


def named(word: object, **attributes: object) -> type[Writer]:
    return type("Named", (Plain,), {"name": word, **attributes})


def module(**members: object) -> ModuleType:
    made = ModuleType("plugin")
    for key, member in members.items():
        setattr(made, key, member)
    return made


def registering(*classes: object, role: str = "writers", **members: object) -> ModuleType:
    def register() -> Sequence[object]:
        return classes

    register.__name__ = f"exportkit_register_{role}"
    return module(**{register.__name__: hookimpl(register)}, **members)


def candidate(plugin: object, name: str = "maker:plain", load: Callable[[], object] | None = None) -> Candidate:
    distribution, _, entry_point = name.partition(":")
    return Candidate(distribution, "1.0", entry_point, load or (lambda: plugin))


def manager_of(plugin: object) -> PluginManager:
    return PluginManager([candidate(plugin)])


def reason_of(manager: PluginManager) -> str:
    (plugin,) = manager.plugins
    assert plugin.status == "broken"
    assert manager.writers() == {}
    assert manager.problems == [f"The plugin {plugin.name} is not loaded: it {plugin.reason}."]
    return plugin.reason


def test_a_registered_writer_is_found_with_its_owner() -> None:
    entry = manager_of(registering(Plain)).writer("plain")

    assert (entry.cls, entry.distribution, entry.version, entry.plugin) == (Plain, "maker", "1.0", "maker:plain")


def test_writers_stand_in_the_order_of_name_and_distribution_whatever_the_order_of_discovery() -> None:
    candidates = [
        candidate(registering(named("b")), "zoo:one"),
        candidate(registering(named("b")), "Ant_Hill:one"),
        candidate(registering(named("a")), "zoo:two"),
    ]

    for given in (candidates, candidates[::-1]):
        manager = PluginManager(given)
        owners = {name: [entry.plugin for entry in found] for name, found in manager.writers().items()}
        assert list(owners.items()) == [("a", ["zoo:two"]), ("b", ["ant-hill:one", "zoo:one"])]
        assert [plugin.name for plugin in manager.plugins] == ["ant-hill:one", "zoo:one", "zoo:two"]


def test_two_owners_of_one_name_are_both_named_and_the_user_chooses() -> None:
    manager = PluginManager([candidate(registering(Plain), "first:x"), candidate(registering(Plain), "second:x")])

    with pytest.raises(UsageError, match=r"owned by first and second; choose .*'plain@first' or 'plain@second'"):
        manager.writer("plain")
    assert manager.writer("plain@second").plugin == "second:x"
    assert manager.writer("plain@Second").plugin == "second:x"


def test_an_owner_who_has_no_such_writer_is_refused_with_those_who_have() -> None:
    with pytest.raises(UsageError, match="'plain@maker'"):
        manager_of(registering(Plain)).writer("plain@other")


def test_an_unknown_format_gets_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="did you mean 'plain'"):
        manager_of(registering(Plain)).writer("plian")


def test_an_unknown_format_is_shown_escaped_and_cut() -> None:
    with pytest.raises(UsageError) as caught:
        manager_of(registering(Plain)).writer("\x1b[31m" + "x" * 5000)

    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "error", [ImportError("no foo"), SyntaxError("bad"), SystemExit(3), RecursionError(), ValueError("a\nb")]
)
def test_a_plugin_that_fails_on_import_is_reported_and_the_others_work(error: BaseException) -> None:
    def fail() -> object:
        raise error

    manager = PluginManager([candidate(None, "bad:lines", fail), candidate(registering(Plain), "good:plain")])

    (bad, good) = manager.plugins
    assert (bad.status, good.status) == ("broken", "loaded")
    assert type(error).__name__ in bad.reason
    assert manager.writer("plain").distribution == "good"
    with pytest.raises(UsageError, match=f"no format 'lines': the plugin bad:lines cannot.*{type(error).__name__}"):
        manager.writer("lines")


def test_an_interrupt_while_a_plugin_is_imported_stops_the_program() -> None:
    def interrupted() -> object:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        PluginManager([candidate(None, load=interrupted)])


def test_what_a_plugin_prints_while_it_is_imported_stays_off_the_standard_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def chatty() -> object:
        print("hello")
        return registering(Plain)

    PluginManager([candidate(None, load=chatty)])

    assert capsys.readouterr() == ("", "hello\n")


def test_a_misspelt_hook_refuses_the_plugin_and_names_the_right_one() -> None:
    @hookimpl
    def exportkit_register_writer() -> list[type[Writer]]:
        return [Plain]

    plugin = registering(Plain, exportkit_register_writer=exportkit_register_writer)

    assert "exportkit_register_writer, which is no hook; did you mean exportkit_reg" in reason_of(manager_of(plugin))


def test_a_hook_without_its_mark_refuses_the_plugin() -> None:
    def exportkit_record_ready(record: Record) -> bool:
        return False

    plugin = registering(Plain, exportkit_record_ready=exportkit_record_ready)

    assert "exportkit_record_ready that is not marked" in reason_of(manager_of(plugin))


def test_a_hook_of_a_later_interface_may_be_marked_optional() -> None:
    @hookimpl(optionalhook=True)
    def exportkit_of_the_future() -> None: ...

    plugin = registering(Plain, exportkit_of_the_future=exportkit_of_the_future)

    assert manager_of(plugin).writer("plain").cls is Plain


def test_a_hook_with_an_argument_that_is_not_specified_refuses_the_plugin() -> None:
    @hookimpl
    def exportkit_record_ready(record: Record, colour: str) -> None: ...

    assert "does not fit its specification" in reason_of(
        manager_of(module(exportkit_record_ready=exportkit_record_ready))
    )


def test_a_wrapper_is_refused() -> None:
    @hookimpl(wrapper=True)
    def exportkit_record_ready(record: Record) -> Any:
        return (yield)

    assert "wrapper" in reason_of(manager_of(module(exportkit_record_ready=exportkit_record_ready)))


def test_a_plugin_without_any_hook_is_reported() -> None:
    assert reason_of(manager_of(module())) == "implements no hook"


def test_a_plugin_for_a_newer_interface_is_refused_with_both_versions() -> None:
    reason = reason_of(manager_of(registering(Plain, exportkit_api_version=2)))

    assert "version 2" in reason
    assert "has 1" in reason


@pytest.mark.parametrize("stated", ["1", 1.0, True, 0, -1, None])
def test_a_stated_interface_version_is_a_positive_int(stated: object) -> None:
    assert "exportkit_api_version" in reason_of(manager_of(registering(Plain, exportkit_api_version=stated)))


def test_the_interface_version_that_a_plugin_states_is_listed() -> None:
    (plugin,) = manager_of(registering(Plain, exportkit_api_version=1)).plugins

    assert (plugin.status, plugin.api_version) == ("loaded", 1)


class Abstract(Writer):
    """Leaves its work undone."""

    name = "abstract"


@pytest.mark.parametrize(
    ("registered", "words"),
    [
        ("plain", "no class"),
        (dict, "no subclass of Writer"),
        (Abstract, "leaves encode undefined"),
        (named("Plain"), "lower-case"),
        (named(""), "lower-case"),
        (named(None), "lower-case"),
        (named("plain@me"), "lower-case"),
        (named("a:b"), "lower-case"),
        (named("x" * 65), "1 to 64"),
        (named("x", options_model=dict), "options_model"),
        (named("x", options_model=None), "options_model"),
        (named("x", api_version=2), "version 2"),
        (named("x", api_version="1"), "api_version"),
        (named("x", kinds={"bxo": "written"}), "bxo"),
        (named("x", kinds={"box": "E_NOT_MINE"}), "E_NOT_MINE"),
        (named("x", kinds=3), "cannot be read"),
    ],
)
def test_a_writer_that_breaks_the_contract_refuses_its_plugin(registered: object, words: str) -> None:
    assert words in reason_of(manager_of(registering(registered)))


def test_a_checker_is_a_checker() -> None:
    assert "no subclass of Checker" in reason_of(manager_of(registering(Plain, role="checkers")))


@pytest.mark.parametrize("answer", [None, "plain", 3])
def test_a_registration_that_is_no_list_refuses_the_plugin(answer: object) -> None:
    @hookimpl
    def exportkit_register_writers() -> object:
        return answer

    plugin = module(exportkit_register_writers=exportkit_register_writers)

    assert "returns no list" in reason_of(manager_of(plugin))


def test_a_registration_that_raises_refuses_the_plugin() -> None:
    @hookimpl
    def exportkit_register_writers() -> object:
        raise SystemExit(1)

    plugin = module(exportkit_register_writers=exportkit_register_writers)

    assert "raises in exportkit_register_writers (SystemExit: 1)" in reason_of(manager_of(plugin))


def test_one_owner_has_a_name_only_once() -> None:
    assert "'plain' twice" in reason_of(manager_of(registering(Plain, Plain)))
    manager = PluginManager([candidate(registering(Plain), "maker:a"), candidate(registering(Plain), "Maker:b")])
    assert [plugin.status for plugin in manager.plugins] == ["loaded", "broken"]
    assert "as maker:a of its own distribution does" in manager.plugins[1].reason


@pytest.mark.parametrize("name", ["maker:plain", "plain", " Maker:plain "])
def test_a_plugin_is_blocked_by_either_of_its_names_and_never_imported(name: str) -> None:
    def must_not() -> object:
        raise AssertionError

    manager = PluginManager([candidate(None, load=must_not)], Blocking.of([], {"EXPORTKIT_BLOCK_PLUGINS": f"x,{name}"}))

    assert manager.plugins[0].status == "blocked"
    with pytest.raises(UsageError, match="maker:plain is blocked by"):
        manager.writer("plain")
    with pytest.raises(UsageError, match="no format 'plain': the plugin maker:plain is blocked"):
        manager.writer("plain@maker")
    assert manager.problems == ["No plugin is called 'x', so nothing is blocked by that name."]


def test_blocking_one_owner_leaves_the_other_and_makes_the_name_plain_again() -> None:
    candidates = [candidate(registering(Plain), "first:x"), candidate(registering(Plain), "second:x")]

    manager = PluginManager(candidates, Blocking.of(["first:x"], {}))

    assert manager.writer("plain").distribution == "second"
    with pytest.raises(UsageError, match="there is 'plain@second'"):
        manager.writer("plain@first")


def test_hooks_that_nobody_implements_are_none() -> None:
    manager = manager_of(registering(Plain))

    assert manager.plan_hooks is None
    assert manager.item_hooks is None
    assert manager.record_hooks is None
    assert manager.published_hooks is None


def answering(hook: str, argument: str, answer: Callable[[Any], object]) -> ModuleType:
    scope: dict[str, Any] = {"answer": answer}
    exec(f"def {hook}({argument}): return answer({argument})", scope)
    return module(**{hook: hookimpl(scope[hook])})


def record_manager(*answers: Callable[[Any], object]) -> PluginManager:
    plugins = [answering("exportkit_record_ready", "record", answer) for answer in answers]
    return PluginManager([candidate(plugin, f"maker{n}:x") for n, plugin in enumerate(plugins)])


def ask(manager: PluginManager, record: Record) -> Record | None:
    assert manager.record_hooks is not None
    return manager.record_hooks(record)


RECORD = Record(item_id=1, annotations=())


@pytest.mark.parametrize("answer", [None, True])
def test_a_record_is_kept_by_none_and_by_true(answer: object) -> None:
    assert ask(record_manager(lambda record: answer), RECORD) is RECORD


def test_a_record_is_dropped_by_false_and_later_hooks_are_not_asked() -> None:
    asked: list[int] = []

    assert ask(record_manager(lambda record: False, lambda record: asked.append(record.item_id)), RECORD) is None
    assert asked == []


def test_each_record_hook_sees_what_the_one_before_it_made() -> None:
    manager = record_manager(
        lambda record: Record(item_id=record.item_id, annotations=(), name=record.name + "a"),
        lambda record: Record(item_id=record.item_id, annotations=(), name=record.name + "b"),
    )

    kept = ask(manager, RECORD)

    assert kept is not None
    assert kept.name == "ab"


def test_a_record_hook_that_returns_another_type_is_a_fault_with_its_plugin() -> None:
    with pytest.raises(HookFault, match="maker0:x returned int; it must return Record") as caught:
        ask(record_manager(lambda record: 7), RECORD)

    assert (caught.value.plugin, caught.value.hook) == ("maker0:x", "exportkit_record_ready")


@pytest.mark.parametrize("error", [ValueError("no\x1b"), SystemExit(1)])
def test_a_record_hook_that_raises_is_a_fault_with_its_cause(error: BaseException) -> None:
    def fail(record: Record) -> None:
        raise error

    with pytest.raises(HookFault) as caught:
        ask(record_manager(fail), RECORD)

    assert caught.value.__cause__ is error
    assert "\x1b" not in str(caught.value)


def test_item_hooks_take_and_give_mappings() -> None:
    plugin = answering("exportkit_item_acquired", "item", lambda item: {**item, "seen": True})
    hooks = manager_of(plugin).item_hooks

    assert hooks is not None
    assert hooks({"id": 1}) == {"id": 1, "seen": True}


def test_every_published_hook_hears_the_news_though_one_fails() -> None:
    heard: list[object] = []

    def fail(result: object) -> None:
        raise OSError("full")

    plugins = [answering("exportkit_dataset_published", "result", say) for say in (fail, heard.append)]
    hooks = PluginManager([candidate(plugin, f"m{n}:x") for n, plugin in enumerate(plugins)]).published_hooks

    assert hooks is not None
    assert [fault.plugin for fault in hooks("done")] == ["m0:x"]
    assert heard == ["done"]


def test_an_inquiry_gives_the_answers_with_their_plugins() -> None:
    plugins = [answering("exportkit_plan_acquisition", "request", say) for say in (lambda r: None, lambda r: [r])]
    hooks = PluginManager([candidate(plugin, f"m{n}:x") for n, plugin in enumerate(plugins)]).plan_hooks

    assert hooks is not None
    assert hooks("what?") == [("m1:x", ["what?"])]


def test_needs_of_several_plugins_add_up() -> None:
    answers = (lambda r: AcquisitionNeeds(sizes=True), lambda r: None, lambda r: {"classes": True})
    plugins = [answering("exportkit_plan_acquisition", "request", say) for say in answers]
    manager = PluginManager([candidate(plugin, f"m{n}:x") for n, plugin in enumerate(plugins)])

    needs = manager.acquisition_needs(AcquisitionRequest("task", (), keeps_originals=True))

    assert needs == AcquisitionNeeds(originals=True, sizes=True, classes=True)
    assert needs.source


@pytest.mark.parametrize("answer", [{"size": True}, {"sizes": 1}, ["sizes"], "sizes"])
def test_an_answer_that_names_no_needs_ends_the_run_with_the_name_of_the_plugin(answer: object) -> None:
    plugin = answering("exportkit_plan_acquisition", "request", lambda r: answer)
    manager = PluginManager([candidate(plugin, "odd:x")])

    with pytest.raises(UsageError, match="exportkit_plan_acquisition of the plugin odd:x must answer"):
        manager.acquisition_needs(AcquisitionRequest("task", (), keeps_originals=False))


def test_each_of_our_formats_says_what_it_needs() -> None:
    manager = PluginManager.load()

    needs = {
        name: manager.acquisition_needs(AcquisitionRequest("task", (name,), keeps_originals=False))
        for name in ("coco", "csv", "voc", "yolo")
    }

    assert all(need.sizes and need.classes and not need.originals for need in needs.values())
    assert [name for name, need in needs.items() if need.content] == ["voc", "yolo"]


def test_a_checker_belongs_to_the_writer_of_its_owner() -> None:
    class PlainChecker(Checker):
        name = "plain"
        recognises = pieces = check_pieces = conclude = None  # type: ignore[assignment]

    both = registering(Plain, exportkit_register_checkers=hookimpl(_register_checkers(PlainChecker)))
    manager = PluginManager([candidate(both, "has:x"), candidate(registering(Plain), "lacks:x")])

    found = manager.checker_of(manager.writer("plain@has"))
    assert found is not None
    assert found.cls is PlainChecker
    assert manager.checker_of(manager.writer("plain@lacks")) is None
    assert manager.checker("plain").cls is PlainChecker
    assert list(manager.checkers()) == ["plain"]


def _register_checkers(checker: type[Checker]) -> Callable[[], list[type[Checker]]]:
    def exportkit_register_checkers() -> list[type[Checker]]:
        return [checker]

    return exportkit_register_checkers


@pytest.mark.parametrize(("role", "one"), [("readers", "reader"), ("targets", "target")])
def test_other_roles_are_looked_up_in_the_same_way(role: str, one: str) -> None:
    class Thing:
        name = "thing"

    manager = manager_of(registering(Thing, role=role))

    assert getattr(manager, one)("thing").cls is Thing
    assert list(getattr(manager, role)()) == ["thing"]
    with pytest.raises(UsageError, match="did you mean 'thing'"):
        getattr(manager, one)("thin")


def test_payloads_are_offered_to_our_normalisers_before_those_of_plugins() -> None:
    class Early(Normalizer):
        name = "a"

        @classmethod
        def recognises(cls, data: Mapping[str, Any]) -> bool:
            return True

        def normalise(self, item: Item, options: InputOptions) -> list[Record]:
            return []

    ours = Candidate("exportkit", "1", "builtins", lambda: builtins)
    manager = PluginManager([candidate(registering(Early, role="normalizers"), "aaa:x"), ours])

    assert manager.normalizers_in_turn() == (*BUILTIN_NORMALIZERS, Early)
    assert manager.normalizer("a").cls is Early
    assert set(manager.normalizers()) == {"a", *(normalizer.name for normalizer in BUILTIN_NORMALIZERS)}


def test_our_own_formats_come_by_entry_points_and_can_be_blocked() -> None:
    manager = PluginManager.load(["exportkit:coco"], {"EXPORTKIT_BLOCK_PLUGINS": "csv"})
    status = {plugin.name: plugin.status for plugin in manager.plugins if plugin.distribution == "exportkit"}

    assert status["exportkit:coco"] == status["exportkit:csv"] == "blocked"
    assert {"exportkit:builtins", "exportkit:voc", "exportkit:yolo"} <= status.keys()


def test_a_manager_that_travels_to_a_worker_has_the_same_plugins_and_the_same_block_list() -> None:
    manager = PluginManager.load(["csv"], {})

    there = pickle.loads(pickle.dumps(manager))

    assert there.plugins == manager.plugins
    assert there.identity == manager.identity


def test_a_worker_with_other_plugins_refuses_to_work() -> None:
    manager = manager_of(registering(Plain))

    with pytest.raises(ImportError, match="maker:plain"):
        pickle.loads(pickle.dumps(manager))


def test_loading_plugins_imports_no_heavy_library() -> None:
    import subprocess

    code = (
        "import sys; from exportkit.plugins import PluginManager; PluginManager.load();"
        "print(sorted({'pandas', 'lxml', 'numpy', 'PIL', 'shapely', 'pycocotools'} & sys.modules.keys()))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"
