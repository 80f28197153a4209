"""What is wrong with the outcomes that a writer gives. Every rule yields sentences for its author."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from exportkit.errors import RecordFault
from exportkit.records import KINDS, Record
from exportkit.testing.sample_annotations import box_over_the_edge, broken, well_formed
from exportkit.testing.sample_records import Sample
from exportkit.testing.trial import Invalid, Trial, plan_of
from exportkit.writing import Encoded, Outcome, Placement, Writer
from exportkit.writing.codes import CODES

__all__ = ["broken_geometry", "foreign_classes", "kinds_table", "outcomes", "over_the_edge", "raised"]

#: The letter that codes of each status begin with; all may carry notices besides.
_LETTER = {"written": "N", "lossy": "L", "skipped": "S", "failed": "E"}
_MEANING = {"L": "lossy", "S": "skipped", "E": "failed", "N": "notice"}
_JSON_PATH = re.compile(r"(?:\.[^.\[\]]+|\[\d+\])*")
_LONGEST_MESSAGE = 600
_QUOTE = "show values of the input with exportkit.records.quoted(value), which escapes and cuts them"


def raised(trial: Trial, samples: Sequence[Sample]) -> Iterator[str]:
    """Whatever a record holds, encode answers; only a RecordFault may come out of it."""
    writer = trial.made()
    for title, record, placement in trial.placed(samples):
        try:
            encoded: Any = writer.encode(record, placement)
        except RecordFault as fault:
            yield from (f"{title}: {text}" for text in _record_fault(trial, fault))
        except Exception as error:  # noqa: BLE001 - a writer's defect is what is being looked for
            yield (
                f"{title}: encode raised {type(error).__name__}: {error}. Catch what the canvas raises and return "
                "failed(code, message) or skipped(code); raise RecordFault where the whole record has to go."
            )
        else:
            if not isinstance(encoded, Encoded):
                yield f"{title}: encode returned {type(encoded).__name__}; return Encoded(outcomes, …)."


def _record_fault(trial: Trial, fault: RecordFault) -> Iterator[str]:
    if fault.code[:2] != "E_" or not _is_known(fault.code, "record", trial.writer):
        yield f"the RecordFault carries {fault.code!r}; {_advice('E', trial.writer)}"
    if not fault.message:
        yield f"the RecordFault {fault.code} has no message; say what is wrong and how to mend it."


def outcomes(trial: Trial, samples: Sequence[Sample]) -> Iterator[str]:
    """Each annotation has exactly one outcome, whose codes are known and go with its status."""
    writer = trial.made()
    for title, record, placement in trial.placed(samples):
        encoded = _answer(writer, record, placement)
        if encoded is None:
            continue
        if len(encoded.outcomes) != len(record.annotations):
            yield (
                f"{title}: {len(record.annotations)} annotations and {len(encoded.outcomes)} outcomes; return exactly "
                "one for each annotation, in order: written(), lossy(), skipped() or failed()."
            )
            continue
        for annotation, outcome in zip(record.annotations, encoded.outcomes, strict=True):
            for text in _outcome(trial.writer, outcome):
                yield f"{title}: the outcome of the {annotation.kind} {text}"
        yield from (f"{title}: {text}" for text in _notices(trial.writer, encoded.notices, "record"))
    yield from _notices(trial.writer, list(writer.notices()), "run")


def _outcome(writer: type[Writer], outcome: Any) -> Iterator[str]:
    if not isinstance(outcome, Outcome) or outcome.status not in _LETTER:
        yield f"is {outcome!r}; return written(), lossy(), skipped() or failed()."
        return
    letter = _LETTER[outcome.status]
    allowed = {letter, "N"}
    for code in outcome.codes:
        if code[:1] not in allowed or code[1:2] != "_":
            yield f"is {outcome.status} with the code {code!r}; {outcome.status} goes with {_letters(allowed)} only."
        elif not _is_known(code, "annotation", writer):
            yield f"carries {code!r}; {_advice(code[0], writer)}"
    if outcome.status != "written" and not any(code.startswith(f"{letter}_") for code in outcome.codes):
        yield f"is {outcome.status} without a code; give the {letter}_ code that says why."
    if outcome.status == "failed" and not outcome.message:
        yield f"is failed ({', '.join(outcome.codes)}) without a message; say what is wrong and how to mend it."
    yield from _message(outcome.message)
    if not _JSON_PATH.fullmatch(outcome.json_path):
        yield f"has the JSON path {outcome.json_path!r}; it goes on from the annotation, like '.segmentation[0]'."


def _message(message: str) -> Iterator[str]:
    if not message.isprintable():
        yield f"has the message {message!r}; {_QUOTE}."
    elif len(message) > _LONGEST_MESSAGE:
        yield f"has a message of {len(message)} characters; {_QUOTE}."


def _notices(writer: type[Writer], notices: Sequence[Any], scope: str) -> Iterator[str]:
    for notice in notices:
        if not isinstance(notice, tuple) or len(notice) != 2 or not all(isinstance(part, str) for part in notice):
            yield f"the notice {notice!r} is no pair (code, message)."
        elif notice[0][:2] != "N_" or not _is_known(notice[0], scope, writer):
            yield f"the notice of the {scope} carries {notice[0]!r}; {_advice('N', writer)}"
        else:
            yield from (f"the notice {notice[0]} {text}" for text in _message(notice[1]))


def kinds_table(trial: Trial, *, default_options: bool) -> Iterator[str]:
    """``kinds`` is well-formed, and says what encode does to a plain annotation of each kind.

    With other than the default options a kind may be written in another way, or skipped.
    """
    table = trial.writer.kinds
    for kind, said in table.items():
        if kind not in KINDS:
            yield f"kinds names {kind!r}, which is no kind of annotation; the kinds are {', '.join(KINDS)}."
        elif said != "written" and not (said[0] in "LNS" and _is_known(said, "annotation", trial.writer)):
            yield f"kinds says {said!r} of {kind}; say 'written' or the L_, N_ or S_ code that a plain {kind} gets."
    for kind in KINDS:
        outcome = _plain(trial, kind)
        said = table.get(kind, "S_KIND_UNSUPPORTED")
        if outcome is not None and not _agrees(said, outcome, default_options=default_options):
            stands = f"kinds says {said!r} of {kind}" if kind in table else f"kinds does not name {kind} ({said})"
            yield (f"{stands}, and a plain one is {_shown(outcome)}; let table and encode say the same.")


def _agrees(said: str, outcome: Outcome, *, default_options: bool) -> bool:
    if said[0] == "S":
        return outcome.status == "skipped" and said in outcome.codes
    if not default_options:
        return outcome.status != "failed"
    if said == "written":
        return outcome.status == "written"
    return outcome.status == ("lossy" if said[0] == "L" else "written") and said in outcome.codes


def broken_geometry(trial: Trial) -> Iterator[str]:
    """An annotation that cannot be read fails with the code that says why, where a whole one is written."""
    for case in broken():
        plain = _plain(trial, case.annotation.kind)
        if plain is None or plain.status not in {"written", "lossy"}:
            continue
        outcome = _alone(trial, case.title, case.annotation)
        if outcome is not None and (outcome.status != "failed" or case.code not in outcome.codes):
            yield (
                f"a {case.title} is {_shown(outcome)} and has to be failed {case.code}; ask the Canvas for the "
                "geometry and return failed(fault.code, fault.message, fault.json_path) for its faults."
            )


def over_the_edge(trial: Trial) -> Iterator[str]:
    """What lies partly outside follows ``plan.invalid``, which is the user's choice."""
    if (plain := _plain(trial, "box")) is None or plain.status not in {"written", "lossy"}:
        return
    expected: dict[Invalid, tuple[str, str]] = {
        "clip": ("lossy", "L_CLIPPED"),
        "drop": ("skipped", "S_INVALID_DROPPED"),
        "fail": ("failed", "E_OUT_OF_BOUNDS"),
    }
    for invalid, (status, code) in expected.items():
        outcome = _alone(trial, "a box over the edge", box_over_the_edge(), invalid)
        if outcome is not None and (outcome.status != status or code not in outcome.codes):
            yield (
                f"with --invalid {invalid} a box over the edge is {_shown(outcome)} and has to be {status} {code}; "
                "make the Canvas with self.plan.invalid and keep the codes that it returns."
            )


