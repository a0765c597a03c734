"""Theme and styles name nothing that would have to be fetched."""

from __future__ import annotations

import pytest

pytest.importorskip("gradio", reason="needs the extra demo")

from gliner2_lite.demo.look import CSS, MONO, SANS, theme


def test_nothing_is_fetched_from_elsewhere() -> None:
    styles = theme()
    assert styles._stylesheets == [] and "url(" not in CSS and "@import" not in CSS
    for fonts in (SANS, MONO):
        assert fonts[-1] in ("sans-serif", "monospace")
    assert "fonts.googleapis" not in styles._get_theme_css()
