"""The parts of a tab, laid out without a browser: which there are, and what Run gives them."""

from __future__ import annotations

import pytest

pytest.importorskip("gradio", reason="needs the extra demo")

import gradio as gr

from gliner2_lite import InputError
from gliner2_lite.demo.answer import Answer
from gliner2_lite.demo.panel import MAX_CHARACTERS, Panel, build_panel


def run(text: str, schema: str, threshold: float) -> Answer:
    if not text:
        raise InputError("no text")
    return Answer(f"{text} {schema} {threshold}", "{}", "1 ms")


@pytest.mark.parametrize("language", [None, "json"])
def test_a_panel_has_its_parts_and_two_ways_to_run(language: str | None) -> None:
    with gr.Blocks() as page:
        build_panel(
            Panel("x", run, [["Text.", "labels"], ["More.", "names"]], "Labels", "hint", language=language)
        )
    parts = {part.elem_id: part for part in page.blocks.values() if getattr(part, "elem_id", None)}
    assert {"x-text", "x-schema", "x-threshold", "x-run", "x-found", "x-status", "x-json"} <= set(parts)
    assert (parts["x-text"].value, parts["x-text"].max_length) == ("Text.", MAX_CHARACTERS)
    assert (parts["x-schema"].value, type(parts["x-schema"])) == (
        "labels",
        gr.Code if language else gr.Textbox,
    )
    answers = [event.fn for event in page.fns.values() if event.fn.__name__ == "answer"]
    assert len(answers) == 2  # the button, and Enter in the text
    first, second = (answers[0]("a", "b", 0.5) for _ in range(2))
    assert first == ('<div data-answer="1">a b 0.5</div>', "1 ms", "{}")
    assert second[0].startswith('<div data-answer="2">'), "two equal answers can be told apart"
    html, status, result = answers[0]("", "b", 0.5)
    assert "no text" in html and status == result == ""
