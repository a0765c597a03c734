"""Model card."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def write_card(place: Path, manifest: dict[str, Any], checkpoint: Path) -> None:
    (place / "README.md").write_text(f"# {manifest['source']['name']}\n", encoding="utf-8")
