"""Arrays of the graph → scores → typed answers, in one folder per architecture.

A bundle's manifest names its architecture. Outside those folders, only the table below lists the names.
"""

from __future__ import annotations

#: Name in the manifest → module and class of an implementation of ``base.Architecture``.
ARCHITECTURES = {
    "span": ("gliner2_lite.architectures.span.architecture", "SpanArchitecture"),
}
