"""Arrays of the graph → scores → typed answers, in one folder per architecture.

A bundle's manifest names its architecture; this table is the one place outside the folders that does.
"""

from __future__ import annotations

#: Name in the manifest → module and class of an implementation of ``base.Architecture``.
ARCHITECTURES = {
    "span": ("gliner2_lite.architectures.span.architecture", "SpanArchitecture"),
}
