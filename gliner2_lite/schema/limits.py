"""Names and bounds that every part of the schema layer shares."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from gliner2_lite.errors import InputError, InputTypeError

STRUCT_SEPARATOR: Final = "[SEP_STRUCT]"
TEXT_SEPARATOR: Final = "[SEP_TEXT]"
PROMPT_MARKER: Final = "[P]"
FIELD_MARKER: Final = "[C]"
ENTITY_MARKER: Final = "[E]"
RELATION_MARKER: Final = "[R]"
LABEL_MARKER: Final = "[L]"
EXAMPLE_MARKER: Final = "[EXAMPLE]"
OUTPUT_MARKER: Final = "[OUTPUT]"
DESCRIPTION_MARKER: Final = "[DESCRIPTION]"

# In the order in which a tokenizer that lacks them gets them appended.
MARKERS: Final = (
    STRUCT_SEPARATOR,
    TEXT_SEPARATOR,
    PROMPT_MARKER,
    FIELD_MARKER,
    ENTITY_MARKER,
    RELATION_MARKER,
    LABEL_MARKER,
    EXAMPLE_MARKER,
    OUTPUT_MARKER,
    DESCRIPTION_MARKER,
)
MARKER_SET: Final = frozenset(MARKERS)

# Keys that an attributed entity already has; an attribute group must not overwrite them.
RESERVED_ATTRIBUTE_NAMES: Final = frozenset({"text", "confidence", "start", "end"})

RELATION_ROLES: Final = ("head", "tail")

DEFAULT_CLASS_THRESHOLD: Final = 0.5
DTYPES: Final = ("str", "list")
CLASS_ACTIVATIONS: Final = ("auto", "sigmoid", "softmax")

# Options of checkpoints that form records.
RECORD_MODES: Final = ("natural", "latent", "anchorless")
OCCURRENCE_POLICIES: Final = ("all", "first", "error_on_ambiguous", "latent_all")
CARDINALITIES: Final = ("optional_one", "required_one", "zero_or_more", "one_or_more")

# Bounds on schema JSON that may come from someone else. A real schema nests six deep and takes a few
# kilobytes; these leave room for thousands of labels and stop a hostile file early.
MAX_SCHEMA_CHARS: Final = 4 * 1024 * 1024
MAX_SCHEMA_DEPTH: Final = 32
# Bounds on a schema in any form, checked when a model is called with it. Published label sets end below a
# thousand; the prompt of one with more than these would not fit MAX_TOKENS anyway.
MAX_LABELS: Final = 5_000
MAX_LABEL_CHARS: Final = 2_000
MAX_FIELDS: Final = 1_000
MAX_CHOICES: Final = 5_000
# Bounds on a call. The memory of a graph grows with the square of the tokens.
MAX_TOKENS: Final = 16_384
MAX_WORDS: Final = 2_000_000
# What a validator's pattern is tried on. Eight words of honest text are shorter by far.
MAX_MATCH_CHARS: Final = 4_096


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest schema and text of a call; exceeding a number is an error, nothing is cut.

    ``GLiNER2.from_pretrained(..., limits=Limits(tokens=2048))`` holds for every call of that model,
    ``Schema.from_json(text, limits=...)`` for the text of a schema. The defaults are far above honest use.

    Args:
        labels: entity types, attribute and class labels, fields and relation roles of a schema together.
        label_chars: characters of one of these, or of a choice or the name of a task.
        fields: fields of one structure.
        choices: choices of all fields together.
        schema_chars, schema_depth: the JSON text of a schema.
        tokens: schema and text of one run; of a long text, one window.
        words: words of one text or document.
        markers: whether labels, choices and descriptions may contain a marker of the prompt such as ``[E]``.

    Raises:
        InputTypeError, InputError: a number that is not a positive integer.
    """

    labels: int = MAX_LABELS
    label_chars: int = MAX_LABEL_CHARS
    fields: int = MAX_FIELDS
    choices: int = MAX_CHOICES
    schema_chars: int = MAX_SCHEMA_CHARS
    schema_depth: int = MAX_SCHEMA_DEPTH
    tokens: int = MAX_TOKENS
    words: int = MAX_WORDS
    markers: bool = True

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "markers":
                if not isinstance(value, bool):
                    raise InputTypeError(f"Limits.markers must be True or False, not {value!r}")
            elif isinstance(value, bool) or not isinstance(value, int):
                raise InputTypeError(f"Limits.{field.name} must be a whole number, not {value!r}")
            elif value < 1:
                raise InputError(f"Limits.{field.name} must be at least 1, not {value}")


DEFAULT_LIMITS = Limits()


def check_limits(limits: object) -> Limits:
    """``limits`` when it is a Limits; None stands for the default ones."""
    if limits is None:
        return DEFAULT_LIMITS
    if not isinstance(limits, Limits):
        raise InputTypeError(f"limits must be a gliner2_lite.Limits or None, not {type(limits).__name__}")
    return limits
