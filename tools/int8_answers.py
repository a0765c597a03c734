"""Answers of the embedded int8 model on held-out texts: write them here, compare them with others.

    python tools/int8_answers.py write FILE
    python tools/int8_answers.py compare FILE OTHER

Kernels of CPUs and onnxruntime releases round differently; ``compare`` tells what that changes and ends
with 1 when the F1 of the answers is below 0.95, less than what int8 itself leaves.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gliner2_export.quality.texts import HELD_OUT_TEXTS, read_texts
from gliner2_lite import GLiNER2

VISIBLE = 0.05  # scores below it are those of spans that nobody would see
LEAST_F1 = 0.95


def items(value: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every answer of a result as (where, what, place) and its confidence."""
    if isinstance(value, dict) and "confidence" in value:
        said = [str(value[key]) for key in ("text", "label", "start", "end") if key in value]
        yield " ".join((path, *said)), value["confidence"]
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from items(inner, f"{path}/{key}")
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from items(inner, path)


def write(path: Path) -> None:
    model = GLiNER2.from_pretrained("tiny", threads=1)
    rows = []
    for item in read_texts(HELD_OUT_TEXTS):
        detail = {"include_confidence": True, "include_spans": True}
        answers = model.extract(item.text, item.schema, **detail)
        visible = model.extract(item.text, item.schema, threshold=VISIBLE, **detail)
        rows.append({"answers": [key for key, _ in items(answers)], "scores": dict(items(visible))})
    path.write_text(json.dumps(rows), encoding="utf-8")


def compare(first: Path, second: Path) -> bool:
    """Print what differs; whether the answers agree."""
    one, two = (json.loads(path.read_text(encoding="utf-8")) for path in (first, second))
    answers = [{(n, key) for n, row in enumerate(rows) for key in row["answers"]} for rows in (one, two)]
    deltas = [
        abs(score - b["scores"][key])
        for a, b in zip(one, two, strict=True)
        for key, score in a["scores"].items()
        if key in b["scores"]
    ]
    f1 = 2 * len(answers[0] & answers[1]) / (len(answers[0]) + len(answers[1]))
    print(
        f"{len(one)} texts, {len(answers[0])} and {len(answers[1])} answers, "
        f"{len(answers[0] ^ answers[1])} in one alone, F1 {f1:.3f}; {len(deltas)} scores in both, "
        f"difference: mean {sum(deltas) / len(deltas):.4f}, largest {max(deltas):.3f}"
    )
    for n, key in sorted(answers[0] ^ answers[1]):
        here = "first" if (n, key) in answers[0] else "second"
        known = [f"{rows[n]['scores'][key]:.3f}" if key in rows[n]["scores"] else "-" for rows in (one, two)]
        print(f"  only in the {here}: text {n}, {key} ({' and '.join(known)})")
    return f1 >= LEAST_F1


if __name__ == "__main__":
    command, *paths = sys.argv[1:]
    if command == "write":
        write(Path(paths[0]))
    elif not compare(Path(paths[0]), Path(paths[1])):
        sys.exit(1)
