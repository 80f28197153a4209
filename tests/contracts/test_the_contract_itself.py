"""The suite for format authors passes a good writer and catches each deliberate defect."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

import pytest

from exportkit.testing import WriterContract

HERE = Path(__file__).parent


class Defect(NamedTuple):
    """A writer of ``sample_writers.py``, the test that has to fail with it, and a part of what it has to say."""

    writer: str
    test: str
    says: str
    arguments: Mapping[str, Any] = MappingProxyType({})


DECLARES = "test_the_class_declares_what_it_is"
OPTIONS = "test_the_options_have_defaults_and_refuse_what_they_do_not_know"
PICKLED = "test_class_options_and_plan_can_be_pickled"
RULES = "test_the_rules_depend_on_the_options_alone"
ANSWERS = "test_encode_answers_whatever_a_record_holds"
OUTCOME = "test_every_annotation_has_one_outcome_with_the_codes_of_its_status"
KINDS = "test_the_table_of_kinds_says_what_encode_does"
BROKEN = "test_broken_geometry_fails_with_the_code_that_says_why"
EDGE = "test_what_lies_over_the_edge_follows_the_choice_of_the_user"
CLASSES = "test_a_class_that_the_format_cannot_hold_is_not_written"
PURE = "test_encode_is_pure"
ELSEWHERE = "test_encode_gives_the_same_in_another_process_and_touches_nothing"
STREAMS = "test_every_stream_has_its_place_in_a_file"
PATHS = "test_paths_are_safe_and_unique"
TRACES = "test_no_byte_tells_where_or_when_it_was_written"
ACCOUNT = "test_every_record_and_annotation_of_a_bundle_is_accounted_for"
ORDER = "test_the_order_of_storing_changes_no_byte"
WORKERS = "test_two_workers_write_the_same_bytes_as_one"
RUNS = "test_two_runs_write_the_same_bytes"
CHECK = "test_check_finds_no_error"
VERIFY = "test_verify_finds_every_byte_as_it_was_published"
EMPTY = "test_a_bundle_without_records_gives_a_complete_dataset"
ANONYMOUS = "test_no_file_of_the_dataset_tells_where_or_when_it_was_written"

DEFECTS = [
    Defect("WithABadName", DECLARES, "name is 'Plain Writer'"),
    Defect("ForANewerInterface", DECLARES, "api_version is 99"),
    Defect("WithAnOptionWithoutDefault", OPTIONS, "options_model needs precision; give every option a default"),
    Defect("WithOptionsThatTakeAnything", OPTIONS, "takes unknown options"),
    Defect("writer_within_a_function", PICKLED, "define classes at the top of a module"),
    Defect("WithAMood", RULES, "naming answers differently the second time"),
    Defect("WithNumberingsOfNothing", RULES, "give frozensets of kinds"),
    Defect("ThatRaises", ANSWERS, "encode raised KeyError"),
    Defect("ThatReturnsALine", ANSWERS, "encode returned bytes; return Encoded"),
    Defect("WithAForeignRecordFault", ANSWERS, "or one with your writer's name: E_PLAIN_"),
    Defect("WithAMissingOutcome", OUTCOME, "19 annotations and 1 outcomes; return exactly one"),
    Defect("WithOneOutcomeTooMany", OUTCOME, "1 annotations and 2 outcomes"),
    Defect("WithAnUnknownCode", OUTCOME, "carries 'L_MADE_UP'; use a code of exportkit"),
    Defect("WithTheCodeOfAnotherWriter", OUTCOME, "carries 'L_OTHER_CLIPPED'"),
    Defect("WithTheCodeOfARecord", OUTCOME, "carries 'E_JSON'"),
    Defect("ThatCallsLossesWritten", OUTCOME, "is written with the code 'L_CLIPPED'"),
    Defect("ThatSkipsWithoutReason", OUTCOME, "is skipped without a code"),
    Defect("ThatFailsWithoutAWord", OUTCOME, "without a message"),
    Defect("WithAMessageOfManyLines", OUTCOME, "quoted(value)"),
    Defect("WithAnEndlessMessage", OUTCOME, "quoted(value)"),
    Defect("WithAJsonPathOfTheLine", OUTCOME, "it goes on from the annotation"),
    Defect("WithAWordForAnOutcome", OUTCOME, "is 'written'; return written()"),
    Defect("WithAnUnknownNotice", OUTCOME, "carries 'N_WELL_DONE'"),
    Defect("WithATableOfOtherKinds", KINDS, "kinds names 'boxes', which is no kind"),
    Defect("ThatPromisesTooMuch", KINDS, "kinds says 'L_REGION_DROPPED' of polygon, and a plain one is skipped"),
    Defect("ThatPromisesNothing", KINDS, "kinds does not name box"),
    Defect("ThatTakesBoxesAsTheyAre", BROKEN, "has to be failed E_BOX_NEGATIVE; ask the Canvas"),
    Defect("ThatAlwaysClips", EDGE, "with --invalid drop a box over the edge is lossy L_CLIPPED"),
    Defect("ThatWritesTagsUnseen", CLASSES, "its tag is written"),
    Defect("ThatCounts", PURE, "the reverse order of records"),
    Defect("ThatCountsForAll", PURE, "another instance"),
    Defect("ThatChangesThePlan", PURE, "changed the options or the plan"),
    Defect("WithTheDate", ELSEWHERE, "another process, at another time"),
    Defect("WithTheYear", ELSEWHERE, "another process, at another time"),
    Defect("InTheOrderOfHashes", ELSEWHERE, "with another hash seed"),
    Defect("ThatOpensAFile", ELSEWHERE, "encode touches what lies outside its arguments (open"),
    Defect("WithAStreamWithoutFile", STREAMS, "which no file of files() has"),
    Defect("WithAStreamOfAnotherFile", STREAMS, "call it 'all/boxes.txt#rows'"),
    Defect("WithAStreamInTwoPlaces", STREAMS, "uses the stream 'boxes.txt#rows' twice"),
    Defect("WithTextForBytes", STREAMS, "holds str; give bytes"),
    Defect("AboveTheDataset", PATHS, "has a segment '..'"),
    Defect("AtAnAbsolutePath", PATHS, "is absolute"),
    Defect("AtOnePathForAll", PATHS, "is taken by encode of"),
    Defect("InPlaceOfTheManifest", PATHS, "a file of exportkit's own"),
    Defect("WithOnePictureForAll", PATHS, "is taken by picture_path of"),
    Defect("WithAFolderAbove", PATHS, "folders(): the path"),
    Defect("WithTheFolderOfTheRun", TRACES, "hold the folder"),
    Defect("WithTheDate", TRACES, "hold today's date"),
    Defect("ThatRaises", ACCOUNT, "failed by a defect of the writer"),
    Defect("WithTheLine", ORDER, "records stored descending, 1 workers: other bytes in", {"storage": "descending"}),
    Defect("ThatCounts", WORKERS, "records stored parts, 2 workers: other bytes in"),
    Defect("ThatCountsForAll", RUNS, "records stored ascending, 1 workers: other bytes in"),
    Defect("ThatItsCheckerRefuses", CHECK, "exportkit check says C_REFUSED_ANYWAY of boxes.txt", {"media": "copy"}),
    Defect("ThatNeedsARecord", EMPTY, "without any record the conversion of the sample bundle ended with UsageError"),
    Defect("WithTheFolderOfTheRun", ANONYMOUS, "the bytes of 'boxes.txt' hold the folder"),
]


@pytest.fixture
def sample_writers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The sample writers, installed for this process and for those it starts."""
    information = tmp_path / "site" / "sample_writers-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: sample-writers\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[exportkit]\nplain = sample_writers\n")
    monkeypatch.syspath_prepend(information.parent)
    monkeypatch.syspath_prepend(HERE)
    monkeypatch.delitem(sys.modules, "sample_writers", raising=False)
    return import_module("sample_writers")


