"""What a directory or repository without a usable model holds instead, and what can be done about it.

The loader and the exporter ask here, so that both say the same before they do any work.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

MANIFEST_NAME = "gliner2_lite.json"  # of ``manifest``, which asks here
CONFIG_NAME = "config.json"
MAX_CONFIG_BYTES = 1 << 20
#: ``model_type`` of every GLiNER2 checkpoint that has one.
CHECKPOINT_TYPE = "extractor"
EXAMPLE = "for example fastino/gliner2-base-v1"
#: Architectures that there are checkpoints of but no implementation → what to do instead.
NOT_YET = {"boundary": f"(GLiNER2.5) is not supported yet; export a span checkpoint, {EXAMPLE}"}


def other_kind(root: Path, names: Collection[str] | None = None) -> str | None:
    """What the directory ``root`` holds, as in "it holds …; do …", when that is no checkpoint to export.

    ``names`` are those of its files and folders where not all of them are there yet. None for a checkpoint,
    and for everything that is not recognised. Raises OSError when ``root`` may not be listed.
    """
    names = os.listdir(root) if names is None else names
    return describe(names, _config(root / CONFIG_NAME) if CONFIG_NAME in names else None)


def describe(names: Collection[str], config: Mapping[str, Any] | None = None) -> str | None:
    """The same for the ``names`` at the top of a directory and the content of its config.json, if known."""
    if MANIFEST_NAME in names:
        return (
            "it holds a bundle already, which runs as it is (`gliner2-lite extract TEXT --model DIR`); to "
            "make another one, give the checkpoint that `gliner2-lite info DIR` names"
        )
    if "gliner_config.json" in names:
        return (
            "it holds a GLiNER model (gliner_config.json), which the package gliner runs and which has other "
            f"heads than GLiNER2; take a GLiNER2 checkpoint, {EXAMPLE}"
        )
    if CONFIG_NAME not in names and {"adapter_config.json", "adapter_weights.safetensors"} & set(names):
        return (
            "it holds a LoRA adapter without the model; export the checkpoint that it was trained on and "
            "give this directory as --adapter"
        )
    return _by_config(names, config or {})


def _by_config(names: Collection[str], config: Mapping[str, Any]) -> str | None:
    named = config.get("architecture")
    if isinstance(named, str) and named.strip().lower() in NOT_YET:
        name = named.strip().lower()
        return f"its architecture {name!r} {NOT_YET[name]}"
    kind = config.get("model_type")
    ours = {"architecture", "model_name", "token_pooling"} & config.keys() or "encoder_config" in names
    if isinstance(kind, str) and kind != CHECKPOINT_TYPE and not ours:
        return (
            f"it holds a model of transformers (model_type {kind[:40]!r}), without the heads of GLiNER2 that "
            f"make answers of it; take a GLiNER2 checkpoint, {EXAMPLE}, or train one from it with gliner2"
        )
    return None


def _config(path: Path) -> Mapping[str, Any] | None:
    """The content of a config.json; None where there is none that can be read."""
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            return None
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
