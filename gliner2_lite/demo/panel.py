"""The parts that every tab has: text and schema on the left, what was found on the right."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from gliner2_lite.demo.answer import Answer, guarded

MAX_CHARACTERS = 20_000
WAITING = '<p class="waiting">Press Run, or Ctrl-Enter in the text.</p>'


@dataclass(frozen=True)
class Panel:
    """What differs between tabs. ``run`` takes the text, the schema text and the threshold."""

    name: str  # also the start of the element ids, such as entities-text
    run: Callable[[str, str, float], Answer]
    examples: list[list[str]]
    schema_label: str
    hint: str
    threshold_label: str = "Threshold"
    json_open: bool = False
    language: str | None = None  # of the editor; None: a plain text box


def build_panel(panel: Panel) -> None:
    """Lay the tab out and connect it; to be called inside its ``gr.Tab``."""
    text_example, schema_example = panel.examples[0]
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=340):
            text = gr.Textbox(
                text_example,
                label="Text",
                lines=4,
                max_lines=14,
                max_length=MAX_CHARACTERS,
                elem_id=f"{panel.name}-text",
            )
            schema = _schema_input(panel, schema_example)
            gr.Markdown(panel.hint, elem_classes="hint")
            threshold = gr.Slider(
                0, 1, 0.5, step=0.01, label=panel.threshold_label, elem_id=f"{panel.name}-threshold"
            )
            button = gr.Button("Run", variant="primary", elem_id=f"{panel.name}-run")
        with gr.Column(scale=6, min_width=380):
            view = gr.HTML(WAITING, elem_id=f"{panel.name}-found", padding=False)
            status = gr.Markdown("", elem_id=f"{panel.name}-status", elem_classes="status")
            with gr.Accordion("JSON", open=panel.json_open, elem_id=f"{panel.name}-json-open"):
                result = gr.Code(
                    "", language="json", show_label=False, max_lines=24, elem_id=f"{panel.name}-json"
                )
    gr.Examples(panel.examples, [text, schema], label="Try", elem_id=f"{panel.name}-examples")

    numbers = itertools.count(1)

    def answer(text: str, schema: str, threshold: float) -> tuple[str, str, str]:
        shown = guarded(lambda: panel.run(text, schema, threshold))
        # The number tells two equal answers apart: a reader of the page sees that Run has done its work.
        html = f'<div data-answer="{next(numbers)}">{shown.html}</div>'
        return html, shown.status, shown.json

    for event in (button.click, text.submit):
        event(
            answer,
            [text, schema, threshold],
            [view, status, result],
            show_progress="hidden",
            api_visibility="private",
        )


def _schema_input(panel: Panel, value: str) -> Any:
    if panel.language:
        return gr.Code(
            value,
            language=panel.language,
            label=panel.schema_label,
            lines=12,
            wrap_lines=True,
            max_lines=20,
            elem_id=f"{panel.name}-schema",
        )
    return gr.Textbox(value, label=panel.schema_label, lines=5, max_lines=16, elem_id=f"{panel.name}-schema")
