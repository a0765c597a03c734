"""The model architectures that can be exported, one folder each.

A new one needs a folder and a line in ``ARCHITECTURES``; all other packages use ``base.Architecture`` only.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from gliner2_lite.bundle.kinds import NOT_YET
from gliner2_lite.errors import CheckpointError

if TYPE_CHECKING:
    from gliner2_export.architectures.base import Architecture

#: ``architecture`` in the checkpoint's config.json → module and class, imported when it is asked for.
ARCHITECTURES = {"span": "gliner2_export.architectures.span.architecture:SpanArchitecture"}
#: What a config.json from before that field means.
EARLIEST = "span"


def load_architecture(name: str, *, source: Path) -> Architecture:
    """The implementation of the architecture ``name``, which the file ``source`` asks for.

    Raises CheckpointError, naming the file, when there is none.
    """
    if name in NOT_YET:
        raise CheckpointError(f"{source}: architecture {name!r} {NOT_YET[name]}")
    if name not in ARCHITECTURES:
        known = ", ".join(map(repr, ARCHITECTURES))
        raise CheckpointError(f"{source}: unknown architecture {name!r}; this exporter knows {known}")
    module, _, attribute = ARCHITECTURES[name].partition(":")
    implementation: Architecture = getattr(import_module(module), attribute)()
    return implementation
