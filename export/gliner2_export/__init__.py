"""Checkpoint → bundle: everything that needs torch, transformers, Optimum or onnx.

The runtime (``gliner2_lite``) never imports this package. The rooms, in the data's way: ``checkpoint`` reads
the official directory; ``encoders`` and ``architectures`` make the torch module that is traced;
``onnx_graph`` converts it and edits graphs; ``int8`` quantizes within bounds; ``quality`` measures what that
costs; ``vocabulary`` writes the tokenizer that needs no library. ``export`` is the whole way on one page, by
``staging`` and ``card``; ``cli`` is the command line on top. Nothing heavy is imported here.
"""

from __future__ import annotations
