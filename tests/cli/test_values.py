"""Option values: what is read, and messages that say what may stand there."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import pytest

from gliner2_lite.cli.values import character, not_negative, port, positive, probability


@pytest.mark.parametrize(("read", "text", "value"), [
    (probability, "0", 0.0), (probability, "1", 1.0), (probability, "5e-1", 0.5), (positive, "1", 1),
    (not_negative, "0", 0), (port, "1", 1), (port, "65535", 65535), (character, ";", ";"),
    (character, "\\t", "\t"), (character, "\t", "\t"),
])  # fmt: skip
def test_usable(read: Callable[[str], object], text: str, value: object) -> None:
    assert read(text) == value and type(read(text)) is type(value)


@pytest.mark.parametrize(("read", "text", "wanted"), [
    (probability, "1.1", "a number from 0 to 1"), (probability, "nan", "a number from 0 to 1"),
    (probability, "", "a number from 0 to 1"), (positive, "0", "a whole number from 1 up"),
    (positive, "1.5", "a whole number from 1 up"), (not_negative, "-1", "a whole number from 0 up"),
    (port, "0", "a port, a number from 1 to 65535"), (port, "65536", "a port"),
    (character, "", "one character"), (character, ";;", "one character"), (character, '"', "one character"),
    (character, "\n", "one character"),
    (character, "\u00a7", "one character"),
])  # fmt: skip
def test_refused(read: Callable[[str], object], text: str, wanted: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=f"is not {wanted}"):
        read(text)
