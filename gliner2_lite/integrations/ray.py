"""Ray Data: a stage that adds a column of answers.

    answered = dataset.map_batches(
        AnswerBatches,
        fn_constructor_kwargs={"extractor": Extractor("path/to/bundle", schema)},
        compute=ray.data.ActorPoolStrategy(size=4),
    )

Each actor loads the model once. Nothing of Ray is imported: a batch is a dict of NumPy arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gliner2_lite.errors import InputError
from gliner2_lite.integrations.extractor import Extractor


class AnswerBatches:
    """A class for ``Dataset.map_batches``, batch format ``"numpy"`` (the default).

    Args:
        extractor: the model, schema and options.
        text: the column that is read.
        output: the column that is added: answers as JSON text, null where the text is null.
    """

    def __init__(self, extractor: Extractor, *, text: str = "text", output: str = "gliner2") -> None:
        self._extractor = extractor
        self._text, self._output = text, output
        extractor.load()

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The batch with the column of answers.

        Raises:
            InputError: no such column, or one named ``output`` is there already.
        """
        if self._text not in batch:
            raise InputError(f"text={self._text!r} is not a column; there are {', '.join(batch)}")
        if self._output in batch:
            raise InputError(f"output={self._output!r} is a column already; choose another name")
        texts = [value if isinstance(value, str) else None for value in batch[self._text]]
        return {**batch, self._output: np.array(self._extractor.json_batch(texts), dtype=object)}
