"""The demo page. Only ``app``, ``panel`` and ``look`` use gradio (extra: demo)."""
