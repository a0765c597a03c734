"""A column of answers in PySpark's local mode, over Parquet and JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark import cloudpickle
from pyspark.sql import SparkSession
from pyspark.sql.functions import col, from_json, size

from gliner2_lite import GLiNER2, InputError
from gliner2_lite.integrations.extractor import Extractor
from gliner2_lite.integrations.spark import answer_batches, extract_column
from tests.apps import loads

EXTRACTOR = Extractor("tiny", {"entities": ["person", "company", "city"]}, threads=1)


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    cloudpickle.register_pickle_by_value(loads)  # workers have no tests
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.memory", "512m")
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
        .getOrCreate()
    )
    yield session
    session.stop()


def test_parquet_in_parquet_out_gives_the_models_answers(
    spark: SparkSession, tiny: GLiNER2, sentences: list[str], tmp_path: Path
) -> None:
    rows = [(index, None if index % 50 == 7 else text) for index, text in enumerate(sentences)]
    frame = spark.createDataFrame(rows, "id int, text string").repartition(6)
    frame.write.parquet(str(tmp_path / "in"))
    extract_column(spark.read.parquet(str(tmp_path / "in")), EXTRACTOR, output="answer").write.parquet(
        str(tmp_path / "out")
    )
    answered = {row.id: row for row in spark.read.parquet(str(tmp_path / "out")).collect()}
    direct = tiny.batch_extract_entities(sentences, ["person", "company", "city"])
    assert len(answered) == len(sentences) == 300
    for index, text in rows:
        expected = None if text is None else direct[index]
        assert answered[index].text == text
        assert (answered[index].answer and json.loads(answered[index].answer)) == expected


def test_every_worker_loads_the_model_once(spark: SparkSession, sentences: list[str], tmp_path: Path) -> None:
    log = str(tmp_path / "loads")
    answer = answer_batches(EXTRACTOR, text="text", output="answer")

    def counted(batches: Iterator[Any]) -> Iterator[Any]:
        loads.count_loads(log)
        # A worker that an earlier test warmed up has the model already: forget it, once.
        from gliner2_lite.integrations import extractor

        if not getattr(extractor, "_counted", False):
            extractor._counted = True
            extractor._MODELS.clear()
        return answer(batches)

    frame = spark.createDataFrame([(text,) for text in sentences[:120]], "text string").repartition(8)
    answered = frame.mapInPandas(counted, "text string, answer string").collect()
    assert len(answered) == 120
    per_process = loads.loads_per_process(tmp_path / "loads")
    assert 1 <= len(per_process) <= 2  # eight partitions, two workers
    assert set(per_process.values()) == {1}


def test_json_lines_and_a_struct_of_the_answers(spark: SparkSession, tmp_path: Path) -> None:
    texts = ["Lars Olsen moved to Oslo.", "Nothing happened.", "8f3a-" * 3000]  # the last cannot be run
    lines = [{"id": number, "text": text} for number, text in enumerate(texts, 1)]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    answered = extract_column(spark.read.json(str(tmp_path / "in.jsonl")), EXTRACTOR, output="answer")
    struct = "entities struct<person: array<string>, company: array<string>, city: array<string>>"
    errors = answered.where(col("answer").startswith('{"error"')).collect()
    assert [(row.id, "tokens" in row.answer) for row in errors] == [(3, True)]  # and the job went on
    cities = answered.select("id", from_json(col("answer"), struct)["entities"]["city"].alias("city"))
    assert [(row.id, row.city) for row in cities.where(size("city") > 0).collect()] == [(1, ["Oslo"])]


def test_mistakes_show_before_the_job_starts(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(1, "a")], "id int, text string")
    with pytest.raises(InputError, match="text='id' must name a string column"):
        extract_column(frame, EXTRACTOR, text="id")
    with pytest.raises(InputError, match="output='text' is a column already"):
        extract_column(frame, EXTRACTOR, output="text")
