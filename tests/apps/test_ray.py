"""A stage of Ray Data in a local cluster, over Parquet and JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray

from gliner2_lite import GLiNER2, InputError
from gliner2_lite.integrations.extractor import Extractor
from gliner2_lite.integrations.ray import AnswerBatches
from tests.apps import loads

EXTRACTOR = Extractor("tiny", {"entities": ["person", "company", "city"]}, threads=1)


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    ray.cloudpickle.register_pickle_by_value(loads)  # workers have no tests
    # Two actors hold two of these for good; reading and writing need one as well, or nothing moves.
    ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False, object_store_memory=100 * 1024 * 1024)
    yield
    ray.shutdown()


def test_parquet_in_json_lines_out_and_one_load_per_actor(
    tiny: GLiNER2, sentences: list[str], tmp_path: Path
) -> None:
    log = str(tmp_path / "loads")

    class Counted(AnswerBatches):
        def __init__(self, *args: Any, **options: Any) -> None:
            loads.count_loads(log)
            super().__init__(*args, **options)

    rows = [{"id": i, "text": None if i % 50 == 7 else text} for i, text in enumerate(sentences)]
    ray.data.from_items(rows).write_parquet(str(tmp_path / "in"))
    answered = ray.data.read_parquet(str(tmp_path / "in")).map_batches(
        Counted,
        fn_constructor_kwargs={"extractor": EXTRACTOR, "output": "answer"},
        batch_size=32,
        compute=ray.data.ActorPoolStrategy(size=2),
    )
    answered.write_json(str(tmp_path / "out"))
    lines = [
        json.loads(line)
        for file in sorted((tmp_path / "out").iterdir())
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    direct = tiny.batch_extract_entities(sentences, ["person", "company", "city"])
    assert len(lines) == len(sentences) == 300
    for line in lines:
        expected = None if rows[line["id"]]["text"] is None else direct[line["id"]]
        assert (line["answer"] and json.loads(line["answer"])) == expected
    per_process = loads.loads_per_process(tmp_path / "loads")
    assert 1 <= len(per_process) <= 2
    assert set(per_process.values()) == {1}


def test_json_lines_in_and_a_text_that_cannot_be_run(tmp_path: Path) -> None:
    lines = [{"id": 1, "text": "Lars Olsen moved to Oslo."}, {"id": 2, "text": "8f3a-" * 3000}]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    answered = ray.data.read_json(str(tmp_path / "in.jsonl")).map_batches(
        AnswerBatches,
        fn_constructor_kwargs={"extractor": EXTRACTOR, "output": "answer"},
        compute=ray.data.ActorPoolStrategy(size=1),
    )
    first, second = (json.loads(row["answer"]) for row in answered.sort("id").take_all())
    assert first["entities"]["city"] == ["Oslo"]
    assert "tokens" in second["error"]  # in its place, and the job went on


def test_mistakes_name_the_column() -> None:
    with pytest.raises(InputError, match="text='body' is not a column"):
        AnswerBatches(EXTRACTOR, text="body")({"text": ["a"]})
    with pytest.raises(InputError, match="output='text' is a column already"):
        AnswerBatches(EXTRACTOR, output="text")({"text": ["a"]})
