"""Builds the demo page and serves it."""

from __future__ import annotations

import os
import socket

# Read when gradio is imported and when it launches: no usage reports, no look for newer versions.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr
from starlette.middleware import Middleware

from gliner2_lite.demo import tabs
from gliner2_lite.demo.local_only import LocalOnly
from gliner2_lite.demo.look import CSS, theme
from gliner2_lite.demo.panel import build_panel
from gliner2_lite.errors import InputError
from gliner2_lite.model.gliner2 import GLiNER2

TABS = (
    ("Entities", tabs.entities),
    ("Classification", tabs.classification),
    ("Structured extraction", tabs.structures),
    ("Whole schema", tabs.whole),
)


def build(model: GLiNER2, *, name: str) -> gr.Blocks:
    """The page for ``model``, which it calls ``name``."""
    with gr.Blocks(title="gliner2_lite", analytics_enabled=False) as page:
        gr.Markdown(
            "# gliner2_lite\nEntities, labels, records and relations in one pass, without PyTorch. "
            f"Model: `{name.replace('`', '')}`, {model.variant}.",
            elem_classes="title",
        )
        with gr.Tabs():
            for title, tab in TABS:
                panel = tab(model)
                with gr.Tab(title, id=panel.name):
                    build_panel(panel)
    return page


def serve(model: GLiNER2, *, name: str, host: str, port: int, block: bool = True) -> gr.Blocks:
    """Serve the page on ``host:port`` until interrupted; with ``block=False`` return at once.

    Never opens a public tunnel. Raises InputError where the address cannot be used.
    """
    _check_address(host, port)
    page = build(model, name=name)
    page.launch(
        server_name=host,
        server_port=port,
        share=False,
        inbrowser=False,
        quiet=True,
        prevent_thread_lock=True,
        ssr_mode=False,
        footer_links=[],
        enable_monitoring=False,
        theme=theme(),
        css=CSS,
        app_kwargs={"middleware": [Middleware(LocalOnly)]},
    )
    print(f"gliner2-lite demo: http://{host}:{port} (Ctrl-C stops it)", flush=True)
    if block:
        page.block_thread()
    return page


def _check_address(host: str, port: int) -> None:
    """Try the address first: what gradio says of one in use does not name it."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise InputError(
            f"cannot serve on {host}:{port}: {error.strerror or error}; write another --host or --port"
        ) from error
