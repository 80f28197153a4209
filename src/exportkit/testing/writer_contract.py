"""The suite that every format passes: subclass it in three lines.

::

    class TestMyFormat(WriterContract):
        writer = MyWriter                       # or as after --to: "coco", "yolo:task=segment"
        options = {"precision": 2}              # not needed

It makes its own records, bundles and pictures. A failing test says in sentences what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import pytest

from exportkit.testing import class_rules, dataset_rules, file_rules, outcome_rules, purity_rules
from exportkit.testing.sample_bundle import Storage
from exportkit.testing.sample_records import samples
from exportkit.testing.subject import Subject
from exportkit.writing import Writer

__all__ = ["WriterContract"]

_SHOWN = 20


class WriterContract:
    """What :class:`exportkit.writing.Writer` promises, held against one writer with one set of options."""

    #: The writer's class, or what stands after ``--to``.
    writer: ClassVar[type[Writer] | str]
    #: Options as keywords of the options model; those of a text come first.
    options: ClassVar[Mapping[str, Any]] = {}

    # -- the class -------------------------------------------------------------------------------------

    def test_the_class_declares_what_it_is(self) -> None:
        judge(class_rules.declarations(self._subject().writer))

    def test_the_options_have_defaults_and_refuse_what_they_do_not_know(self) -> None:
        judge(class_rules.options(self._subject().writer))

    def test_class_options_and_plan_can_be_pickled(self) -> None:
        judge(class_rules.pickling(self._subject().trial))

    def test_the_rules_depend_on_the_options_alone(self) -> None:
        judge(class_rules.rules(self._subject().trial))

    # -- encoding --------------------------------------------------------------------------------------

    def test_encode_answers_whatever_a_record_holds(self) -> None:
        judge(outcome_rules.raised(self._subject().trial, samples()))

    def test_every_annotation_has_one_outcome_with_the_codes_of_its_status(self) -> None:
        judge(outcome_rules.outcomes(self._subject().trial, samples()))

    def test_the_table_of_kinds_says_what_encode_does(self) -> None:
        judge(outcome_rules.kinds_table(self._subject().trial, default_options=self._subject().has_default_options))

    def test_broken_geometry_fails_with_the_code_that_says_why(self) -> None:
        judge(outcome_rules.broken_geometry(self._subject().trial))

    def test_what_lies_over_the_edge_follows_the_choice_of_the_user(self) -> None:
        judge(outcome_rules.over_the_edge(self._subject().trial))

    def test_a_class_that_the_format_cannot_hold_is_not_written(self) -> None:
        judge(outcome_rules.foreign_classes(self._subject().trial, samples()))

    def test_encode_is_pure(self) -> None:
        judge(purity_rules.purity(self._subject().trial))

    def test_encode_gives_the_same_in_another_process_and_touches_nothing(self) -> None:
        judge(purity_rules.purity_elsewhere(self._subject().trial))

    # -- files -----------------------------------------------------------------------------------------

    def test_every_stream_has_its_place_in_a_file(self) -> None:
        judge(file_rules.streams(self._subject().trial, samples()))

    def test_paths_are_safe_and_unique(self) -> None:
        judge(file_rules.paths(self._subject().trial, samples()))

    def test_no_byte_tells_where_or_when_it_was_written(self) -> None:
        judge(file_rules.traces(self._subject().trial, samples()))

    # -- whole conversions -----------------------------------------------------------------------------

    def test_every_record_and_annotation_of_a_bundle_is_accounted_for(
        self, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        judge(dataset_rules.account(self._subject().datasets(tmp_path_factory), self._subject().writer))

    @pytest.mark.parametrize("storage", ["descending", "shuffled", "parts"])
    def test_the_order_of_storing_changes_no_byte(
        self, tmp_path_factory: pytest.TempPathFactory, storage: Storage
    ) -> None:
        judge(dataset_rules.same_tree(self._subject().datasets(tmp_path_factory), storage, workers=1))

    def test_two_workers_write_the_same_bytes_as_one(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        judge(dataset_rules.same_tree(self._subject().datasets(tmp_path_factory), "parts", workers=2))

    def test_two_runs_write_the_same_bytes(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        judge(dataset_rules.same_tree(self._subject().datasets(tmp_path_factory), "ascending", workers=1, again=1))

    @pytest.mark.parametrize("media", ["copy", "none"])
    def test_check_finds_no_error(self, tmp_path_factory: pytest.TempPathFactory, media: str) -> None:
        judge(dataset_rules.checked(self._subject().datasets(tmp_path_factory), media))

    def test_verify_finds_every_byte_as_it_was_published(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        judge(dataset_rules.verified(self._subject().datasets(tmp_path_factory).made()))

    def test_a_bundle_without_records_gives_a_complete_dataset(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        judge(dataset_rules.empty(self._subject().datasets(tmp_path_factory)))

    def test_no_file_of_the_dataset_tells_where_or_when_it_was_written(
        self, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        judge(dataset_rules.anonymous(self._subject().datasets(tmp_path_factory)))

    # -- what is on trial ------------------------------------------------------------------------------

    def _subject(self) -> Subject:
        """The one subject of this very class; a subclass of a suite is a suite of its own."""
        cls = type(self)
        if cls not in _SUBJECTS:
            if not hasattr(cls, "writer"):
                pytest.fail(f"{cls.__name__} has no writer; set writer = YourWriter in its body.", pytrace=False)
            _SUBJECTS[cls] = Subject(cls.writer, cls.options)
        return _SUBJECTS[cls]


_SUBJECTS: WeakKeyDictionary[type[WriterContract], Subject] = WeakKeyDictionary()


def judge(complaints: Iterable[str]) -> None:
    """Fail with every complaint, without a traceback through the suite: the sentences tell what to do."""
    found = list(dict.fromkeys(complaints))
    if found:
        shown = [f"- {text}" for text in found[:_SHOWN]]
        if len(found) > _SHOWN:
            shown.append(f"- and {len(found) - _SHOWN} more")
        pytest.fail("\n".join(["the writer breaks its contract:", *shown]), pytrace=False)
