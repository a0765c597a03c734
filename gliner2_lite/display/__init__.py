"""Results for the eye: highlighted spans, class bars, record tables and relation arrows.

    from gliner2_lite.display import show
    show(text, model.extract(text, schema, include_confidence=True, include_spans=True))

Results stay the plain dicts they are; this package only reads them. It needs nothing beyond Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gliner2_lite.display.html import render_html
from gliner2_lite.display.marks import find_marks
from gliner2_lite.display.plain import render_plain
from gliner2_lite.display.sections import Section, read_sections

__all__ = ["Shown", "show"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A text with what was found in it. Notebooks render it as HTML, ``print`` and ``str`` as plain text."""

    text: str
    sections: tuple[Section, ...]

    def _repr_html_(self) -> str:
        return render_html(self.text, self.sections)

    def __str__(self) -> str:
        return render_plain(self.text, self.sections)

    __repr__ = __str__


def show(text: str, result: Mapping[str, Any]) -> Shown:
    """``result`` of any method for one ``text``, to be looked at.

    Spans are highlighted in the text where the result has their offsets (``include_spans=True``); without
    offsets nothing is searched for, what was found is listed. Confidences appear where the result has them.

    Raises:
        InputTypeError: ``text`` is not a string or ``result`` not the dict of one text.
        InputError: raw results (``format_results=False``), or offsets that do not fit ``text``.
    """
    sections = read_sections(text, result)
    find_marks(text, sections)  # offsets of another text are an error here, not when a notebook renders
    return Shown(text, sections)
