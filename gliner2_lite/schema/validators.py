"""Filters on the surface text of what was extracted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema.limits import MAX_MATCH_CHARS

_MODES = ("full", "partial")


@dataclass(frozen=True)
class RegexValidator:
    """Keeps a span when its text matches ``pattern``.

    ``mode="full"`` matches the whole text, ``"partial"`` any part of it; ``exclude`` turns the answer
    around. ``flags`` apply to a pattern given as a string; a compiled pattern keeps its own.
    A text of more than ``max_chars`` characters is dropped untried, also under ``exclude``. That bounds
    patterns of polynomial time; one of exponential time, such as ``(a+)+b``, is for its author to avoid.
    Raises SchemaError for a bad pattern or mode.
    """

    pattern: str | re.Pattern[str]
    mode: str = "full"
    exclude: bool = False
    flags: int = re.IGNORECASE
    max_chars: int = field(default=MAX_MATCH_CHARS, repr=False)  # as the reference prints it
    _compiled: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.mode not in _MODES:
            raise SchemaError(f'RegexValidator mode must be "full" or "partial", got {self.mode!r}')
        if isinstance(self.max_chars, bool) or not isinstance(self.max_chars, int) or self.max_chars < 1:
            raise SchemaError(f"RegexValidator max_chars must be a positive integer, got {self.max_chars!r}")
        object.__setattr__(self, "_compiled", _compile(self.pattern, self.flags))

    def __call__(self, text: str) -> bool:
        return self.validate(text)

    def validate(self, text: str) -> bool:
        """True to keep ``text``."""
        if len(text) > self.max_chars:
            return False
        match = self._compiled.fullmatch if self.mode == "full" else self._compiled.search
        return (match(text) is None) == bool(self.exclude)


def _compile(pattern: object, flags: int) -> re.Pattern[str]:
    if isinstance(pattern, re.Pattern):
        if isinstance(pattern.pattern, bytes):
            raise SchemaTypeError(f"RegexValidator needs a text pattern, got bytes {pattern.pattern!r}")
        return pattern
    if not isinstance(pattern, str):
        raise SchemaTypeError(f"RegexValidator needs a pattern string, got {type(pattern).__name__}")
    try:
        return re.compile(pattern, flags)
    except (re.error, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise SchemaError(f"RegexValidator pattern {pattern!r} is not a usable regex: {error}") from error
