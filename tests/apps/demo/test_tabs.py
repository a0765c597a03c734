"""Each tab asks its own question; the examples it opens with are those of its form."""

from __future__ import annotations

import pytest

pytest.importorskip("gradio", reason="needs the extra demo")

from gliner2_lite import GLiNER2
from gliner2_lite.demo import tabs
from gliner2_lite.demo.answer import guarded

TABS = (tabs.entities, tabs.classification, tabs.structures, tabs.whole)


@pytest.mark.parametrize("tab", TABS)
def test_a_tab_answers_its_examples_and_tells_mistakes(tab, tiny: GLiNER2) -> None:  # type: ignore[no-untyped-def]
    panel = tab(tiny)
    for text, typed in panel.examples:
        answer = panel.run(text, typed, 0.5)
        assert answer.json and "ms" in answer.status
    assert 'role="alert"' in guarded(lambda: panel.run("Text.", " ", 0.5)).html


def test_element_ids_differ(tiny: GLiNER2) -> None:
    assert len({tab(tiny).name for tab in TABS}) == len(TABS)
    assert [tab(tiny).language for tab in TABS] == [None, None, None, "json"]
