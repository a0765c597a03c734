"""Golden cases of the tiny checkpoint, replayed on its fp32 bundle as the exporter makes it now."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gliner2_export.export import export_checkpoint
from gliner2_lite import GLiNER2
from tests.golden import replay
from tests.golden.store import load_record, record_path


@cache
def record() -> dict[str, Any]:
    return load_record(record_path("tiny"))


@pytest.fixture(scope="module")
def tiny(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> GLiNER2:
    bundle = tmp_path_factory.mktemp("golden") / "tiny"
    export_checkpoint(shared_dir / "checkpoints" / "tiny", bundle, variants=("fp32",))
    return replay.load_model(bundle)


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in record()["cases"]])
def test_golden_tiny(tiny: GLiNER2, case: dict[str, Any]) -> None:
    problems = replay.problems(tiny, case, pooling=record()["token_pooling"])
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)
