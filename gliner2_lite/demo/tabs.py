"""The four tabs: what each asks for, and which call answers it."""

from __future__ import annotations

from gliner2_lite.demo import examples, forms
from gliner2_lite.demo.answer import Answer, classify, extract
from gliner2_lite.demo.panel import Panel
from gliner2_lite.model.gliner2 import GLiNER2


def entities(model: GLiNER2) -> Panel:
    """Labels and descriptions → spans in the text."""
    return Panel(
        name="entities",
        run=lambda text, labels, threshold: extract(model, text, forms.entity_schema(labels), threshold),
        examples=examples.ENTITIES,
        schema_label="Labels",
        hint="Separated by commas or lines. `label: description` on a line of its own explains one.",
    )


def classification(model: GLiNER2) -> Panel:
    """Tasks → one label each, or several."""

    def run(text: str, tasks: str, threshold: float) -> Answer:
        schema, several = forms.classification_schema(tasks)
        return classify(model, text, schema, several, threshold)

    return Panel(
        name="classification",
        run=run,
        examples=examples.CLASSIFICATION,
        schema_label="Tasks",
        hint="One task per line, `task: label, label`. After `task (several):` any number of labels may win.",
        threshold_label="Threshold of tasks with several labels",
    )


def structures(model: GLiNER2) -> Panel:
    """Structures with fields → records."""
    return Panel(
        name="structures",
        run=lambda text, fields, threshold: extract(model, text, forms.structure_schema(fields), threshold),
        examples=examples.STRUCTURES,
        json_open=True,
        schema_label="Structures",
        hint="`name:` opens a structure, each line below is a field: `field::str` for one value, "
        "`::list` for all, `::[a|b]` to choose, `::any words` to describe.",
    )


def whole(model: GLiNER2) -> Panel:
    """A schema of all tasks, answered in one pass."""
    return Panel(
        name="whole",
        run=lambda text, schema, threshold: extract(model, text, forms.whole_schema(schema), threshold),
        examples=examples.WHOLE,
        schema_label="Schema",
        hint="Any of `entities`, `classifications`, `structures`, `relations`: one pass answers all.",
        language="json",
    )
