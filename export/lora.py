"""LoRA adapters."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from gliner2_lite.errors import CheckpointError


def merge_adapter(extractor: nn.Module, directory: Path) -> None:
    """Merge the adapter in ``directory`` into the weights of ``extractor``."""
    raise CheckpointError(f"{directory}: adapters cannot be merged yet")
