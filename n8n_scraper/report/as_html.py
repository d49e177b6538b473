"""A report as one HTML file that needs no network and no script. Pure."""

from __future__ import annotations

from html import escape
from textwrap import dedent

from n8n_scraper.report import charts
from n8n_scraper.report.document import (
    Bars,
    Block,
    Column,
    Document,
    Figure,
    Figures,
    Line,
    Section,
    Stacks,
    Table,
    Text,
    Tone,
    Value,
)
from n8n_scraper.report.wording import shown

MARKS: dict[Tone, str] = {"good": "✓", "warn": "!", "bad": "✗"}
"""So that no meaning is in a colour alone."""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"

STYLE = dedent("""\
    :root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --text: #1b2430; --soft: #5c6878; --rule: #dfe4ea;
      --plain: #3b73c8; --good: #2a8a6a; --warn: #c77d0a; --bad: #c43c35; --quiet: #aab4c0; }
    @media (prefers-color-scheme: dark) { :root { --page: #12161c; --card: #1a2029; --text: #e4e9f0; --soft: #97a3b3;
      --rule: #2c3542; --plain: #6ea1ee; --good: #4fbf98; --warn: #e5a640; --bad: #ef736b; --quiet: #566273; } }
    * { box-sizing: border-box; }
    body { margin: 0; padding: 1.5rem clamp(.75rem, 4vw, 2.5rem) 4rem; background: var(--page); color: var(--text);
      font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; overflow-wrap: anywhere; }
    main { max-width: 68rem; margin: 0 auto; }
    h1 { font-size: 1.6rem; line-height: 1.2; margin: .5rem 0 1rem; }
    h2 { font-size: 1.15rem; margin: 0 0 1rem; }
    section, .verdict { background: var(--card); border: 1px solid var(--rule); border-radius: 10px;
      padding: 1.1rem 1.25rem; margin: 0 0 1rem; }
    .verdict { border-left: 6px solid var(--tone); font-size: 1.05rem; font-weight: 600; }
    nav { display: flex; flex-wrap: wrap; gap: .35rem 1rem; margin: 0 0 1rem; font-size: .9rem; }
    a { color: var(--plain); text-decoration: none; } a:hover { text-decoration: underline; }
    .good { --tone: var(--good); } .warn { --tone: var(--warn); } .bad { --tone: var(--bad); }
    .plain { --tone: var(--plain); } .quiet { --tone: var(--quiet); }
    dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: 1rem; margin: 0 0 1.25rem; }
    dl:last-child, figure:last-child, .table:last-child { margin-bottom: 0; }
    dt { color: var(--soft); font-size: .82rem; }
    dd { margin: 0; font-size: 1.3rem; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums; }
    dd.good, dd.warn, dd.bad { color: var(--tone); }
    dd small { display: block; color: var(--soft); font-size: .78rem; font-weight: 400; }
    .none { color: var(--soft); font-weight: 400; font-style: italic; }
    .table { overflow-x: auto; margin: 0 0 1.25rem; }
    table { border-collapse: collapse; width: 100%; font-size: .9rem; }
    caption { text-align: left; color: var(--soft); padding-bottom: .4rem; }
    th, td { text-align: left; vertical-align: top; padding: .35rem .9rem .35rem 0; border-top: 1px solid var(--rule); }
    th { color: var(--soft); font-weight: 500; border-top: 0; white-space: nowrap; }
    td { min-width: 4.5rem; overflow-wrap: break-word; }
    td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; min-width: 0; }
    td.ids { font-variant-numeric: tabular-nums; min-width: 11rem; }
    td:first-child, td.w { white-space: nowrap; }
    td b { color: var(--tone); display: inline-block; width: 1.2em; }
    figure { margin: 0 0 1.5rem; }
    figcaption, figure p { color: var(--soft); font-size: .9rem; margin: 0 0 .5rem; }
    figure p { font-size: .78rem; margin-bottom: .9rem; }
    .rows { display: grid; grid-template-columns: minmax(5.5rem, max-content) 1fr max-content; gap: .4rem .8rem;
      align-items: center; font-size: .9rem; }
    .rows svg { width: 100%; height: 14px; display: block; background: var(--page); border-radius: 3px; }
    .rows b { text-align: right; font-weight: 500; font-variant-numeric: tabular-nums; }
    .rows b.warn, .rows b.bad { color: var(--tone); }
    .legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; list-style: none; margin: 0 0 .6rem; padding: 0;
      font-size: .85rem; }
    .legend i, p.limit i { display: inline-block; width: .8em; height: .8em; margin-right: .4em; border-radius: 2px;
      background: var(--tone); }
    p.limit i { height: 0; width: 1.6em; border-top: 2px dashed var(--warn); border-radius: 0; margin-bottom: .3em;
      background: none; }
    rect { fill: var(--tone); }
    .plot { display: grid; grid-template-columns: max-content 1fr; gap: .3rem .6rem; font-size: .78rem;
      color: var(--soft); font-variant-numeric: tabular-nums; }
    .plot svg { width: 100%; height: 11rem; display: block; overflow: visible; }
    .scale { display: flex; flex-direction: column; justify-content: space-between; text-align: right;
      margin: -.6rem 0; }
    .axis { grid-column: 2; display: flex; justify-content: space-between; }
    .axis.even span { flex: 1; text-align: center; min-width: 0; }
    path { fill: none; vector-effect: non-scaling-stroke; }
    .grid { stroke: var(--rule); stroke-width: 1; } .line { stroke: var(--plain); stroke-width: 2; }
    .area { fill: var(--plain); opacity: .13; } path.limit { stroke: var(--warn); stroke-width: 2;
      stroke-dasharray: 6 5; }
    @media (max-width: 34rem) { body { padding: .75rem .6rem 3rem; } section, .verdict { padding: .9rem; }
      dl { grid-template-columns: 1fr 1fr; } .axis.even { font-size: .62rem; } }
    @media print { body { background: none; padding: 0; } section { break-inside: avoid; } nav { display: none; } }
""")


