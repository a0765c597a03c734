"""Theme and styles of the page: fonts that are already on the reader's machine, nothing fetched."""

from __future__ import annotations

import gradio as gr

SANS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Liberation Sans", "DejaVu Sans", "sans-serif"]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Liberation Mono", "monospace"]

CSS = """
.gradio-container {width: 100% !important; max-width: 1180px !important; margin: 0 auto !important;
                   padding: 8px !important;}
.gradio-container > main {width: 100% !important;}
.gradio-container footer {display: none !important;}
.title h1 {font-size: 26px; margin: 0 0 2px; letter-spacing: -.02em;}
.title p {margin: 0; color: var(--body-text-color-subdued);}
[id$="-found"] {min-height: 120px; padding: 14px 18px; border: 1px solid var(--border-color-primary);
        border-radius: 10px; background: var(--background-fill-primary);}
[id$="-found"] mark {line-height: 1.4;}
.status {min-height: 24px; color: var(--body-text-color-subdued); font-size: 13px;}
.hint, .hint p {color: var(--body-text-color-subdued); font-size: 13px; margin: 0;}
.waiting {color: var(--body-text-color-subdued);}
.problem {border-left: 4px solid #dc2626; background: rgba(220, 38, 38, .1); padding: 10px 14px;
          border-radius: 6px; overflow-wrap: anywhere;}
"""


def theme() -> gr.themes.Base:
    """A quiet theme with local fonts."""
    return gr.themes.Soft(
        primary_hue="blue", neutral_hue="slate", radius_size="md", font=SANS, font_mono=MONO
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        block_shadow="none",
        button_primary_shadow="none",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        block_title_background_fill="none",
        block_title_background_fill_dark="none",
        block_title_text_color="*body_text_color",
        block_title_text_color_dark="*body_text_color",
        block_title_padding="0",
        block_label_background_fill="none",
        block_label_background_fill_dark="none",
        block_label_text_color="*body_text_color",
        block_label_text_color_dark="*body_text_color",
    )
