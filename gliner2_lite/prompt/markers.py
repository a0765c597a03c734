"""The words of one task in the prompt, marker by marker.

A task stands in the prompt as ``( [P] HEAD ( M label1 M label2 … ) )`` where ``M`` tells its kind. Every word
is tokenised on its own later; HEAD is one word however long it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from gliner2_lite.schema.limits import (
    DESCRIPTION_MARKER,
    ENTITY_MARKER,
    EXAMPLE_MARKER,
    FIELD_MARKER,
    LABEL_MARKER,
    OUTPUT_MARKER,
    PROMPT_MARKER,
    RELATION_MARKER,
)
from gliner2_lite.schema.spec import ChoiceGroup

LABEL_MARKERS = (FIELD_MARKER, ENTITY_MARKER, RELATION_MARKER, LABEL_MARKER)
FIRST_LABEL_INDEX, LABEL_STEP = 4, 2


def task_words(head: str, marker: str, labels: Sequence[str]) -> tuple[str, ...]:
    """The words of a task whose labels each follow ``marker``."""
    words = ["(", PROMPT_MARKER, head, "("]
    for label in labels:
        words += (marker, label)
    return (*words, ")", ")")


def marker_indices(labels: int) -> range:
    """The indices of the label markers in ``task_words``, for so many labels."""
    return range(FIRST_LABEL_INDEX, FIRST_LABEL_INDEX + LABEL_STEP * labels, LABEL_STEP)


def described(descriptions: Sequence[tuple[str, str]]) -> str:
    """The text that descriptions of labels add to a head."""
    return "".join(f" {DESCRIPTION_MARKER} {label}: {text}" for label, text in descriptions)


def shown_examples(examples: Sequence[tuple[str, str]]) -> str:
    """The text that few-shot examples (input, label) add to a head."""
    return "".join(f" {EXAMPLE_MARKER} {text} {OUTPUT_MARKER} {label}" for text, label in examples)


def key_of(head: str) -> str:
    """The result key of a task: its head up to the first description."""
    return head.split(f" {DESCRIPTION_MARKER} ")[0]


def choice_words(group: ChoiceGroup) -> list[str]:
    """The words of a structure's choice fields before the text: ``( name: field ( a | b ) )``."""
    words = ["(", f"{group.structure}:"]
    for index, (field, choices) in enumerate(group.fields):
        if index:
            words.append(",")
        words += (field, "(")
        for number, choice in enumerate(choices):
            if number:
                words.append("|")
            words.append(choice)
        words.append(")")
    return [*words, ")"]
