"""Checkpoint → bundle: everything that needs torch, transformers, Optimum or onnx.

The runtime (``gliner2_lite``) never imports this package. Reading order = the data's way:
``checkpoint`` → ``lora`` → ``heads`` → ``graph`` → ``onnx_config`` → ``convert`` → ``quantize`` →
``bundle``; ``cli`` is the command line on top. Nothing heavy is imported here.
"""

from __future__ import annotations