def render(document: Document) -> str:
    nav = "".join(f'<a href="#{section.key}">{escape(section.title)}</a>' for section in document.sections)
    mark = MARKS.get(document.tone, "")
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(document.title)}</title>\n<style>\n{STYLE}</style>\n</head>\n<body><main>\n"
        f'<h1>{escape(document.title)}</h1>\n<p class="verdict {document.tone}">{mark} {escape(document.verdict)}</p>\n'
        f"<nav>{nav}</nav>\n{''.join(map(_section, document.sections))}</main></body>\n</html>\n"
    )


def _section(section: Section) -> str:
    inside = "\n".join(map(_block, section.blocks))
    return f'<section id="{section.key}">\n<h2>{escape(section.title)}</h2>\n{inside}\n</section>\n'


def _block(block: Block) -> str:
    if isinstance(block, Bars | Stacks | Line):
        return charts.chart(block)
    if isinstance(block, Figures):
        return f"<dl>{''.join(map(_figure, block.figures))}</dl>"
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Text):
        return f"<ul>{''.join(f'<li>{escape(shown(text))}</li>' for text in block.paragraphs)}</ul>"
    return f'<p class="none">{escape(block.what)}: no data. {escape(block.why)}</p>'


def _figure(figure: Figure) -> str:
    style = "none" if figure.value is None else figure.tone
    note = f"<small>{escape(figure.note)}</small>" if figure.note else ""
    value = escape(shown(figure.value, figure.unit))
    return f'<div><dt>{escape(figure.label)}</dt><dd class="{style}">{value}{note}</dd></div>'


def _table(table: Table) -> str:
    if not table.rows:
        return f'<p class="none">{escape(table.caption)}: {escape(table.empty)}</p>'
    head = "".join(f"<th{_style(column)}>{escape(column.label)}</th>" for column in table.columns)
    plain: Tone = "plain"
    tones = table.tones or (plain,) * len(table.rows)
    rows = "".join(_row(row, table.columns, tone) for row, tone in zip(table.rows, tones, strict=True))
    return (
        f'<div class="table"><table><caption>{escape(table.caption)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(row: tuple[Value, ...], columns: tuple[Column, ...], tone: Tone) -> str:
    cells = [f"<td{_style(column)}>{_cell(value, column)}</td>" for value, column in zip(row, columns, strict=True)]
    if tone in MARKS:
        cells[0] = cells[0].replace(">", f'><b class="{tone}">{MARKS[tone]}</b>', 1)
    return f"<tr>{''.join(cells)}</tr>"


def _cell(value: Value, column: Column) -> str:
    return "" if value is None else escape(shown(value, column.unit))


def _style(column: Column) -> str:
    if column.unit == "ids":
        return ' class="ids"'
    if column.unit == "word":
        return ' class="w"'
    return "" if column.unit in {"text", "moment"} else ' class="n"'
