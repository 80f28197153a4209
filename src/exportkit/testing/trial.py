"""A writer on trial: its class, its options, and the plan that sample records make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from exportkit.conversion.planning import main_skeleton, skeletons_by_class
from exportkit.errors import AnnotationFault
from exportkit.normalize import survey_of
from exportkit.records import LABELLED_KINDS, Annotation, Record
from exportkit.testing.sample_records import Sample
from exportkit.writing import Encoded, Placement, Plan, SplitFacts, Writer, WriterOptions
from exportkit.writing.names import safe_name, split_stem

__all__ = ["Trial", "fingerprint", "plan_of"]

Invalid = Literal["clip", "drop", "fail"]


def plan_of(samples: Sequence[Sample], invalid: Invalid = "clip") -> Plan:
    """The plan that a conversion of these records makes."""
    records = [sample.record for sample in samples]
    labels = {a.label for r in records for a in r.annotations if a.kind in LABELLED_KINDS and a.label is not None}
    classes = tuple(sorted(labels))
    kinds = Counter(a.kind for r in records for a in r.annotations)
    counts = dict(sorted(kinds.items()))
    surveys = [survey_of(record) for record in records]
    skeletons = Counter(pair for survey in surveys for pair in survey.skeletons)
    return Plan(
        classes=classes,
        class_index={name: index for index, name in enumerate(classes)},
        splits=(SplitFacts("train", len(records), counts),),
        kinds=counts,
        media=dict(Counter(r.medium for r in records)),
        records=len(records),
        ids_usable=True,
        invalid=invalid,
        skeletons=skeletons_by_class(skeletons),
        skeleton=main_skeleton(skeletons),
        outlined=sum(survey.outlined for survey in surveys),
    )


class Trial:
    """Encodes sample records as a conversion does: planned names, running numbers, classes judged before."""

    def __init__(self, writer: type[Writer], options: WriterOptions, plan: Plan) -> None:
        self.writer = writer
        self.options = options
        self.plan = plan

    def made(self) -> Writer:
        """A new instance, as every worker makes its own."""
        return self.writer(self.options, self.plan)

    def placed(self, samples: Iterable[Sample]) -> Iterator[tuple[str, Record, Placement]]:
        """Title, record and placement of each sample that a conversion would hand to the writer."""
        rule = self.writer.naming(self.options)
        numberings = self.writer.numberings(self.options)
        needs_size = self.writer.needs_size(self.options)
        bases = [0] * len(numberings)
        for ordinal, sample in enumerate(samples):
            record = self._judged(sample.record)
            before = tuple(bases)
            for position, kinds in enumerate(numberings):
                bases[position] += sum(annotation.kind in kinds for annotation in record.annotations)
            if record.medium not in self.writer.accepts_media or (needs_size and not record.width):
                continue
            name = safe_name(record.name, rule, "png").name
            yield sample.title, record, Placement("train", name, split_stem(name)[0], ordinal, before, 100)

    def encoded(self, samples: Sequence[Sample], *, backwards: bool = False) -> dict[str, str]:
        """Fingerprint by title of what one new instance makes of each sample."""
        writer = self.made()
        placed = list(self.placed(samples))
        return {
            title: fingerprint(writer, record, placement)
            for title, record, placement in (reversed(placed) if backwards else placed)
        }

    def assembled(self) -> str:
        """What one new instance says about the files of the dataset, as text that can be compared."""
        writer = self.made()
        return repr((list(writer.files()), list(writer.folders()), list(writer.notices())))

    def _judged(self, record: Record) -> Record:
        """The record with every class that the format cannot hold made unreadable."""
        return msgspec.structs.replace(record, annotations=tuple(map(self._judged_annotation, record.annotations)))

    def _judged_annotation(self, annotation: Annotation) -> Annotation:
        if annotation.label is None or annotation.kind not in LABELLED_KINDS:
            return annotation
        reason = self.writer.class_fault(annotation.label, self.options)
        if reason is None:
            return annotation
        fault = AnnotationFault("E_CLASS_UNREPRESENTABLE", str(reason))
        return msgspec.structs.replace(annotation, box=fault, region=fault, geometry=fault)


def fingerprint(writer: Writer, record: Record, placement: Placement) -> str:
    """Everything that encoding one record gives, as text; what it raises counts too."""
    try:
        encoded = writer.encode(record, placement)
    except Exception as error:  # noqa: BLE001 - a writer's defect is what is being looked for
        return f"raises {type(error).__name__}: {error}"
    return _text_of(encoded)


def _text_of(encoded: Any) -> str:
    if not isinstance(encoded, Encoded):
        return repr(encoded)
    streams: Mapping[str, bytes] = encoded.streams
    outcomes = [
        (getattr(o, "status", o), getattr(o, "codes", ()), getattr(o, "message", ""), getattr(o, "json_path", ""))
        for o in encoded.outcomes
    ]
    return repr((outcomes, list(encoded.files), sorted(streams.items()), list(encoded.notices), encoded.objects))
