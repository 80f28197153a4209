"""Two kinds of plots as SVG text: bars in groups on a logarithmic axis, and points with a straight line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from math import ceil, floor, log10
from typing import Final, NamedTuple

__all__ = ["Bar", "Group", "bars", "points"]

_INK, _PALE, _OURS, _OTHERS = "#1f2328", "#d0d7de", "#0969da", "#8c959f"
_WIDTH: Final = 760
_LEFT, _RIGHT, _TOP, _BOTTOM = 190, 70, 40, 44
_ROW, _GAP = 17, 12


class Bar(NamedTuple):
    """One value, which is positive; ``ours`` is drawn in colour."""

    label: str
    value: float
    ours: bool


class Group(NamedTuple):
    """Bars under one heading."""

    title: str
    bars: Sequence[Bar]


def bars(title: str, unit: str, groups: Sequence[Group]) -> str:
    """Horizontal bars; the axis is logarithmic, from a power of ten to a power of ten."""
    values = [bar.value for group in groups for bar in group.bars]
    low, high = floor(log10(min(values))), max(ceil(log10(max(values))), floor(log10(min(values))) + 1)
    rows = sum(len(group.bars) + 1 for group in groups)
    height = _TOP + _BOTTOM + rows * _ROW + len(groups) * _GAP
    span = _WIDTH - _LEFT - _RIGHT

    def across(value: float) -> float:
        return _LEFT + span * (log10(value) - low) / (high - low)

    def parts() -> Iterator[str]:
        for power in range(low, high + 1):
            x = across(10.0**power)
            yield _line(x, _TOP, x, height - _BOTTOM + 4, _PALE)
            yield _text(x, height - _BOTTOM + 18, f"{10.0**power:g}", "middle")
        yield _text(_LEFT + span / 2, height - 8, f"{unit} (logarithmic)", "middle")
        y = float(_TOP)
        for group in groups:
            yield _text(8, y + 12, group.title, bold=True)
            y += _ROW
            for bar in group.bars:
                end = across(bar.value)
                yield _text(_LEFT - 6, y + 12, bar.label, "end")
                width = max(end - _LEFT, 1)
                colour = _OURS if bar.ours else _OTHERS
                yield f'<rect x="{_LEFT}" y="{y + 2:.1f}" width="{width:.1f}" height="{_ROW - 4}" fill="{colour}"/>'
                yield _text(_LEFT + width + 4, y + 12, _short(bar.value))
                y += _ROW
            y += _GAP

    return _drawing(title, height, parts())


def points(
    title: str, x_unit: str, y_unit: str, places: Sequence[tuple[float, float]], line: tuple[float, float]
) -> str:
    """Points on linear axes from zero, and the line ``slope, start`` through them."""
    height = 420
    most_x, most_y = (1.08 * max(place[axis] for place in places) for axis in (0, 1))
    left, span = 80, _WIDTH - 80 - _RIGHT
    base, rise = height - _BOTTOM - 12, height - _BOTTOM - 12 - _TOP

    def at(x: float, y: float) -> tuple[float, float]:
        return left + span * x / most_x, base - rise * y / most_y

    def parts() -> Iterator[str]:
        for value in _steps(most_x):
            x, _ = at(value, 0)
            yield _line(x, _TOP, x, base + 4, _PALE)
            yield _text(x, base + 18, f"{value:,.0f}", "middle")
        for value in _steps(most_y):
            _, y = at(0, value)
            yield _line(left - 4, y, left + span, y, _PALE)
            yield _text(left - 8, y + 4, f"{value:,g}", "end")
        slope, start = line
        yield _line(*at(0, max(start, 0)), *at(most_x, start + slope * most_x), _OTHERS)
        for place in places:
            x, y = at(*place)
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{_OURS}"/>'
        yield _text(left + span / 2, height - 8, x_unit, "middle")
        yield _text(8, _TOP - 6, y_unit)

    return _drawing(title, height, parts())


def _steps(most: float) -> list[float]:
    """Five to twelve round values from zero on."""
    rough = most / 5
    power = 10.0 ** floor(log10(rough))
    step = max(factor * power for factor in (1, 2, 5) if factor * power <= rough)
    return [step * count for count in range(int(most / step) + 1)]


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _line(x0: float, y0: float, x1: float, y1: float, colour: str) -> str:
    return f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{colour}"/>'


def _text(x: float, y: float, text: str, anchor: str = "start", bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'


def _drawing(title: str, height: float, parts: Iterator[str]) -> str:
    # A page may be shown on a dark ground, so the drawing brings its own.
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" role="img" '
        f'font-family="sans-serif" font-size="12" fill="{_INK}">'
    )
    ground = f'<rect width="{_WIDTH}" height="{height:.0f}" fill="#ffffff"/>'
    named = f"<title>{escape(title)}</title>"
    heading = f'<text x="8" y="20" font-size="14" font-weight="600">{escape(title)}</text>'
    return "\n".join([head, named, ground, heading, *parts, "</svg>"]) + "\n"
