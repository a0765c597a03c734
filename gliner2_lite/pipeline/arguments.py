"""Checks of call arguments other than options, made before any work is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gliner2_lite.errors import InputError, InputTypeError


def check_text(text: object, *, where: str = "text", allow_none: bool = True) -> str | None:
    """``text`` when it is a string (or None, which reads as an empty text)."""
    if text is None and allow_none:
        return None
    if isinstance(text, str):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InputError(
                f"{where} has a lone surrogate at position {error.start}, which no encoding allows; replace "
                'it, e.g. with text.encode("utf-8", "replace").decode()'
            ) from None
        return text
    raise InputTypeError(f"{where} must be a string, not {type(text).__name__}")


def check_texts(texts: object, *, allow_none: bool = True) -> Sequence[str | None]:
    """``texts`` when it is a list or tuple of strings; a single string is refused as a likely slip."""
    if isinstance(texts, str):
        raise InputTypeError("texts must be a list of strings, not one string; write [text]")
    if not isinstance(texts, Sequence):
        raise InputTypeError(f"texts must be a list of strings, not {type(texts).__name__}")
    return [
        check_text(text, where=f"texts[{index}]", allow_none=allow_none) for index, text in enumerate(texts)
    ]


def check_workers(workers: object) -> int:
    """``workers`` when it is a number of processes; 0 runs in the calling one."""
    return (
        0 if workers == 0 and not isinstance(workers, bool) else positive(workers, "workers", least="0 or ")
    )


def check_errors(errors: object) -> bool:
    """Whether ``errors`` asks for errors to be yielded."""
    if errors not in ("raise", "yield"):
        raise InputError(f"errors must be 'raise' or 'yield', not {errors!r}")
    return errors == "yield"


def check_device(device: object) -> None:
    """Refuse every device but the CPU."""
    if device is not None and str(device) != "cpu":
        if not isinstance(device, str) and not hasattr(device, "type"):
            raise InputTypeError(f"device must be 'cpu', not {device!r}")
        raise InputError(
            f"device {str(device)!r} is not available: gliner2_lite runs on the CPU; write 'cpu'"
        )


def match_schemas(schemas: Any, count: int) -> list[Any]:
    """One schema per text: a list is taken text by text, anything else is for all.

    Raises:
        InputError: the list has another length than the texts.
    """
    if not isinstance(schemas, list):
        return [schemas] * count
    if len(schemas) != count:
        raise InputError(
            f"{len(schemas)} schemas for {count} texts; give one schema for all, or one per text"
        )
    return schemas


def positive(value: object, name: str, *, least: str = "") -> int:
    """``value`` when it is an integer of at least 1; ``name`` is the argument's."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{name} must be {least}a positive integer, not {value!r}")
    return value
