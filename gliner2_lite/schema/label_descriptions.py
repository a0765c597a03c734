"""What the labels of a classification task mean: one dict, which goes by two names.

``label_descriptions`` is the keyword of ``gliner2``; its paper writes ``descriptions`` there. Every form of
a schema takes both, and all that comes after knows the first alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema.checks import check_name, check_text, join, shown

KEY, OTHER_NAME = "label_descriptions", "descriptions"
DESCRIPTION_KEYS = frozenset({KEY, OTHER_NAME})


def under_one_name(config: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """The options of a task with its descriptions under ``label_descriptions``, whichever name they have.

    Raises SchemaError when both names are given; None counts as not given.
    """
    if OTHER_NAME not in config:
        return config
    if config[OTHER_NAME] is not None and config.get(KEY) is not None:
        raise SchemaError(
            f"{join(path, OTHER_NAME)}: {KEY} is there too, another name of the same; write one of the two"
        )
    renamed = {key: value for key, value in config.items() if key != OTHER_NAME}
    if config[OTHER_NAME] is not None:
        renamed[KEY] = config[OTHER_NAME]
    return renamed


def read_label_descriptions(value: object, path: str) -> dict[str, str] | None:
    """A dict of label to text, less the labels with None; None for nothing."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise SchemaTypeError(f"{path}: expected a dict of label to description, got {shown(value)}")
    return {
        check_name(label, path): check_text(text, join(path, label))
        for label, text in value.items()
        if text is not None
    }
