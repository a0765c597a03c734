"""Checkpoint → bundle: everything that needs torch, transformers, Optimum or onnx.

The runtime (``gliner2_lite``) never imports this package. Its parts, in the order of the data: ``checkpoint``
reads the official directory; ``encoders`` and ``architectures`` make the torch module that is traced;
``onnx_graph`` converts it and edits graphs; ``int8`` quantizes within bounds; ``quality`` measures the loss
of accuracy; ``vocabulary`` writes the tokenizer that needs no library. ``export`` runs all of them, with
``staging`` and ``card``; ``cli`` is the command line. Nothing heavy is imported here.
"""

from __future__ import annotations
