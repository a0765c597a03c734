"""Texts → values: what converts, and that nothing is guessed."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from gliner2_lite.answers.conversion import convert
from gliner2_lite.schema.shape import KINDS


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", " as it is. ", " as it is. "),
        ("whole number", "45", 45),
        ("whole number", " 1,234,567. ", 1234567),
        ("whole number", "-3", -3),
        ("whole number", "3.00", 3),
        ("whole number", "٤٥", 45),
        ("number", "$999", 999.0),
        ("number", "699 €", 699.0),
        ("number", "-£ 1,299.50", -1299.5),
        ("number", "0.5.", 0.5),
        ("decimal number", "₹0.10", Decimal("0.10")),
        ("flag", "Yes.", True),
        ("flag", "FALSE", False),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("date and time", "2024-02-29", datetime(2024, 2, 29)),
        ("date and time", "2024-02-29T08:30:15.250", datetime(2024, 2, 29, 8, 30, 15, 250_000)),
        ("date and time", "2024-02-29 08:30Z", datetime(2024, 2, 29, 8, 30, tzinfo=timezone.utc)),
        (
            "date and time", "2024-02-29 08:30+02:00",
            datetime(2024, 2, 29, 8, 30, tzinfo=timezone(timedelta(hours=2))),
        ),
    ],
)  # fmt: skip
def test_converts(kind: str, text: str, value: Any) -> None:
    found = convert(text, kind)
    assert (type(found), found) == (type(value), value)


WRONG = {
    "whole number": ("", "three", "3.5", "45 years", "12/5", "1_000", "0x10", "9" * 5000),
    "number": (
        "nan", "inf", "1e5", "1.299,50", "12,5", "1,23,456", "50%", "$5€", "2 million", "about 5", "5-6",
        "++5", "²", "$", ".", "9" * 400,
    ),
    "decimal number": ("NaN",),
    "flag": ("", "maybe", "1", "yes and no"),
    "date": ("2024-02-30", "20240229", "29.02.2024", "2024-W09-4", "2024-02-29 08:30"),
    "date and time": ("08:30", "2024-02-29T08", "2024-02-29T25:00", "20240229T0830"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in WRONG.items() for text in texts])
def test_does_not_guess(kind: str, text: str) -> None:
    with pytest.raises(ValueError):
        convert(text, kind)


def test_every_kind_has_a_reader() -> None:
    for kind in KINDS[1:]:
        with pytest.raises(ValueError):
            convert("no such thing", kind)