def foreign_classes(trial: Trial, samples: Sequence[Sample]) -> Iterator[str]:
    """A class that ``class_fault`` refuses never reaches the dataset."""
    writer = trial.made()
    for title, record, placement in trial.placed(samples):
        encoded = _answer(writer, record, placement)
        if encoded is None or len(encoded.outcomes) != len(record.annotations):
            continue
        for annotation, outcome in zip(record.annotations, encoded.outcomes, strict=True):
            reason = trial.writer.class_fault(annotation.label, trial.options) if annotation.label else None
            if reason is not None and outcome.status in {"written", "lossy"}:
                yield (
                    f"{title}: class_fault refuses {annotation.label!a} ({reason}), and its {annotation.kind} is "
                    f"{outcome.status}; fail what carries an AnnotationFault as its geometry."
                )


def _plain(trial: Trial, kind: str) -> Outcome | None:
    return _alone(trial, f"a plain {kind}", well_formed(kind))


def _alone(trial: Trial, title: str, annotation: Any, invalid: Invalid = "clip") -> Outcome | None:
    """The outcome of one annotation that is alone in its dataset; None where other tests say what is wrong."""
    sample = Sample(title, Record(1, (annotation,), name="1.png", width=64, height=48))
    own = Trial(trial.writer, trial.options, plan_of([sample], invalid))
    writer = own.made()
    for _, record, placement in own.placed([sample]):
        encoded = _answer(writer, record, placement)
        if encoded is not None and len(encoded.outcomes) == 1 and isinstance(encoded.outcomes[0], Outcome):
            return encoded.outcomes[0]
    return None


def _answer(writer: Writer, record: Record, placement: Placement) -> Encoded | None:
    try:
        encoded: Any = writer.encode(record, placement)
    except Exception:  # noqa: BLE001 - the rule about what is raised tells it
        return None
    return encoded if isinstance(encoded, Encoded) else None


def _is_known(code: str, scope: str, writer: type[Writer]) -> bool:
    known = CODES.get(code)
    return scope in known.scope if known is not None else code.startswith(f"{code[:1]}_{_word(writer)}_")


def _shown(outcome: Outcome) -> str:
    return " ".join((outcome.status, *outcome.codes))


def _word(writer: type[Writer]) -> str:
    return writer.name.upper().replace("-", "_")


def _advice(letter: str, writer: type[Writer]) -> str:
    return (
        f"use a code of exportkit for this ({_MEANING.get(letter, 'outcome')}), "
        f"or one with your writer's name: {letter}_{_word(writer)}_…"
    )


def _letters(letters: set[str]) -> str:
    return " and ".join(f"{letter}_ codes" for letter in sorted(letters))
