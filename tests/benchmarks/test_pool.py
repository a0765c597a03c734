"""Processes of contestants: what fails is reported, and the next job answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import contestants, pool
from benchmarks.machine import available_cpus
from benchmarks.processes import ProcessError
from benchmarks.schemas import TOPICS
from tests.benchmarks.conftest import TINY


def test_a_worker_reports_a_failed_job_and_goes_on() -> None:
    ours = contestants.make_roster(None, checkpoint=None, bundle=TINY, cache=Path("unused"))[:1]
    with pool.worker_pool(ours, threads=1, cpus=available_cpus()[:1]) as workers:
        (worker,) = workers.values()
        with pytest.raises(ProcessError, match="unknown schema 'no-such'"):
            worker.call("answer", schema="no-such", text="Hello.")
        answer = worker.call("answer", schema="labels-5", text="They won the match.")["answer"]
        assert answer["topic"] in TOPICS


def test_a_worker_that_cannot_load_says_why(tmp_path: Path) -> None:
    broken = contestants.Contestant("int8", "bundle", str(tmp_path), "int8")
    with (
        pytest.raises(ProcessError, match=r"'int8' failed: BundleNotFoundError"),
        pool.worker_pool([broken], threads=1, cpus=available_cpus()[:1]),
    ):
        pytest.fail("the pool opened with a contestant that cannot load")
