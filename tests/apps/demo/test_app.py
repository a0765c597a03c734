"""The page put together, without a browser. test_page.py uses it with one."""

from __future__ import annotations

import os

import pytest

pytest.importorskip("gradio", reason="needs the extra demo")

import gradio as gr

from gliner2_lite import GLiNER2, InputError
from gliner2_lite.demo import app


def test_the_page_has_every_tab_and_names_its_model(tiny: GLiNER2) -> None:
    page = app.build(tiny, name="my`model")
    titles = [part.label for part in page.blocks.values() if isinstance(part, gr.Tab)]
    assert titles == [title for title, _ in app.TABS]
    [head] = [
        part.value for part in page.blocks.values() if isinstance(part, gr.Markdown) and "#" in part.value
    ]
    assert "Model: `mymodel`, int8." in head


def test_nothing_is_reported_to_anybody(tiny: GLiNER2) -> None:
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"
    assert app.build(tiny, name="tiny").analytics_enabled is False


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1"])
def test_an_address_that_cannot_be_had_is_named(host: str, tiny: GLiNER2) -> None:
    with pytest.raises(InputError, match=f"cannot serve on {host}:7860: .*; write another --host or --port"):
        app.serve(tiny, name="tiny", host=host, port=7860, block=False)
