"""Sections → one self-contained piece of HTML.

Styles are inline and every colour is either the page's own or half transparent, so it reads on light and
on dark pages, and survives hosts that drop style sheets. Everything that comes from a text, a label or a
name goes through ``escape``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from gliner2_lite.display.marks import Mark, find_marks
from gliner2_lite.display.plain import percent
from gliner2_lite.display.sections import Classes, Entities, Found, Nothing, Records, Relations, Section

# Hues that stay apart from each other for most colour-blind readers in this order; red, green, blue.
PALETTE = (
    "59,130,246", "245,158,11", "16,185,129", "236,72,153", "139,92,246",
    "20,184,166", "239,68,68", "132,204,22", "14,165,233", "217,70,239",
)  # fmt: skip
NEUTRAL = "128,128,128"
RULE = f"1px solid rgba({NEUTRAL},.28)"
FONT = "font:14px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',sans-serif"


def render_html(text: str, sections: Sequence[Section]) -> str:
    """The text with its highlights, then a block for each section. Raises InputError as ``find_marks``."""
    marks = find_marks(text, sections)
    colours = _colours(sections, marks)
    blocks = [
        f'<div style="white-space:pre-wrap;overflow-wrap:anywhere;font-size:16px;line-height:2.1">'
        f"{_marked(text, 0, len(text), marks, colours)}</div>",
        *(_section(section, colours) for section in sections),
    ]
    return f'<div style="{FONT};color:inherit;max-width:62em">{"".join(blocks)}</div>'


def _colours(sections: Sequence[Section], marks: Sequence[Mark]) -> dict[str, str]:
    """A colour for each name, in the order in which the schema has them."""
    names: dict[str, None] = {}
    for section in sections:
        if isinstance(section, Entities):
            names.update(dict.fromkeys(name for name, _ in section.types))
        elif isinstance(section, Records):
            fields = dict.fromkeys(name for record in section.records for name, _ in record)
            names.update(dict.fromkeys(f"{section.name}.{name}" for name in fields))
        elif isinstance(section, Classes):
            names.setdefault(f"{section.task}:")
        elif isinstance(section, Relations):
            names.update(dict.fromkeys(f"{name}→" for name, _ in section.types))
    pending = list(marks)
    while pending:
        mark = pending.pop(0)
        names.update(dict.fromkeys(label for label, _ in mark.labels))
        pending.extend(mark.inner)
    return {name: PALETTE[index % len(PALETTE)] for index, name in enumerate(names)}


def _marked(text: str, start: int, end: int, marks: Sequence[Mark], colours: dict[str, str]) -> str:
    parts, position = [], start
    for mark in marks:
        colour = colours[mark.labels[0][0]]
        tags = "".join(_tag(label, colours[label]) for label, _ in mark.labels)
        title = "; ".join(filter(None, (_title(label, item) for label, item in mark.labels)))
        parts += [
            escape(text[position : mark.start]),
            f'<mark title="{escape(title)}" style="color:inherit;background:rgba({colour},.2);'
            f"border-bottom:2px solid rgba({colour},.9);border-radius:4px;padding:2px 4px;"
            f'box-decoration-break:clone;-webkit-box-decoration-break:clone">'
            f"{_marked(text, mark.start, mark.end, mark.inner, colours)}{tags}</mark>",
        ]
        position = mark.end
    return "".join([*parts, escape(text[position:end])])


def _tag(label: str, colour: str) -> str:
    return (
        f'<span style="margin-left:6px;padding:1px 6px;border-radius:4px;background:rgba({colour},.28);'
        f'font-size:11px;font-weight:600;white-space:nowrap;user-select:none">{escape(label)}</span>'
    )


def _title(label: str, item: Found) -> str:
    facts = [f"{name}: {labels}" for name, labels in item.attributes]
    if item.confidence is not None:
        facts.append(percent(item.confidence))
    return f"{label}, {', '.join(facts)}" if facts else label


def _section(section: Section, colours: dict[str, str]) -> str:
    if isinstance(section, Nothing):
        return _block(section.task, _muted("nothing found"))
    if isinstance(section, Entities):
        rows = [
            (_name(name, colours[name]), "".join(_chip(item, colours[name]) for item in items) or _muted("–"))
            for name, items in section.types
        ]
        return _block("entities", _table(rows) if rows else _muted("nothing found"))
    if isinstance(section, Classes):
        colour = colours[f"{section.task}:"]
        rows = [(_class_name(score.label, score.chosen), _bar(score.confidence, colour, score.chosen))
                for score in section.scores]  # fmt: skip
        return _block(section.task, _table(rows) if rows else _muted("nothing found"))
    if isinstance(section, Records):
        return _block(section.name, _records(section, colours))
    rows = []
    for name, pairs in section.types:
        colour = colours[f"{name}→"]
        arrow = f' <span style="color:rgba({colour},1);padding:0 4px">⟶</span> '
        lines = [f"<div>{_chip(head, colour)}{arrow}{_chip(tail, colour)}</div>" for head, tail in pairs]
        rows.append((_name(name, colour), "".join(lines) or _muted("–")))
    return _block("relations", _table(rows) if rows else _muted("nothing found"))


def _records(section: Records, colours: dict[str, str]) -> str:
    """One row per record, one column per field."""
    fields = list(dict.fromkeys(name for record in section.records for name, _ in record))
    cell = f"padding:6px 16px 6px 0;border:0;border-bottom:{RULE};text-align:left;vertical-align:top"
    head = "".join(
        f'<th style="{cell};font-weight:400">{_name(name, colours[f"{section.name}.{name}"])}</th>'
        for name in fields
    )
    body = []
    for record in section.records:
        values = dict(record)
        cells = [
            "".join(_chip(item, colours[f"{section.name}.{name}"]) for item in values.get(name, ()))
            for name in fields
        ]
        body.append(
            '<tr style="border:0">'
            + "".join(f'<td style="{cell}">{value or _muted("–")}</td>' for value in cells)
            + "</tr>"
        )
    return (
        '<div style="overflow-x:auto"><table style="font:inherit;color:inherit;'
        'border-collapse:collapse;border:0;margin:0;width:auto">'
        f'<thead><tr style="border:0">{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'
    )


def _block(title: str, body: str) -> str:
    return (
        f'<div style="margin-top:14px;padding-top:10px;border-top:{RULE}">'
        f'<div style="font-weight:600;margin-bottom:6px">{escape(title)}</div>{body}</div>'
    )


def _table(rows: Iterable[tuple[str, str]]) -> str:
    """Name and value side by side; a grid, because notebooks restyle tables."""
    cells = "".join(f"<div>{name}</div><div>{value}</div>" for name, value in rows)
    return (
        '<div style="display:grid;grid-template-columns:minmax(7em,max-content) 1fr;gap:6px 18px;'
        f'align-items:baseline">{cells}</div>'
    )


def _name(name: str, colour: str) -> str:
    dot = (
        f'<span style="display:inline-block;width:9px;height:9px;border-radius:50%;margin-right:7px;'
        f'background:rgba({colour},1)"></span>'
    )
    return f"{dot}{escape(name)}"


def _chip(item: Found, colour: str) -> str:
    notes = [f"{name}: {labels}" for name, labels in item.attributes]
    if item.confidence is not None:
        notes.append(percent(item.confidence))
    note = f' <span style="opacity:.65;font-size:12px">{escape(", ".join(notes))}</span>' if notes else ""
    return (
        f'<span style="display:inline-block;margin:0 6px 3px 0;padding:1px 8px;border-radius:6px;'
        f'background:rgba({colour},.16);overflow-wrap:anywhere">{escape(item.text)}{note}</span>'
    )


def _class_name(label: str, chosen: bool) -> str:
    weight, tick = (600, "✓") if chosen else (400, "&ensp;")
    return f'<span style="font-weight:{weight}">{tick} {escape(label)}</span>'


def _bar(confidence: float | None, colour: str, chosen: bool) -> str:
    if confidence is None:
        return ""
    fill = f"rgba({colour},{'.9' if chosen else '.35'})"
    return (
        '<span style="display:flex;align-items:center;gap:10px">'
        f'<span style="flex:0 1 20em;height:9px;border-radius:5px;background:rgba({NEUTRAL},.18)">'
        f'<span style="display:block;height:9px;border-radius:5px;width:{confidence:.1%};background:{fill}">'
        f'</span></span><span style="opacity:.75;min-width:4em">{percent(confidence)}</span></span>'
    )


def _muted(text: str) -> str:
    return f'<span style="opacity:.6">{escape(text)}</span>'
