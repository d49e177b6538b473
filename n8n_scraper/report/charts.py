"""Charts as inline SVG, stretched to the width there is; their words are HTML beside them, so that they never shrink.
Pure.
"""

from __future__ import annotations

from html import escape
from math import ceil, floor, log10

from n8n_scraper.report.document import Bars, Line, Part, Stacks, Tone, Unit
from n8n_scraper.report.wording import duration, shown

_WIDTH, _HEIGHT = 1000, 200
"""Of a plot in its own units."""


def chart(block: Bars | Stacks | Line) -> str:
    if isinstance(block, Line):
        return _line(block)
    if isinstance(block, Stacks):
        return _stacks(block)
    return (_upright if block.upright else _lying)(block)


def _stacks(chart: Stacks) -> str:
    """Rows of bars with a legend that names every part that occurs, in the order it first does."""
    tones: dict[str, Tone] = {part.label: part.tone for _, parts in chart.rows for part in parts if part.value}
    legend = "".join(f'<li><i class="{tone}"></i>{escape(label)}</li>' for label, tone in tones.items())
    return _figure(chart.caption, f'<ul class="legend">{legend}</ul><div class="rows">{_stack_rows(chart)}</div>')


def _line(chart: Line) -> str:
    """A value over time, with its limit where there is one."""
    end = max((at for at, _ in chart.points), default=0) or 1
    top = _round_up(max([value for _, value in chart.points] + [chart.limit or 0]))
    places = [(_WIDTH * at / end, _HEIGHT - _HEIGHT * value / top) for at, value in chart.points]
    path = " L".join(f"{x:.1f} {y:.1f}" for x, y in [(0.0, places[0][1]), *places]) if places else ""
    shape = (
        f'<path class="area" d="M0 {_HEIGHT} L{path} L{_WIDTH} {_HEIGHT}Z"/>'
        f'<path class="line" d="M{path}"/>{_limit(chart, top)}'
    )
    bottom = f"<span>0</span><span>{duration(end / 2)}</span><span>{duration(end)}</span>"
    note = f'<p class="limit"><i></i>{escape(chart.limit_label)}</p>' if chart.limit else ""
    return _figure(chart.caption, f"{note}{_plot(shape, top, bottom)}")


def _limit(chart: Line, top: float) -> str:
    if not chart.limit:
        return ""
    y = _HEIGHT - _HEIGHT * chart.limit / top
    return f'<path class="limit" d="M0 {y:.1f} H{_WIDTH}"/>'


def _upright(chart: Bars) -> str:
    top = _round_up(max((part.value for part in chart.parts), default=0))
    step = _WIDTH / max(1, len(chart.parts))
    shapes = "".join(_column(part, index * step, step, top, chart.unit) for index, part in enumerate(chart.parts))
    labels = "".join(f"<span>{escape(part.label)}</span>" for part in chart.parts)
    return _figure(chart.caption, _plot(shapes, top, labels, evenly=True))


def _column(part: Part, x: float, step: float, top: float, unit: Unit) -> str:
    height = _HEIGHT * part.value / top
    return (
        f'<rect class="{part.tone}" x="{x + step * 0.08:.1f}" y="{_HEIGHT - height:.1f}" width="{step * 0.84:.1f}"'
        f' height="{height:.1f}"><title>{escape(part.label)}: {escape(shown(part.value, unit))}</title></rect>'
    )


def _lying(chart: Bars) -> str:
    longest = chart.of or max((part.value for part in chart.parts), default=0) or 1
    rows = "".join(
        f"<span>{escape(part.label)}</span>{_strip([(part, part.value / longest)], chart.unit)}"
        f'<b class="{part.tone}">{escape(shown(part.value, chart.unit))}</b>'
        for part in chart.parts
    )
    return _figure(chart.caption, f'<div class="rows">{rows}</div>')


def _stack_rows(chart: Stacks) -> str:
    rows = ""
    for label, parts in chart.rows:
        whole = sum(part.value for part in parts) or 1
        rows += f"<span>{escape(label)}</span>{_strip([(part, part.value / whole) for part in parts], 'count')}"
        rows += f"<b>{whole:,.0f}</b>"
    return rows


def _strip(parts: list[tuple[Part, float]], unit: Unit) -> str:
    """One bar; a part that is there is seen, however small."""
    shapes, x = "", 0.0
    for part, share in parts:
        width = max(4.0, _WIDTH * min(share, 1.0)) if part.value else 0.0
        title = f"{escape(part.label)}: {escape(shown(part.value, unit))}"
        shapes += (
            f'<rect class="{part.tone}" x="{x:.1f}" y="0" width="{width:.1f}" height="10"><title>{title}</title></rect>'
        )
        x += width
    return f'<svg viewBox="0 0 {max(_WIDTH, x):.0f} 10" preserveAspectRatio="none" role="img">{shapes}</svg>'


def _plot(shapes: str, top: float, bottom: str, *, evenly: bool = False) -> str:
    grid = "".join(f'<path class="grid" d="M0 {_HEIGHT * share:g} H{_WIDTH}"/>' for share in (0, 0.5, 1))
    scale = f"<span>{top:,.4g}</span><span>{top / 2:,.4g}</span><span>0</span>"
    return (
        f'<div class="plot"><div class="scale">{scale}</div>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img">{grid}{shapes}</svg>'
        f'<div class="axis{" even" if evenly else ""}">{bottom}</div></div>'
    )


def _figure(caption: str, inside: str) -> str:
    return f"<figure><figcaption>{escape(caption)}</figcaption>{inside}</figure>"


def _round_up(value: float) -> float:
    """The next number that makes a good end of a scale."""
    if value <= 0:
        return 1.0
    step = 10.0 ** floor(log10(value))
    return float(next(nice * step for nice in (1, 2, 3, 4, 5, 6, 8, 10) if ceil(value / step * 1e6) <= nice * 1e6))
