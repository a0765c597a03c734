"""Names and bounds that every part of the schema layer shares."""

from __future__ import annotations

from typing import Final

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
CLASS_ACTIVATIONS: Final = ("auto", "sigmoid", "softmax")

# Options of checkpoints that form records.
RECORD_MODES: Final = ("natural", "latent", "anchorless")
OCCURRENCE_POLICIES: Final = ("all", "first", "error_on_ambiguous", "latent_all")
CARDINALITIES: Final = ("optional_one", "required_one", "zero_or_more", "one_or_more")

# Bounds on schema JSON that may come from someone else. A real schema nests six deep and takes a few
# kilobytes; these leave room for thousands of labels and stop a hostile file early.
MAX_SCHEMA_CHARS: Final = 4 * 1024 * 1024
MAX_SCHEMA_DEPTH: Final = 32
