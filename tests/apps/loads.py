"""Counts model loads in worker processes: each leaves a line with its process id in a file."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any


def count_loads(log: str) -> None:
    """From now on, and once per process, every ``GLiNER2.from_pretrained`` here is noted in ``log``."""
    from gliner2_lite.integrations import extractor

    if extractor.GLiNER2.__name__ == "Counted":
        return

    class Counted(extractor.GLiNER2):  # type: ignore[misc, name-defined]
        @classmethod
        def from_pretrained(cls, *args: Any, **options: Any) -> Any:
            with Path(log).open("a", encoding="utf-8") as file:
                file.write(f"{os.getpid()}\n")
            return super().from_pretrained(*args, **options)

    extractor.GLiNER2 = Counted  # type: ignore[misc]


def loads_per_process(log: Path) -> Counter[str]:
    """Process id → loads."""
    return Counter(log.read_text(encoding="utf-8").split())
