"""What is asked: the golden cases as plain data, and which checkpoint answers which.

A case is ``{"id", "method", "args", "splitter"}``; ``args`` are JSON, see ``program.py``.
"""

from __future__ import annotations

from tests.golden.questions import calls, classes, composed, entities, odd, relations, structures
from tests.golden.questions.common import Case

GROUPS = (
    entities.plain_entities,
    entities.odd_texts,
    entities.entity_options,
    entities.attributes,
    entities.validators,
    classes.classification,
    structures.structures,
    structures.odd_structures,
    structures.choices,
    relations.relations,
    composed.composition,
    composed.processor_dicts,
    composed.friendly_dicts,
    calls.overlap,
    calls.max_len,
    calls.char_splitter,
    calls.batches,
    calls.long_windows,
    calls.long_kinds,
    odd.odd_schemas,
)


def all_cases() -> list[Case]:
    """Every case in a fixed order; ids are unique: ``group/number-name``."""
    return [
        {**case, "id": f"{group.__name__}/{number:02d}-{case['id']}"}
        for group in GROUPS
        for number, case in enumerate(group())
    ]


def cases_for(checkpoint: int | None) -> list[Case]:
    """The cases of random checkpoint number ``checkpoint`` (in ``checkpoints.SPECS``), or of tiny (None).

    Tiny answers all. Each random checkpoint answers a third, laid out so that every case meets the
    three poolings and the three counting layers once.
    """
    cases = all_cases()
    if checkpoint is None:
        return cases
    turn = checkpoint + checkpoint // 3
    return [case for number, case in enumerate(cases) if (number + turn) % 3 == 0]
