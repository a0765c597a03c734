"""PySpark: a column of answers, over as many machines as the cluster has.

    answered = extract_column(frame, Extractor("path/to/bundle", schema), text="text", output="answer")

Every Python worker loads the model once and keeps it for all its partitions; executors need this package and
the bundle under the same path (or a repository's name). Needs ``pip install "gliner2-lite[spark]"``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from gliner2_lite.errors import InputError
from gliner2_lite.integrations import missing_extra
from gliner2_lite.integrations.extractor import Extractor

try:
    from pyspark.sql.types import StringType, StructField, StructType
except ModuleNotFoundError as error:
    raise missing_extra(error, "spark") from error

if TYPE_CHECKING:
    from pandas import DataFrame as PandasFrame
    from pyspark.sql import DataFrame


def extract_column(
    frame: DataFrame, extractor: Extractor, *, text: str = "text", output: str = "gliner2"
) -> DataFrame:
    """``frame`` with one more column: the answers as JSON text, null where the text is null.

    ``from_json`` turns the column into a struct. The work is lazy and keeps the frame's partitions: about as
    many as there are cores is a good number, and ``Extractor(threads=1)`` lets each core have its own worker.

    Raises:
        InputError: no such string column, or one named ``output`` is there already.
    """
    fields = {field.name: field.dataType for field in frame.schema.fields}
    if not isinstance(fields.get(text), StringType):
        raise InputError(
            f"text={text!r} must name a string column; the frame has {', '.join(fields) or 'none'}"
        )
    if output in fields:
        raise InputError(f"output={output!r} is a column already; choose another name")
    schema = StructType([*frame.schema.fields, StructField(output, StringType())])
    return frame.mapInPandas(answer_batches(extractor, text=text, output=output), schema)


def answer_batches(
    extractor: Extractor, *, text: str, output: str
) -> Callable[[Iterator[PandasFrame]], Iterator[PandasFrame]]:
    """The function for ``mapInPandas``: runs on the workers."""

    def answer(batches: Iterator[PandasFrame]) -> Iterator[PandasFrame]:
        for batch in batches:
            texts: list[Any] = [value if isinstance(value, str) else None for value in batch[text]]
            yield batch.assign(**{output: extractor.json_batch(texts)})

    return answer
