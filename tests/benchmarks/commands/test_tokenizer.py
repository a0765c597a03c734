"""``tokenizer``: both forms of the embedded bundle's tokenizer."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import cli
from benchmarks.commands.tokenizer import UNITS, measure, report
from benchmarks.processes import ProcessError
from benchmarks.texts import read_sentences
from tests.benchmarks.conftest import TINY

needs_rollup = pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(), reason="the kernel tells no memory of processes"
)


@needs_rollup
def test_both_forms_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["tokenizer", str(TINY), "--runs", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["tokenizers", "compact"]
    assert all("ms for 200 words" in line and "MB anonymous" in line for line in lines)


@needs_rollup
def test_the_compact_form_takes_less_memory() -> None:
    result = measure(TINY, read_sentences(None), runs=1)
    (library,), (compact,) = result["tokenizers"], result["compact"]
    assert set(library) == set(compact) == set(UNITS)
    assert all(value > 0 for value in (*library.values(), compact["load"], compact["word"]))
    assert compact["anonymous"] < 0.5 * library["anonymous"]


def test_a_line_has_the_medians() -> None:
    runs = [dict.fromkeys(UNITS, value) for value in (9.0, 1.0, 2.04)]
    assert report({"compact": runs}) == [
        "compact    2.0 ms, 2.0 ms for 200 words, 2.0 µs per new word, 2.0 MB anonymous"
    ]


@needs_rollup
def test_a_process_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match=r"'tokenizers' failed:[\s\S]*tokenizer\.json"):
        measure(tmp_path, ["A text of five words."], runs=1)


def test_a_bundle_with_one_form_is_refused(small_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["tokenizer", str(small_bundle)]) == 1
    assert "one form only" in capsys.readouterr().err
