"""Whether two results are the same: exactly, except for floats, which may differ a little."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

TOLERANCE = 1e-4


@dataclass
class Comparison:
    """``problems`` says where and how the results differ; ``largest`` is the largest float difference."""

    tolerance: float = TOLERANCE
    problems: list[str] = field(default_factory=list)
    largest: float = 0.0
    floats: int = 0

    def add(self, path: str, problem: str) -> None:
        self.problems.append(f"{path or 'result'}: {problem}")


def compare(expected: Any, got: Any, *, tolerance: float = TOLERANCE) -> Comparison:
    """Compare keys with their order, texts, numbers and Python types; ``tolerance`` is for floats."""
    comparison = Comparison(tolerance)
    _walk(expected, got, "", comparison)
    return comparison


def has_answer(expected: Any) -> bool:
    """Whether a tagged result holds any text or label."""
    if isinstance(expected, dict):
        return any(has_answer(value) for value in expected.values())
    if isinstance(expected, list):
        return any(has_answer(value) for value in expected)
    return isinstance(expected, str) and expected != ""


def _walk(expected: Any, got: Any, path: str, comparison: Comparison) -> None:
    if isinstance(expected, dict) and isinstance(got, dict):
        _walk_dict(expected, got, path, comparison)
    elif type(expected) is not type(got):
        comparison.add(path, f"expected {_short(expected)}, got {_short(got)}")
    elif isinstance(expected, (list, tuple)):
        if len(expected) != len(got):
            comparison.add(path, f"expected {len(expected)} items {_short(expected)}, got {_short(got)}")
        for index, (one, other) in enumerate(zip(expected, got, strict=False)):
            _walk(one, other, f"{path}[{index}]", comparison)
    elif isinstance(expected, float):
        difference = abs(expected - got)
        comparison.floats += 1
        comparison.largest = max(comparison.largest, difference)
        if not difference <= comparison.tolerance:
            comparison.add(path, f"expected {expected}, got {got} (off by {difference:.2g})")
    elif expected != got:
        comparison.add(path, f"expected {_short(expected)}, got {_short(got)}")


def _walk_dict(expected: dict[str, Any], got: dict[str, Any], path: str, comparison: Comparison) -> None:
    if list(expected) != list(got):
        comparison.add(path, f"expected keys {_short(list(expected))}, got {_short(list(got))}")
    for key in expected:
        if key in got:
            _walk(expected[key], got[key], f"{path}[{key!r}]", comparison)


def _short(value: Any) -> str:
    text = f"{value!r}"
    text = text if len(text) <= 160 else text[:157] + "..."
    return f"{text} ({type(value).__name__})"
