"""Adapters for frameworks, one file each. A module imports its framework; this package imports none."""

from __future__ import annotations

from gliner2_lite.errors import MissingExtraError


def missing_extra(error: ModuleNotFoundError, extra: str) -> MissingExtraError:
    """What to raise when an adapter's framework is not installed: which module, and the command to get it."""
    return MissingExtraError(
        f'the module {error.name!r} is not installed: run pip install "gliner2-lite[{extra}]"'
    )
