"""Pictures, with and without matplotlib."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import plot
from benchmarks.commands import latency, throughput
from tests.benchmarks.conftest import latency_result


def test_plot_is_written_where_matplotlib_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = latency_result()
    if plot.find_spec("matplotlib") is not None:
        picture = plot.write_plot(result, latency.panels(result), tmp_path)
        assert picture.read_bytes().startswith(b"\x89PNG")
    monkeypatch.setattr(plot, "find_spec", lambda name: None)
    assert plot.write_plot(result, latency.panels(result), tmp_path) is None
    assert "gliner2-lite[bench]" in capsys.readouterr().err


def test_panels_show_schemas_labels_and_batch_sizes() -> None:
    grid, labels = latency.panels(latency_result())
    assert (grid.x_label, grid.places) == ("words", ["25", "300"])
    assert (labels.x_label, labels.places) == ("labels", ["5"])
    rows = [{"title": "a schema", "batch_size": size} for size in (1, 8)]
    (rates,) = throughput.panels({"rows": rows})
    assert (rates.title, rates.places, rates.value) == ("a schema", ["1", "8"], "texts_per_second")
