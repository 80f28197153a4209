"""Texts of ordinary boxes: nearly all annotations of most datasets, written by one template without a second look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol, TypeVar

from exportkit.native import core
from exportkit.records.annotation import Annotation
from exportkit.records.box import Box
from exportkit.records.numbers import EPS, Number

__all__ = ["BoxForm", "BoxTexts", "PlainBoxTexts", "box_texts"]

#: What the four numbers of a box are. ``fractions``: centre and sides as fractions of the picture, six decimals.
#: ``inclusive``: xmin, ymin, xmax, ymax as whole pixels from 1 with both ends inside, rounded half up (formats,
#: section 5.3). ``edges``: x and y as the source gave them, the far edges rounded to six decimals in their
#: shortest form.
BoxForm = Literal["fractions", "inclusive", "edges"]

OutcomeType = TypeVar("OutcomeType")

#: At or below this a fraction prints as 0.000000.
_PRINTS_AS_ZERO = 5e-7
#: Texts of smaller floats have an exponent.
_SHORT = 0.0001


class BoxTexts(Protocol):
    """Makes texts of annotations that are ordinary in every respect."""

    def of(
        self, annotations: tuple[Annotation, ...], width: int, height: int, /
    ) -> tuple[list[bytes | None], list[Any]]:
        """For each annotation on a picture of ``width`` × ``height`` pixels its text and its outcome.

        Both are None for an annotation that is not ordinary; its writer looks at it with care.
        """
        ...

    def whole(
        self, annotations: tuple[Annotation, ...], width: int, height: int, head: bytes, tail: bytes, distinct: bool, /
    ) -> tuple[bytes, list[Any]] | None:
        """Head, texts and tail in one, and the outcomes.

        None unless all annotations are ordinary and, if they must be ``distinct``, no two texts are equal.
        """
        ...

    def of_run(
        self,
        run: Any,
        start: int,
        stop: int,
        heads: list[bytes] | None,
        starts: list[bytes] | None,
        ends: bytes,
        tail: bytes,
        plain: set[Any],
        distinct: bool,
        crowds: dict[str, tuple[Any, Any]],
        crowd_heads: dict[str, bytes] | None,
        /,
    ) -> tuple[list[bytes], list[Any]]:
        """Texts of the leading records of a run, and the outcomes of all their annotations in one list.

        ``run`` are records that lie in the compiled core, of which those from ``start`` to ``stop`` are meant. The
        text of a record is as that of :meth:`whole`, with its entry of ``starts`` before and with ``ends`` behind the
        text of each annotation. A polygon without a box has the one around it. The first record that is not ordinary,
        or has an outcome that is not ``plain``, ends the run. Crowds have outcomes by kind, and texts with heads of
        their own by class, or none.
        """
        ...


def box_texts(
    form: BoxForm,
    heads: Mapping[str, bytes],
    separators: tuple[bytes, bytes, bytes, bytes, bytes],
    outcomes: Mapping[str, tuple[OutcomeType, OutcomeType]],
    attributes: Callable[[Mapping[str, Any]], bytes | None] | None = None,
) -> BoxTexts:
    """A maker of texts ``head n s n s n s n s attributes s`` with the head of the class and five separators ``s``.

    An annotation is ordinary if its kind has outcomes and its class a head; if it declares a box that lies wholly
    inside the picture, has sides of at least EPS and needs no care in this form; if it is no crowd and has no flag,
    score, group, track or frame; and if its attributes are a dict or none. ``outcomes`` are those of each kind
    without and with attributes. ``attributes`` gives the text of filled ones, or None where they need care;
    without it they are left out. It must be pure, since texts of equal attributes are remembered.
    """
    if core is None:
        return PlainBoxTexts(form, heads, separators, outcomes, attributes)
    made: BoxTexts = core.BoxTexts(
        annotation=Annotation,
        box=Box,
        form=form,
        heads=dict(heads),
        separators=separators,
        outcomes=dict(outcomes),
        attributes=attributes,
    )
    return made


class PlainBoxTexts:
    """The twin of the compiled maker."""

    def __init__(
        self,
        form: BoxForm,
        heads: Mapping[str, bytes],
        separators: tuple[bytes, bytes, bytes, bytes, bytes],
        outcomes: Mapping[str, tuple[Any, Any]],
        attributes: Callable[[Mapping[str, Any]], bytes | None] | None = None,
    ) -> None:
        places = (b"%.6f" if form == "fractions" else b"%d" if form == "inclusive" else b"%b",) * 4
        body = b"".join(place + s.replace(b"%", b"%%") for place, s in zip(places, separators[:4], strict=True))
        self._templates: dict[str | None, bytes] = {}
        for label, head in heads.items():
            self._templates[label] = head.replace(b"%", b"%%") + body
        self._end = separators[4]
        self._outcomes = outcomes
        self._attributes = attributes
        self._numbers = _NUMBERS[form]

    def of(
        self, annotations: tuple[Annotation, ...], width: int, height: int, /
    ) -> tuple[list[bytes | None], list[Any]]:
        texts: list[bytes | None] = []
        outcomes: list[Any] = []
        templates, kinds, end, numbers_of = self._templates, self._outcomes, self._end, self._numbers
        for annotation in annotations:
            pair = kinds.get(annotation.kind)
            template = templates.get(annotation.label)
            box, attributes = annotation.box, annotation.attributes
            text = outcome = None
            if (
                pair is not None
                and template is not None
                and type(box) is Box
                and (attributes is None or type(attributes) is dict)
                and not _has_flags(annotation)
            ):
                x, y, w, h = box.x, box.y, box.width, box.height
                if x >= 0 and y >= 0 and w >= EPS and h >= EPS and x + w <= width and y + h <= height:
                    numbers = numbers_of(x, y, w, h, width, height)
                    added = self._attributes(attributes) if attributes and self._attributes is not None else b""
                    if numbers is not None and added is not None:
                        text = template % numbers + added + end
                        outcome = pair[1] if attributes else pair[0]
            texts.append(text)
            outcomes.append(outcome)
        return texts, outcomes

    def whole(
        self, annotations: tuple[Annotation, ...], width: int, height: int, head: bytes, tail: bytes, distinct: bool, /
    ) -> tuple[bytes, list[Any]] | None:
        texts, outcomes = self.of(annotations, width, height)
        if None in texts or (distinct and len(set(texts)) != len(texts)):
            return None
        return b"".join((head, *texts, tail)), outcomes  # type: ignore[arg-type]  # none is None

    def of_run(self, run: Any, start: int, stop: int, /, *_: Any) -> tuple[list[bytes], list[Any]]:
        """No run lies in the compiled core where the twin is at work, so no record of one is ordinary."""
        return [], []


def _has_flags(annotation: Annotation) -> bool:
    return not (
        annotation.score is None
        and annotation.group_id is None
        and annotation.track_id is None
        and annotation.frame is None
        and not annotation.iscrowd
        and not annotation.difficult
        and not annotation.truncated
        and not annotation.occluded
    )


def _fractions(
    x: Number, y: Number, w: Number, h: Number, width: int, height: int
) -> tuple[float, float, float, float] | None:
    across, down = w / width, h / height
    if across > _PRINTS_AS_ZERO and down > _PRINTS_AS_ZERO:
        return (x + w / 2) / width, (y + h / 2) / height, across, down
    return None


def _inclusive(
    x: Number, y: Number, w: Number, h: Number, _width: int, _height: int
) -> tuple[int, int, int, int] | None:
    xmin, ymin, xmax, ymax = int(x + 0.5) + 1, int(y + 0.5) + 1, int(x + w + 0.5), int(y + h + 0.5)
    return (xmin, ymin, xmax, ymax) if xmin <= xmax and ymin <= ymax else None


def _edges(
    x: Number, y: Number, w: Number, h: Number, _width: int, _height: int
) -> tuple[bytes, bytes, bytes, bytes] | None:
    if 0 < x < _SHORT or 0 < y < _SHORT:
        return None
    # A sum of at least EPS: six decimals without the last zeros are its rounded value in its shortest form.
    right = (b"%.6f" % (x + w)).rstrip(b"0").rstrip(b".")
    bottom = (b"%.6f" % (y + h)).rstrip(b"0").rstrip(b".")
    return repr(x).encode(), repr(y).encode(), right, bottom


_NUMBERS: dict[str, Callable[[Number, Number, Number, Number, int, int], tuple[Any, ...] | None]] = {
    "fractions": _fractions,
    "inclusive": _inclusive,
    "edges": _edges,
}