def suite_of(writer: object) -> Any:
    """An instance of the suite that an author of this writer would write."""
    return type("TestIt", (WriterContract,), {"writer": writer})()


def takes_folders(test: str) -> bool:
    return "tmp_path_factory" in getattr(WriterContract, test).__annotations__


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: f"{defect.writer}-{defect.test}")
def test_a_defect_is_caught_and_named(
    defect: Defect, sample_writers: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> None:
    writer = getattr(sample_writers, defect.writer)
    suite = suite_of(writer if isinstance(writer, type) else writer())
    folders = {"tmp_path_factory": tmp_path_factory} if takes_folders(defect.test) else {}
    with pytest.raises(pytest.fail.Exception) as failure:
        getattr(suite, defect.test)(**folders, **defect.arguments)
    assert defect.says in str(failure.value)


def test_a_changed_dataset_does_not_verify(
    sample_writers: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> None:
    suite = suite_of(sample_writers.PlainWriter)
    published = suite._subject().datasets(tmp_path_factory).made()
    (published.directory / "boxes.txt").write_bytes(b"other bytes")
    with pytest.raises(pytest.fail.Exception, match=r"boxes\.txt has other bytes than were published"):
        getattr(suite, VERIFY)(tmp_path_factory)


def test_every_test_of_the_suite_has_a_writer_that_fails_it() -> None:
    tests = {name for name in vars(WriterContract) if name.startswith("test_")}
    assert tests == {defect.test for defect in DEFECTS} | {VERIFY}


SUITE = """
from exportkit.testing import WriterContract
from {module} import {writer}


class TestIt(WriterContract):
    writer = {writer}
"""


def test_three_lines_run_the_whole_suite_and_a_good_writer_passes(
    sample_writers: ModuleType, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(SUITE.format(module="sample_writers", writer="PlainWriter"))
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    assert result.parseoutcomes() == {"passed": 26}


def test_a_writer_that_no_plugin_registers_can_be_tested(
    sample_writers: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> None:
    suite = suite_of(sample_writers.UnregisteredWriter)
    getattr(suite, ACCOUNT)(tmp_path_factory)
    getattr(suite, WORKERS)(tmp_path_factory)
    getattr(suite, CHECK)(tmp_path_factory, "copy")


def test_a_failure_is_a_list_of_sentences_without_a_traceback(
    sample_writers: ModuleType, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(SUITE.format(module="sample_writers", writer="ThatPromisesNothing"))
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-k", KINDS)
    result.stdout.fnmatch_lines(["the writer breaks its contract:", "- kinds does not name box (S_KIND_UNSUPPORTED)*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*outcome_rules.py*")


def test_a_suite_without_a_writer_says_so() -> None:
    suite: Any = type("TestNothing", (WriterContract,), {})()
    with pytest.raises(pytest.fail.Exception, match="TestNothing has no writer; set writer = YourWriter"):
        getattr(suite, DECLARES)()


def test_options_go_over_those_of_the_text() -> None:
    written = {"writer": "coco:precision=3,names=flat", "options": {"precision": 2}}
    suite: Any = type("TestCoco", (WriterContract,), written)()
    options = suite._subject().trial.options
    assert (options.precision, options.names) == (2, "flat")
    assert not suite._subject().has_default_options
