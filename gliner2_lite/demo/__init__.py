"""The demo page. Only ``app``, ``panel``, ``look`` and the ``*_tab`` modules import gradio (extra: demo)."""
